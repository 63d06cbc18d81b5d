import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readCatalogue } from '../../src/catalogue/known.ts'
import { sources } from '../../src/sources/index.ts'

const src = join(import.meta.dirname, '../../src')

test('the catalogue has every row of every source, and its samples show all that the formats know', () => {
  const { rows, faults } = readCatalogue()
  assert.deepEqual(faults, [])
  assert.deepEqual(
    rows.map(({ source, milestone }) => [source.kind, milestone.name]),
    Object.values(sources).flatMap(({ kind, catalogue }) => catalogue.map(({ name }) => [kind, name])),
  )
  for (const { source, milestone, events } of rows) assert.ok(events.length > 0, `${source.kind} ${milestone.name}`)
})

test('the operator never loads it: outside of it, it is only ever imported when a command asks for it', () => {
  const importing = globSync('**/*.ts', { cwd: src })
    .filter((file) => !file.startsWith('catalogue/'))
    .filter((file) =>
      [...readFileSync(join(src, file), 'utf8').matchAll(/^import (?!type\b)[^']*'([^']*)'/gm)].some(
        ([, target = '']) => target.includes('/catalogue/'),
      ),
    )
  assert.deepEqual(importing, [])
})
