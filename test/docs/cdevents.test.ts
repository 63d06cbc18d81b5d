import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { formats } from '../../src/formats/index.ts'
import { defaultOptions } from '../../src/formats/options.ts'
import { sources } from '../../src/sources/index.ts'
import { outcomesByReason } from '../../src/sources/tekton-conditions.ts'
import { only, optionsOf, type SpecVersion, versions } from '../formats/mapping/official.ts'
import { input, milestone, run, toldBy } from '../formats/runs.ts'
import { blocksOf, withoutBlocks } from './markdown.ts'

const page = readFileSync(new URL('../../docs/cdevents.md', import.meta.url), 'utf8')

const tables = withoutBlocks(page)
  .split(/\n(?=\|[^\n]*\n\|---)/)
  .slice(1)
  .map((text) => {
    const lines = text.split('\n')
    const end = lines.findIndex((line) => !line.startsWith('|'))
    return lines.slice(2, end).map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
  })

const codesIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)

describe('docs/cdevents.md', () => {
  for (const { code, info } of blocksOf(page).filter(({ language }) => language === 'json')) {
    const [name = '', told = '', version] = info
    test(`shows ${told} of ${name} as it is sent in ${version}`, () => {
      const object = run(name)
      const { data } = only(input(object, toldBy(object, told), optionsOf(version as SpecVersion)))
      assert.deepEqual(JSON.parse(code), data)
    })
  }

  test('tells the type of every milestone', () => {
    const rows = (tables[0] ?? []).flatMap(([kinds = '', name = '', type = '', ...ends]) =>
      kinds.split(', ').map((kind) => ({ kind, name: codesIn(name)[0], type: codesIn(type)[0] ?? '', ends })),
    )
    for (const source of Object.values(sources).filter(({ family }) => family === 'tekton')) {
      const object = run(`${source.kind.toLowerCase()}-bare`)
      for (const { name, event: other } of source.catalogue) {
        if (other) continue
        const of = rows.filter(({ kind }) => kind === source.kind)
        const row = of.find((one) => one.name === name) ?? of.find((one) => one.name === undefined)
        assert.ok(row, `${source.kind} ${name}`)
        for (const [place, version] of versions.entries()) {
          const { event } = only(input(object, milestone(name), optionsOf(version)))
          assert.equal(event.type, `${row.type.replace('<milestone>', name)}.${row.ends[place]}`)
        }
      }
    }
    const core = rows.flatMap(({ name, kind }) => (name === undefined ? [] : [[kind, name] as const]))
    for (const [kind, name] of core) {
      assert.ok(formats.cdevents.knows(sources[kind] as never, name, defaultOptions), `${kind} ${name}`)
    }
  })

  test('lists every reason that is no failure under its outcome', () => {
    const told = (tables[2] ?? []).flatMap(([word, when]) =>
      codesIn(when).map((reason) => `${reason} ${codesIn(word)[0]}`),
    )
    const known = [...outcomesByReason].map(([reason, outcome]) => {
      const { content } = only(input(run('taskrun-bare'), milestone('finished', { outcome, reason }))).data.subject
      return `${reason} ${content.outcome}`
    })
    assert.deepEqual(told.toSorted(), known.toSorted())
  })
})
