import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KubeObject } from '../../../src/api/object.ts'
import type { Content } from '../../../src/formats/format.ts'
import { eventOf } from '../../../src/sources/event-of.ts'
import { sources } from '../../../src/sources/index.ts'
import type { Milestone } from '../../../src/sources/source.ts'
import { needsData } from '../cdevents/official.ts'
import { type Question, verdicts } from '../cdevents/verdicts.ts'
import { input, milestone, oddRuns, run, runNames, sourceOf } from '../runs.ts'
import { encode, optionsOf, versions } from './official.ts'

const contents = ['summary', 'full', 'none'] as const

const filesOf = (folder: string) => {
  const url = new URL(`../../sources/${folder}/`, import.meta.url)
  return readdirSync(url).map((file) => JSON.parse(readFileSync(new URL(file, url), 'utf8')))
}

const states: readonly KubeObject[] = [
  ...runNames.map(run),
  ...filesOf('golden').map(({ object }) => object),
  ...filesOf('lives').flatMap((life) => life.states),
].filter(({ apiVersion }) => apiVersion.startsWith('tekton.dev/'))

function everythingToldBy(object: KubeObject): Milestone[] {
  const source = sourceOf(object.kind)
  const deleted = source.deletion(object, { at: Date.UTC(2026, 10, 22), missed: true })
  const all = [...source.milestones(object), ...source.transitions(undefined, object), ...(deleted ? [deleted] : [])]
  // What Konflux makes of a run has tests of its own.
  return all.filter(({ name }) => eventOf(source, name).family === 'tekton')
}

test(
  `all that ${states.length} states of runs tell is valid by the official schemas, in both versions`,
  needsData,
  () => {
    const types = new Set<string>()
    for (const object of states) {
      for (const told of everythingToldBy(object)) {
        for (const version of versions) {
          for (const content of contents) {
            const events = encode(input(object, told, { ...optionsOf(version), content }))
            assert.equal(events.length, 1, `${object.kind} ${told.key}`)
            types.add(events[0]?.type ?? '')
          }
        }
      }
    }
    assert.deepEqual([...types].toSorted(), [
      'dev.cdevents.pipelinerun.finished.0.2.0',
      'dev.cdevents.pipelinerun.finished.0.3.0',
      'dev.cdevents.pipelinerun.queued.0.2.0',
      'dev.cdevents.pipelinerun.queued.0.3.0',
      'dev.cdevents.pipelinerun.started.0.2.0',
      'dev.cdevents.pipelinerun.started.0.3.0',
      'dev.cdevents.taskrun.finished.0.2.0',
      'dev.cdevents.taskrun.finished.0.3.0',
      'dev.cdevents.taskrun.started.0.2.0',
      'dev.cdevents.taskrun.started.0.3.0',
      'dev.cdeventsx.tekton-pipelinerun.deleted.0.1.0',
      'dev.cdeventsx.tekton-pipelinerun.running.0.1.0',
      'dev.cdeventsx.tekton-pipelinerun.signed.0.1.0',
      'dev.cdeventsx.tekton-pipelinerun.skipped.0.1.0',
      'dev.cdeventsx.tekton-pipelinerun.unknown.0.1.0',
      'dev.cdeventsx.tekton-taskrun.deleted.0.1.0',
      'dev.cdeventsx.tekton-taskrun.queued.0.1.0',
      'dev.cdeventsx.tekton-taskrun.retried.0.1.0',
      'dev.cdeventsx.tekton-taskrun.running.0.1.0',
      'dev.cdeventsx.tekton-taskrun.signed.0.1.0',
      'dev.cdeventsx.tekton-taskrun.unknown.0.1.0',
    ])
  },
)

test('the Go SDK takes all of it', async () => {
  const questions = new Map<string, Question>()
  for (const object of states) {
    for (const told of everythingToldBy(object)) {
      for (const version of versions) {
        for (const { data = '', type } of encode(input(object, told, optionsOf(version)))) {
          questions.set(data, { what: `${type} of ${object.metadata.name}`, version, event: JSON.parse(data) })
        }
      }
    }
  }
  const all = [...questions.values()]
  const answers = await verdicts(all)
  assert.deepEqual(
    all.flatMap(({ what }, index) => (answers[index] === '' ? [] : [`${what}: ${answers[index]}`])),
    [],
  )
})

test('an event has one id however it is rendered, and no two of one version share theirs', () => {
  for (const version of versions) {
    const ids = new Map<string, string>()
    for (const object of states) {
      for (const told of everythingToldBy(object)) {
        const moment = `${object.metadata.uid} ${told.key}`
        for (const content of contents) {
          const id = encode(input(object, told, { ...optionsOf(version), content }))[0]?.id ?? ''
          assert.equal(ids.get(id) ?? moment, moment)
          ids.set(id, moment)
        }
      }
    }
  }
})

test('any JSON gives valid events or none, and never throws', () => {
  const names = [...new Set(Object.values(sources).flatMap(({ catalogue }) => catalogue.map(({ name }) => name)))]
  fc.assert(
    fc.property(
      oddRuns(),
      fc.constantFrom('TaskRun', 'PipelineRun', 'CustomRun'),
      fc.constantFrom<Content>(...contents),
      fc.constantFrom(...versions),
      fc.record({
        outcome: fc.constantFrom('success', 'failure', 'cancelled', 'timeout', 'error'),
        reason: fc.string({ unit: 'binary' }),
        message: fc.string({ unit: 'binary' }),
        details: fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.double(), fc.boolean())),
      }),
      (odd, kind, content, version, told) => {
        fc.pre(typeof odd === 'object' && odd !== null)
        const source = sourceOf(kind)
        for (const name of names) {
          const given = milestone(name, { ...told, outcome: told.outcome as 'success' })
          encode(input(odd as KubeObject, given, { source, content, ...optionsOf(version) }))
        }
      },
    ),
    { numRuns: 200, verbose: 1 },
  )
})
