import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KubeObject } from '../../../src/api/object.ts'
import type { Emitter } from '../../../src/operator/emitter.ts'
import { maxKeys } from '../../../src/operator/judging/ledger.ts'
import { route } from '../../../src/operator/judging/route.ts'
import type { Phase } from '../../../src/operator/judging/routing.ts'
import type { NewRow, ObjectRecord } from '../../../src/outbox/outbox.ts'
import { at, cluster, condition, emitter, ms, sinceOf, sourceOf, stored, succeeded, taskRun } from '../scene.ts'

type Sight = { object: KubeObject; phase: Phase }

/** All that a series of sights of one object leads to, each with what was remembered of the one before. */
function follow(sights: readonly Sight[], emitters: readonly Emitter[], kind = 'TaskRun') {
  let record: ObjectRecord | undefined
  const rows: NewRow[] = []
  for (const { object, phase } of sights) {
    const source = sourceOf(kind)
    const routed = route({ source, object, phase, record, emitters, since: sinceOf(), cluster, now: ms(200) })
    rows.push(...routed.rows)
    record = stored(routed.record) ?? record
  }
  assert.ok(record)
  return { rows, record }
}

/** The states that a TaskRun goes through: held, running, failed and tried again `retries` times, done, labelled, signed. */
function lifeOf(retries: number, ok: boolean, signed: boolean): KubeObject[] {
  const states = [taskRun(), taskRun(condition('Unknown', 'Pending', 0))]
  const past: Record<string, unknown>[] = []
  for (let attempt = 0; attempt <= retries; attempt += 1) {
    const second = 1 + attempt * 20
    const retriesStatus = [...past]
    states.push(taskRun({ retriesStatus, startTime: at(second), ...condition('Unknown', 'Running', second) }))
    if (attempt === retries) break
    const failed = {
      startTime: at(second),
      completionTime: at(second + 10),
      ...condition('False', 'Failed', second + 10),
    }
    past.push(failed)
    states.push(taskRun({ retriesStatus: [...past], ...condition('Unknown', 'ToBeRetried', second + 10) }))
  }
  const end = { startTime: at(1 + retries * 20), completionTime: at(100), retriesStatus: past }
  const done = { ...end, ...(ok ? condition('True', 'Succeeded', 100) : condition('False', 'Failed', 100)) }
  states.push(taskRun(done), taskRun(done, { labels: { type: 'build' } }))
  const annotations = { 'chains.tekton.dev/signed': 'true' }
  if (signed) states.push(taskRun(done, { labels: { type: 'build' }, annotations }))
  return states
}

const milestones = ['queued', 'started', 'running', 'unknown', 'retried', 'finished', 'signed'] as const
const everything = emitter('everything', { events: [{ kind: 'TaskRun', milestones: [...milestones] }] })
const labelled = emitter('labelled', {
  formats: ['cloudevents', 'tektonv2', 'cdevents'],
  events: [{ kind: 'TaskRun', milestones: ['started', 'finished'], selector: { matchLabels: { type: 'build' } } }],
  sinks: [{ name: 'qe' }, { name: 'audit' }],
})

const isDerived = ({ event }: NewRow) => !/\.(running|changed|unknown)\./.test(event.type)
const deliveries = (rows: readonly NewRow[]) =>
  rows.map(({ event, sink, subscription }) => `${subscription} ${sink} ${event.type} ${event.id}`)

test('however an object is seen, the same events of derived milestones go, each once', () => {
  const life = fc.record({ retries: fc.nat(3), ok: fc.boolean(), signed: fc.boolean() })
  const sights = life.chain(({ retries, ok, signed }) => {
    const states = lifeOf(retries, ok, signed)
    const last = states.at(-1) as KubeObject
    const phase = fc.constantFrom<Phase>('list', 'watch', 'refresh')
    const seen = fc.array(fc.record({ object: fc.constantFrom(...states), phase }), { maxLength: 12 })
    return fc.record({
      seen: fc
        .tuple(seen, phase, seen)
        .map(([before, at, after]) => [...before, { object: last, phase: at }, ...after]),
      whole: fc.constant(states.map((object) => ({ object, phase: 'watch' as const }))),
    })
  })
  fc.assert(
    fc.property(sights, ({ seen, whole }) => {
      const rows = follow(seen, [everything, labelled]).rows
      assert.equal(new Set(deliveries(rows)).size, rows.length, 'an event went twice')
      const told = new Set(deliveries(rows.filter(isDerived)))
      assert.deepEqual(told, new Set(deliveries(follow(whole, [everything, labelled]).rows.filter(isDerived))))
    }),
    { numRuns: 300 },
  )
})

test('what is remembered of an object that flaps for ever stays small, and nothing of it goes twice', () => {
  const flaps = 2_000
  const states = Array.from({ length: flaps }, (_, n) => taskRun(condition('Unknown', `Held${n % 7}`, n)))
  const sights = [...states, taskRun(succeeded(flaps))].map((object) => ({ object, phase: 'watch' as const }))
  const { rows, record } = follow(sights, [everything])
  assert.equal(rows.length, flaps + 3, 'queued, each flap, started and finished')
  assert.equal(new Set(deliveries(rows)).size, rows.length)
  const ledger = record.ledger['uid-everything team-a/qe'] ?? []
  for (const keys of [record.seen, ledger]) {
    assert.equal(keys.length, maxKeys)
    for (const key of ['queued', 'started', 'finished']) assert.ok(keys.includes(key), key)
    assert.ok(keys.includes(`unknown/Held${(flaps - 1) % 7}/${ms(flaps - 1)}`), 'the newest stay')
  }
  assert.ok(JSON.stringify(record).length < 32_000)
})

test('keys of derived milestones are never forgotten, however many an object has', () => {
  const skippedTasks = Array.from({ length: 400 }, (_, n) => ({ name: `task-${n}`, reason: 'When Expressions' }))
  const object = { ...taskRun({ skippedTasks, ...condition('Unknown', 'Running', 5) }), kind: 'PipelineRun' }
  const events = [{ kind: 'PipelineRun' as const, milestones: ['skipped' as const, 'running' as const] }]
  const sights = [1, 2].map(() => ({ object, phase: 'list' as const }))
  const { rows, record } = follow(sights, [emitter('skips', { events })], 'PipelineRun')
  assert.equal(rows.length, 401)
  for (const { name } of skippedTasks) assert.ok(record.seen.includes(`skipped/${name}`))
  const again = [{ object: taskRunAgain(object), phase: 'watch' as const }]
  assert.equal(follow([...sights, ...again], [emitter('skips', { events })], 'PipelineRun').rows.length, 401)
})

const taskRunAgain = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, labels: { changed: 'yes' } },
})
