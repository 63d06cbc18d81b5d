import type { Cluster } from '../../formats/format.ts'
import { encodeSilence, silenceKey } from '../../formats/silence.ts'
import type { CommitBatch, NewRow, ObjectRecord, Outbox } from '../../outbox/outbox.ts'
import { sizeOf } from '../judging/object-events.ts'
import { persist } from '../judging/persist.ts'
import type { Room } from '../overflow/admit.ts'
import { expectationOf, type Silent } from './silences.ts'

export type TellSilenceDeps = {
  outbox: Pick<Outbox, 'records' | 'commit'>
  cluster: Cluster
  room(): Room & Disposable
  fence(signal: AbortSignal): Promise<boolean>
  /** Whether a subscription, by its uid, is still there. */
  exists(subscriptionUid: string): boolean
  /** Told of what was committed. */
  committed(batch: CommitBatch): void
  /** ms, the API server's clock. */
  now(): number
}

/** As which the outbox remembers what a subscription was told of its own silences. */
export const silenceSource = 'EventSubscription'

/**
 * Writes the event of a silence for each sink of the subscription that has not been told of it: durably, and with what says so in the same
 * transaction. Resolves to false where some sink has no room for it now, or the disk takes nothing.
 */
export async function tellSilence(silent: Silent, deps: TellSilenceDeps, signal: AbortSignal): Promise<boolean> {
  using room = deps.room()
  const made = batchOf(silent, deps, room)
  if (made.batch) {
    const { batch } = made
    const { uid } = silent.subscription.object.metadata
    const current = async () => ((await deps.fence(signal)) && deps.exists(uid) ? batch : undefined)
    if (!(await persist(deps.outbox, current, signal))) return false
    deps.committed(batch)
  }
  return made.isWhole
}

function batchOf({ key, subscription, silence }: Silent, deps: TellSilenceDeps, room: Room) {
  const { object, emitter } = subscription
  const expected = expectationOf(subscription)
  const nothing: { batch: CommitBatch | undefined; isWhole: boolean } = { batch: undefined, isWhole: true }
  if (!expected?.event || !emitter) return nothing
  const { name, namespace = '', uid } = object.metadata
  const record = deps.outbox.records([uid]).get(uid)
  const untold = emitter.sinks.filter((sink) => !wasTold(record, `${uid} ${sink.key}`, silence.since))
  if (untold.length === 0) return nothing
  const { since, last } = silence
  const { cluster } = deps
  const { options } = emitter
  const event = encodeSilence({ subscription: object, since, last, within: expected.within, options, cluster })
  const bytes = sizeOf(event)
  const rows: NewRow[] = []
  const dead: CommitBatch['dead'] = []
  for (const sink of untold) {
    const row = rowOf(sink.key)
    if (bytes > sink.maxEventBytes)
      dead.push({ ...row, reason: 'TooLarge', message: `event of ${bytes} bytes, limit ${sink.maxEventBytes}` })
    else if (!room.isFull(sink.key, namespace) && room.take({ sink: sink.key, namespace, rows: 1, bytes }))
      rows.push(row)
  }
  const toldNow = [...rows, ...dead]
  if (toldNow.length === 0) return { batch: undefined, isWhole: false }
  const ledger = Object.fromEntries(toldNow.map(({ sink }) => [`${uid} ${sink}`, [silenceKey(since)]]))
  const told: ObjectRecord = {
    uid,
    source: silenceSource,
    namespace,
    name,
    resourceVersion: '',
    projection: {},
    seen: [],
    ledger: { ...record?.ledger, ...ledger },
  }
  const counts = dead.map(({ sink }) => ({
    subscription: key,
    subscriptionUid: uid,
    sink,
    counts: { deadLettered: 1 },
  }))
  const batch: CommitBatch = { watch: silenceSource, records: [told], forget: [], rows, dead, counts }
  return { batch, isWhole: toldNow.length === untold.length }

  function rowOf(sink: string): NewRow {
    return { sink, subscription: key, subscriptionUid: uid, objectUid: uid, namespace, written: deps.now(), event }
  }
}

/** Of this silence, or of a later one: after a crash the last match may be known only as it was a while before. */
const wasTold = (record: ObjectRecord | undefined, pair: string, since: number): boolean =>
  (record?.ledger[pair] ?? []).some((key) => Number(key.split('/')[1]) >= since)
