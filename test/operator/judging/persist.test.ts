import assert from 'node:assert/strict'
import { test } from 'node:test'
import { persist } from '../../../src/operator/judging/persist.ts'
import type { CommitBatch } from '../../../src/outbox/outbox.ts'
import { StorageError, type Trouble } from '../../../src/outbox/trouble.ts'
import { batchOf } from '../../outbox/batches.ts'

/** An outbox that meets these troubles, one a commit, and takes what comes after. */
function troubled(...troubles: Trouble[]) {
  const taken: CommitBatch[] = []
  return {
    taken,
    async commit(batch: CommitBatch) {
      const trouble = troubles.shift()
      if (trouble) throw new StorageError(trouble, 'so it is')
      taken.push(batch)
    },
  }
}

const never = new AbortController().signal
const atOnce = () => Promise.resolve()

test('a batch that the disk does not take is tried until it does, each time as it is then', async () => {
  const outbox = troubled('full', 'readOnly', 'failing')
  let asked = 0
  const batch = async () => {
    asked += 1
    return batchOf({ cursor: `${asked}` })
  }
  const committed = await persist(outbox, batch, never, atOnce)
  assert.equal(committed?.cursor, '4')
  assert.deepEqual(outbox.taken, [committed])
})

test('a batch is given up when its watch ends, or when there is none any more', async () => {
  const stop = new AbortController()
  const outbox = troubled('full', 'full')
  const batch = async () => batchOf()
  assert.equal(await persist(outbox, batch, stop.signal, async () => stop.abort()), undefined)
  assert.equal(await persist(outbox, async () => undefined, never, atOnce), undefined)
  assert.deepEqual(outbox.taken, [])
})

test('damage, and errors that are not the disk, are thrown', async () => {
  const batch = async () => batchOf()
  await assert.rejects(persist(troubled('damaged'), batch, never, atOnce), StorageError)
  const broken = { commit: () => Promise.reject(new TypeError('unexpected')) }
  await assert.rejects(persist(broken, batch, never, atOnce), /unexpected/)
})
