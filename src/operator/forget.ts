import { goneUid } from '../outbox/counts.ts'
import type { CommitBatch, Outbox } from '../outbox/outbox.ts'
import type { StatusBook } from '../status/book.ts'
import { silenceSource } from './silence/tell-silence.ts'
import type { OperatorState } from './state.ts'

export type ForgetDeps = {
  outbox: Outbox
  state: Pick<OperatorState, 'activations'>
  book: Pick<StatusBook, 'forget'>
  /** So many deliveries, more than none, were dropped with a subscription, those that it was owed included; `key` is its `namespace/name`. */
  dropped(rows: number, subscription: { uid: string; key: string }): void
  /** Nothing is kept of the subscription any more: what else is known of it in memory goes, too. */
  left(subscriptionUid: string): void
}

/** Of which `forget` is what is kept of the subscription itself: what it was told of its silences. */
const nothing: CommitBatch = { watch: silenceSource, records: [], forget: [], rows: [], dead: [], counts: [] }

/** Subscriptions of which something is kept though they are gone: uid → `namespace/name`. */
export function goneSubscriptions(
  present: ReadonlySet<string>,
  { outbox, state }: Pick<ForgetDeps, 'outbox' | 'state'>,
): Map<string, string> {
  const kept = new Map<string, string>()
  for (const key of state.activations.keys()) kept.set(key.split(' ')[0] ?? '', '')
  for (const { subscriptionUid, subscription } of outbox.counts()) kept.set(subscriptionUid, subscription)
  for (const uid of [goneUid, ...present]) kept.delete(uid)
  return kept
}

/**
 * Forgets subscriptions that are gone (uid → `namespace/name`), and takes each from `leaving` when that is done. To be called when nothing
 * is judged for them any more: what is written for them later would stay.
 */
export async function forgetSubscriptions(leaving: Map<string, string>, deps: ForgetDeps): Promise<void> {
  const { outbox, book, dropped, left } = deps
  for (const [uid, key] of leaving) {
    if (outbox.records([uid]).size > 0) await outbox.commit({ ...nothing, forget: [uid] })
    const rows = await outbox.forgetSubscription(uid)
    leaving.delete(uid)
    if (rows > 0) dropped(rows, { uid, key })
    book.forget(uid)
    left(uid)
  }
}

export type ForgetSinkDeps = {
  outbox: Pick<Outbox, 'size' | 'forgetSink'>
  state: Pick<OperatorState, 'sinks' | 'referrers'>
  book: Pick<StatusBook, 'forgetSink'>
  startDelivery(sink: string): void
  stopDelivery(sink: string): Promise<void>
  /** Nothing is left of a deleted sink. */
  ended(sink: string): void
}

/** Sinks (`namespace/name`) of which something is kept, whether they are there or not. */
export const knownSinks = (outbox: Pick<Outbox, 'counts' | 'gates'>): Set<string> =>
  new Set([...outbox.gates().keys(), ...outbox.counts().flatMap(({ sink }) => (sink === '' ? [] : sink))])

/**
 * Ends what is left of sinks that are gone, and takes each from `gone` when that is done, or where the sink is back. The delivery to a deleted
 * sink goes on for as long as rows wait for one of its name.
 */
export async function forgetSinks(gone: Set<string>, deps: ForgetSinkDeps): Promise<void> {
  const { outbox, state, book, startDelivery, stopDelivery, ended } = deps
  for (const sink of gone) {
    if (state.sinks.has(sink)) gone.delete(sink)
    if (!gone.has(sink) || outbox.size(sink) > 0) continue
    await stopDelivery(sink)
    // Some may have come meanwhile.
    if (outbox.size(sink) > 0) {
      startDelivery(sink)
      continue
    }
    await outbox.forgetSink(sink)
    gone.delete(sink)
    book.forgetSink(sink, state.referrers(sink).length === 0)
    ended(sink)
  }
}
