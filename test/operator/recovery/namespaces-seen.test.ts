import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import { NamespacesSeen } from '../../../src/operator/recovery/namespaces-seen.ts'
import { MemoryOutbox } from '../../outbox/memory/memory.ts'
import { at, emitter, ms } from '../scene.ts'

const audit = emitter(
  'audit',
  { namespaceSelector: { matchLabels: { audited: 'yes' } }, events: [{ kind: 'TaskRun' }, { kind: 'PipelineRun' }] },
  { namespace: 'admin' },
)

const namespace = (name: string, labels: Record<string, string>): [string, KubeObject] => [
  `/${name}`,
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: at(0), labels },
  },
]

/** A process on an outbox, with these namespaces. */
function stage(outbox: MemoryOutbox, names: Record<string, Record<string, string>>) {
  const namespaces = new Map(Object.entries(names).map(([name, labels]) => namespace(name, labels)))
  const looked: string[] = []
  const trouble = { away: false }
  const seen = new NamespacesSeen({
    outbox,
    namespaces,
    async refresh(kind, of) {
      if (trouble.away) throw new Error('away')
      looked.push(`${kind} in ${of}`)
    },
  })
  return { seen, looked, namespaces, trouble }
}

const outboxOf = () => new MemoryOutbox({ now: () => ms(0) })

test('a namespace that came into reach while nobody watched is looked through, and then no more', async () => {
  const outbox = outboxOf()
  const first = stage(outbox, { a: { audited: 'no' }, b: { audited: 'yes' } })
  assert.deepEqual(first.seen.since([audit]), [], 'nothing is known of before')
  await first.seen.keep()
  const second = stage(outbox, { a: { audited: 'yes', other: '1' }, b: { audited: 'yes' }, c: { audited: 'yes' } })
  const reached = second.seen.since([audit])
  assert.deepEqual(reached, [
    { kind: 'TaskRun', namespace: 'a' },
    { kind: 'PipelineRun', namespace: 'a' },
  ])
  await second.seen.look(reached)
  await second.seen.keep()
  assert.deepEqual(second.looked, ['TaskRun in a', 'PipelineRun in a'])
  assert.deepEqual(stage(outbox, { a: { other: '1', audited: 'yes' } }).seen.since([audit]), [])
})

test('what was not looked through to the end is once more', async () => {
  const outbox = outboxOf()
  await stage(outbox, { a: {} }).seen.keep()
  const second = stage(outbox, { a: { audited: 'yes' } })
  second.trouble.away = true
  await assert.rejects(second.seen.look(second.seen.since([audit])), /away/)
  await second.seen.keep()
  assert.equal(stage(outbox, { a: { audited: 'yes' } }).seen.since([audit]).length, 2)
})

test('labels that nobody selects by, and emitters that see their own namespace alone, ask for nothing', async () => {
  const outbox = outboxOf()
  await stage(outbox, { a: { audited: 'no' }, 'team-a': {} }).seen.keep()
  const { seen } = stage(outbox, { a: { audited: 'not' }, 'team-a': { audited: 'yes' } })
  assert.deepEqual(seen.since([emitter('builds')]), [])
  assert.deepEqual(
    seen.since([emitter('all', { namespaceSelector: { matchLabels: { audited: 'no' } } }, { namespace: 'admin' })]),
    [],
  )
})

test('many namespaces are one list of all', async () => {
  const outbox = outboxOf()
  const names = Array.from({ length: 30 }, (_, n) => `team-${n}`)
  const all = (labels: Record<string, string>) => Object.fromEntries(names.map((name) => [name, labels]))
  await stage(outbox, all({})).seen.keep()
  assert.deepEqual(stage(outbox, all({ audited: 'yes' })).seen.since([audit]), [
    { kind: 'TaskRun', namespace: undefined },
    { kind: 'PipelineRun', namespace: undefined },
  ])
})
