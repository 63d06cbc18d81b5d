import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import type { Outbox } from '../../outbox/outbox.ts'
import type { OperatorState } from '../state.ts'
import type { PurgeAnswer, PurgeRequest } from './api.ts'
import { pagesOf } from './dead-letters.ts'

export type PurgeDeps = {
  outbox: Pick<Outbox, 'deadLetters' | 'pending' | 'purge'>
  state: Pick<OperatorState, 'subscriptions'>
  /** Told of what has gone, and whose status has to tell of it: keys of sinks and subscriptions. */
  purged(gone: PurgeAnswer, of: Touched): void
  now(): number
}

type Touched = { sinks: Set<string>; subscriptions: Set<string> }

/** Empties what waits for a sink, for a subscription, or, with both, from the one to the other. A dry run only counts. */
export async function purge(
  request: PurgeRequest,
  { outbox, now, purged, state }: PurgeDeps,
): Promise<Verdict<PurgeAnswer>> {
  const { sink, subscription } = request
  const known = subscription === undefined ? undefined : state.subscriptions.get(subscription)?.object.metadata.uid
  const { counted, touched, uids } = await survey(request, outbox, now())
  // Of a subscription that is gone dead letters may be left, and nothing else.
  if (subscription !== undefined && known === undefined && uids.size === 0)
    return refuse('SubscriptionNotFound', `there is no EventSubscription ${subscription} that this operator serves`)
  if (request.dryRun) return accept(counted)
  const gone: PurgeAnswer = { rows: 0, deadLetters: 0 }
  for (const uid of subscription === undefined ? [undefined] : new Set([...(known ? [known] : []), ...uids])) {
    const of = { ...(sink && { sink }), ...(uid && { subscriptionUid: uid }), deadLetters: request.deadLetters }
    const one = await outbox.purge(of)
    gone.rows += one.rows
    gone.deadLetters += one.deadLetters
  }
  purged(gone, touched)
  return accept(gone)
}

/** What there is to be purged; `uids` are of the subscriptions that dead letters are of. */
async function survey(
  { sink, subscription, deadLetters }: PurgeRequest,
  outbox: Pick<Outbox, 'deadLetters' | 'pending'>,
  now: number,
) {
  const counted: PurgeAnswer = { rows: 0, deadLetters: 0 }
  const touched: Touched = { sinks: new Set(sink && [sink]), subscriptions: new Set(subscription && [subscription]) }
  const uids = new Set<string>()
  for (const one of outbox.pending()) {
    if (one.sink !== (sink ?? one.sink) || one.subscription !== (subscription ?? one.subscription)) continue
    counted.rows += one.rows
    touched.sinks.add(one.sink)
    touched.subscriptions.add(one.subscription)
  }
  if (!deadLetters) return { counted, touched, uids }
  for await (const page of pagesOf(outbox, { ...(sink && { sink }), ...(subscription && { subscription }) }, now)) {
    counted.deadLetters += page.length
    for (const letter of page) {
      uids.add(letter.subscriptionUid)
      touched.sinks.add(letter.sink)
    }
  }
  return { counted, touched, uids }
}
