import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Batch } from '../../../src/kube/reflector.ts'
import { activationKey } from '../../../src/operator/activation.ts'
import { type Emitter, indexEmitters } from '../../../src/operator/emitter.ts'
import { unlimited } from '../../../src/operator/overflow/admit.ts'
import type { CommitBatch } from '../../../src/outbox/outbox.ts'
import { type ObserveDeps, observe } from '../../../src/pipeline.ts'
import { MemoryOutbox } from '../../outbox/memory/memory.ts'
import { countsOf, of, see } from '../routing.ts'
import { cluster, emitter, ms, running, sinceOf, sourceOf, stored, succeeded, taskRun } from '../scene.ts'

const mebi = 1024 * 1024
const large = { maxEventBytes: () => 2 * mebi }
const named = (name: string, bytes: number, status = running()) =>
  taskRun(status, { name, uid: `uid-${name}`, annotations: { notes: 'x'.repeat(bytes) } })
const manyForms = (count: number, over: Parameters<typeof emitter>[2] = {}) =>
  Array.from({ length: count }, (_, n) =>
    emitter(
      `form-${n}`,
      {
        events: [{ kind: 'TaskRun', milestones: ['finished'] }],
        data: { content: 'full', redact: ['/metadata/generation', `/spec/params/${n}`] },
      },
      { ...large, ...over },
    ),
  )

/** Takes batches through the pipeline; what was committed of each, and all that was. */
async function stage(emitters: Emitter[]) {
  const outbox = new MemoryOutbox({ now: () => ms(61) })
  const pairs = emitters.flatMap(({ uid, sinks }) => sinks.map(({ key }) => [uid, key] as const))
  for (const milestone of ['started', 'finished', 'deleted'])
    await outbox.activate(new Map(pairs.map(([uid, key]) => [activationKey(uid, key, 'TaskRun', milestone), 0])))
  const deps: ObserveDeps = {
    outbox,
    emitters: () => indexEmitters(emitters, () => ({})),
    since: sinceOf(),
    cluster,
    now: () => ms(61),
    missed: () => [{ subscriptionUid: 'uid-all', reason: 'Missed', message: 'some' }],
    matched: () => undefined,
    filterFailed: () => undefined,
    formatFailed: () => undefined,
    poisoned: (_source, _change, error) => assert.fail(String(error)),
    room: () => ({ ...unlimited, mayOwe: () => true, [Symbol.dispose]: () => undefined }),
    fence: async () => true,
    exists: () => true,
    observed: (_watch, commit) => parts.push(commit),
    passed: () => undefined,
  }
  let parts: CommitBatch[] = []
  return {
    outbox,
    async take(batch: Batch): Promise<CommitBatch[]> {
      parts = []
      const batches = async function* () {
        yield batch
      }
      await observe({ name: 'TaskRun', source: sourceOf('TaskRun'), batches }, deps, new AbortController().signal)
      return parts
    },
  }
}

const subjects = (parts: readonly CommitBatch[]) =>
  parts.flatMap(({ rows }) => rows.map(({ event }) => event.subject.split('/')[1]))

test('what a batch leads to is committed in parts where it is much; the cursor is in the last', async () => {
  const spec = { events: [{ kind: 'TaskRun' as const, milestones: ['started' as const] }] }
  const { take } = await stage([emitter('all', { ...spec, data: { content: 'full' } }, large)])
  const names = Array.from({ length: 13 }, (_, n) => `run-${n}`)
  const changes = names.map((name) => ({ type: 'upsert' as const, object: named(name, mebi) }))
  const parts = await take({ phase: 'watch', changes, cursor: '7', waited: 0 })
  assert.deepEqual(subjects(parts), names)
  assert.deepEqual(
    parts.map(({ rows, cursor }) => [rows.length, cursor]),
    [
      [4, undefined],
      [4, undefined],
      [4, undefined],
      [1, '7'],
    ],
  )
})

test('so are deletions that were missed; the list is complete with the last', async () => {
  const forms = Array.from({ length: 40 }, (_, n) =>
    emitter(`gone-${n}`, {
      events: [{ kind: 'TaskRun', milestones: ['deleted'] }],
      data: { redact: [`/spec/params/${n}`] },
    }),
  )
  const { take, outbox } = await stage(forms)
  const changes = Array.from({ length: 300 }, (_, n) => ({ type: 'upsert' as const, object: named(`run-${n}`, 10) }))
  await take({ phase: 'list', changes, cursor: undefined })
  const uids = new Set<string>()
  const parts = await take({ phase: 'listed', changes: [], cursor: '9', uids, began: 0, reason: 'start' })
  assert.ok(parts.length > 2, `${parts.length} parts`)
  assert.equal(subjects(parts).length, 300 * 40)
  const ids = parts.flatMap(({ rows }) => rows.map(({ event, subscription }) => `${event.id} ${subscription}`))
  assert.equal(new Set(ids).size, 300 * 40)
  const last = parts.pop()
  assert.deepEqual([last?.listed, last?.cursor, last?.gaps?.length], [true, '9', 1])
  assert.deepEqual(new Set(parts.map((one) => [one.listed, one.cursor, one.gaps].join())), new Set([',,']))
  assert.equal(outbox.known('TaskRun').size, 0)
})

test('of hundreds of forms of a large object some are written down at a time, the rest is owed, and goes in turn', () => {
  const emitters = manyForms(40)
  const object = named('large', mebi, succeeded())
  let record: Parameters<typeof stored>[0]
  const looks: number[] = []
  const sent = new Set<string>()
  while (sent.size < emitters.length) {
    const routed = see(
      object,
      of(emitters, { record: stored(record), phase: looks.length === 0 ? 'watch' : 'refresh' }),
    )
    assert.ok(routed.rows.length > 0, 'each look takes some of it')
    for (const { subscription } of routed.rows) {
      assert.ok(!sent.has(subscription), `${subscription} twice`)
      sent.add(subscription)
    }
    assert.deepEqual(routed.dropped, [])
    looks.push(routed.rows.length)
    record = routed.record
  }
  assert.ok(Math.max(...looks) <= 9, looks.join())
  assert.equal(record?.owed, undefined)
  assert.equal(countsOf(see(object, of(emitters, { record: stored(record) })), 'matched'), 0)
})

test('what the subscriptions of one namespace want of it takes nothing from those of another', () => {
  const reach = { events: [{ kind: 'TaskRun' as const, milestones: ['finished' as const] }], namespaceSelector: {} }
  const audit = emitter('audit', { ...reach, data: { content: 'full' } }, { ...large, namespace: 'admin' })
  const { rows } = see(named('large', mebi, succeeded()), of([...manyForms(40), audit]))
  assert.ok(rows.some(({ subscription }) => subscription === 'admin/audit'))
})

test('what one subscription wants goes at once, whatever it is', () => {
  const twelve = Array.from({ length: 12 }, (_, n) => ({ name: `m${n}`, when: 'has(object.status)', key: `"${n}"` }))
  const [one, two] = ['one', 'two'].map((name) =>
    emitter(
      name,
      {
        events: [{ kind: 'TaskRun', milestones: ['finished'], define: twelve }],
        data: { content: 'full' },
      },
      large,
    ),
  )
  assert.ok(one && two)
  const { rows, record } = see(named('large', mebi, succeeded()), of([one, two]))
  assert.deepEqual(Map.groupBy(rows, ({ subscription }) => subscription).get('team-a/one')?.length, 13)
  assert.deepEqual(Object.keys(record?.owed ?? {}), ['uid-two team-a/qe'])
})

test('what is owed and has no takers now does not bring back what a part has told already', async () => {
  const spec = {
    events: [{ kind: 'TaskRun' as const, milestones: ['started' as const] }],
    data: { content: 'full' as const },
  }
  const emitters = [emitter('all', spec, large)]
  const { take, outbox } = await stage(emitters)
  const other = { ...named('owed', 10), metadata: { ...named('owed', 10).metadata, namespace: 'team-b' } }
  const routed = see(
    other,
    of([emitter('away', spec, { ...large, namespace: 'team-b' })], { room: { ...unlimited, take: () => false } }),
  )
  assert.ok(routed.record?.owed)
  await outbox.commit({ watch: 'TaskRun', records: [routed.record], forget: [], rows: [], dead: [], counts: [] })
  const runs = Array.from({ length: 12 }, (_, n) => named(`run-${n}`, mebi))
  const changes = [
    { type: 'upsert' as const, object: other },
    ...runs.map((object) => ({ type: 'delete' as const, object })),
  ]
  const parts = await take({ phase: 'watch', changes, cursor: '7', waited: 0 })
  assert.deepEqual(
    subjects(parts),
    runs.map(({ metadata }) => metadata.name),
  )
})

test('sinks of a subscription that share events are not refused for what the first of them took', () => {
  const define = Array.from({ length: 12 }, (_, n) => ({ name: `m${n}`, when: 'has(object.status)', key: `"${n}"` }))
  const events = [{ kind: 'TaskRun' as const, milestones: ['finished' as const], define }]
  const two = emitter('two', { events, data: { content: 'full' }, sinks: [{ name: 'qe' }, { name: 'audit' }] }, large)
  const { rows, record } = see(named('large', mebi, succeeded()), of([two]))
  assert.deepEqual([rows.length, record?.owed], [26, undefined])
})

test('of what is gone, too, the rest follows: nothing is dropped, and then it is forgotten', async () => {
  const forms = Array.from({ length: 40 }, (_, n) =>
    emitter(
      `form-${n}`,
      {
        events: [{ kind: 'TaskRun', milestones: ['started', 'finished'] }],
        data: { content: 'full', redact: [`/spec/params/${n}`] },
      },
      large,
    ),
  )
  const { take, outbox } = await stage(forms)
  const changes = ['one', 'two', 'three'].map((name) => ({
    type: 'delete' as const,
    object: named(name, mebi, succeeded()),
  }))
  const parts = await take({ phase: 'watch', changes, cursor: '7', waited: 0 })
  const ids = parts.flatMap(({ rows }) => rows.map(({ event, subscription }) => `${event.id} ${subscription}`))
  assert.equal(ids.length, 3 * 40 * 2)
  assert.equal(new Set(ids).size, ids.length)
  assert.ok(parts.length > 10, `${parts.length} parts`)
  assert.deepEqual(
    parts.flatMap(({ counts }) => counts.flatMap(({ counts: { dropped } }) => dropped ?? [])),
    [],
  )
  assert.deepEqual(new Set(parts.slice(0, -1).map(({ cursor }) => cursor)), new Set([undefined]))
  assert.equal(parts.at(-1)?.cursor, '7')
  assert.equal(outbox.known('TaskRun').size, 0)
})

test('what is gone is lost where no sink has room for any of it', () => {
  const forms = manyForms(40)
  const gone = { at: ms(61), missed: false }
  const room = { ...unlimited, take: () => false }
  const { isPart, record, rows, dropped } = see(named('large', mebi, succeeded()), of(forms, { gone, room }))
  assert.deepEqual([isPart, record, rows], [false, undefined, []])
  assert.equal(dropped.length, 40)
})
