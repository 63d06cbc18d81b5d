import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCatalogue } from '../../src/catalogue/known.ts'
import { toldSources } from '../../src/catalogue/told.ts'

test('the catalogue has every row of every source, and its samples show all that the formats know', () => {
  const { rows, faults } = readCatalogue()
  assert.deepEqual(faults, [])
  assert.deepEqual(
    rows.map(({ source, milestone }) => [source.kind, milestone.name]),
    Object.values(toldSources).flatMap(({ kind, catalogue }) => catalogue.map(({ name }) => [kind, name])),
  )
  for (const { source, milestone, events } of rows) assert.ok(events.length > 0, `${source.kind} ${milestone.name}`)
})
