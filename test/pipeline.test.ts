import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Batch } from '../src/kube/reflector.ts'
import { type EmitterIndex, indexEmitters } from '../src/operator/emitter.ts'
import { unlimited } from '../src/operator/overflow/admit.ts'
import { type ObserveDeps, observe } from '../src/pipeline.ts'
import { cluster, emitter, ms, running, sinceOf, sourceOf, taskRun } from './operator/scene.ts'
import { MemoryOutbox } from './outbox/memory/memory.ts'

const batch: Batch = {
  phase: 'watch',
  changes: [{ type: 'upsert', object: taskRun(running()) }],
  cursor: '7',
  waited: 0,
}

/** One batch through the pipeline, during whose fence `meanwhile` happens; who got rows of it. */
async function observed(meanwhile: (index: (names: string[]) => void) => void): Promise<string[]> {
  const outbox = new MemoryOutbox({ now: () => ms(1) })
  const indexOf = (names: string[]): EmitterIndex =>
    indexEmitters(
      names.map((name) => emitter(name)),
      () => ({}),
    )
  let names = ['builds', 'gone']
  let index = indexOf(names)
  const deps: ObserveDeps = {
    outbox,
    emitters: () => index,
    since: sinceOf(),
    cluster,
    now: () => ms(1),
    matched: () => undefined,
    filterFailed: () => undefined,
    formatFailed: () => undefined,
    poisoned: (_source, _change, error) => assert.fail(String(error)),
    room: () => ({ ...unlimited, [Symbol.dispose]: () => undefined }),
    async fence() {
      meanwhile((next) => {
        names = next
        index = indexOf(names)
      })
      return true
    },
    exists: (uid) => names.includes(uid.slice(4)),
    observed: () => undefined,
    passed: () => undefined,
  }
  const watch = {
    name: 'TaskRun',
    source: sourceOf('TaskRun'),
    async *batches() {
      yield batch
    },
  }
  await observe(watch, deps, new AbortController().signal)
  assert.deepEqual(outbox.cursors(), new Map([['TaskRun', '7']]))
  return outbox.pending().map(({ subscription }) => subscription)
}

test('a batch is committed as it was judged', async () => {
  assert.deepEqual(await observed(() => undefined), ['team-a/builds', 'team-a/gone'])
})

test('nothing is written for a subscription that went between judging and committing', async () => {
  assert.deepEqual(await observed((index) => index(['builds'])), ['team-a/builds'])
  assert.deepEqual(await observed((index) => index(['builds', 'gone', 'new'])), ['team-a/builds', 'team-a/gone'])
})
