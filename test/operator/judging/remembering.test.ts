// What links need of other objects: their chain, kept from the first event on, and who they were, once they are gone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import type { Change } from '../../../src/kube/reflector.ts'
import { indexEmitters } from '../../../src/operator/emitter.ts'
import { type JudgeDeps, judge } from '../../../src/operator/judging/judge.ts'
import type { Source } from '../../../src/sources/source.ts'
import { MemoryOutbox } from '../../outbox/memory/memory.ts'
import { cluster, emitter, ms, running, sinceOf, sourceOf, succeeded, taskRun } from '../scene.ts'

const linkedTo: Source = { ...sourceOf('TaskRun'), isLinkedTo: () => true }

const named = (chain: string, status?: Record<string, unknown>): KubeObject =>
  taskRun(status, { annotations: { 'carillon.dev/chain-id': chain } })

const chainsOf = (rows: { event: { data: string | undefined } }[]) =>
  rows.map(({ event }) => JSON.parse(event.data ?? '{}').context.chainId)

function stage(source: Source, redact?: string[]) {
  const outbox = new MemoryOutbox({ now: () => ms(100) })
  const events = [{ kind: 'TaskRun', milestones: ['started', 'finished'] }]
  const one = emitter('links', { formats: ['cdevents'], events, ...(redact && { data: { redact } }) })
  const fail = (what: unknown) => assert.fail(String(what))
  const deps: JudgeDeps = {
    outbox,
    emitters: () => indexEmitters([one], () => ({})),
    since: sinceOf(),
    cluster,
    now: () => ms(100),
    matched: () => undefined,
    formatFailed: ([failure]) => fail(failure?.problems[0]?.message),
    filterFailed: fail,
    poisoned: (_source, _change, error) => fail(error),
  }
  return {
    outbox,
    async take(type: Change['type'], object: KubeObject) {
      const changes = [{ type, object }]
      const commit = judge({ name: 'TaskRun', source }, { phase: 'watch', changes, cursor: '7', waited: 0 }, deps)
      if (commit) await outbox.commit(commit)
      return commit?.rows ?? []
    },
  }
}

const first = '6b1f0a52-3e0e-4f0e-8d6e-5d2f6f0a1c11'
const other = '7c2f0a52-3e0e-4f0e-8d6e-5d2f6f0a1c22'

test('an object that others link to keeps the chain of its first event, whatever is written into it later', async () => {
  const { outbox, take } = stage(linkedTo)
  assert.deepEqual(chainsOf(await take('upsert', named(first, running()))), [first])
  assert.deepEqual(chainsOf(await take('upsert', named(other, succeeded()))), [first])
  assert.equal(outbox.named('TaskRun', 'team-a', 'build')?.chain, first)
})

test('when it is gone, its uid, chain and milestones are remembered', async () => {
  const { outbox, take } = stage(linkedTo)
  await take('upsert', named(first, succeeded()))
  await take('delete', named(first, succeeded()))
  assert.deepEqual(outbox.records(['uid-run']).size, 0)
  const remembered = { uid: 'uid-run', chain: first, keys: ['queued', 'started', 'finished'] }
  assert.deepEqual(outbox.named('TaskRun', 'team-a', 'build'), remembered)
})

test('of one that nothing links to neither is', async () => {
  const { outbox, take } = stage(sourceOf('TaskRun'))
  await take('upsert', named(first, succeeded()))
  assert.equal(outbox.named('TaskRun', 'team-a', 'build')?.chain, undefined)
  await take('delete', named(first, succeeded()))
  assert.equal(outbox.named('TaskRun', 'team-a', 'build'), undefined)
})

test('a chain that is read from what a subscription redacts does not reach its events by way of the ledger', async () => {
  const { take } = stage(linkedTo, ['/metadata/annotations'])
  await take('upsert', named(first, running()))
  assert.notDeepEqual(chainsOf(await take('upsert', named(first, succeeded()))), [first])
})
