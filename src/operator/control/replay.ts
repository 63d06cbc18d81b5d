import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import type { ReflectorState } from '../../kube/reflector.ts'
import type { Emitter } from '../emitter.ts'
import type { OperatorState } from '../state.ts'
import type { Watches } from '../watches.ts'
import type { ReplayAnswer, ReplayProgress, ReplayRequest } from './api.ts'
import { type Chosen, pagesOf, type ReviveDeps, revivable, reviveDeadLetters } from './dead-letters.ts'
import type { Replay, Replays } from './replays.ts'

export type ReplayDeps = {
  state: Pick<OperatorState, 'subscriptions' | 'hasSubscription'>
  replays: Replays
  watches: Pick<Watches, 'refresh' | 'state'>
  reviving: ReviveDeps
  /** Dead letters of these sinks are on their way again. */
  revived(sinks: ReadonlySet<string>): void
  /** This machine's clock, which dead letters go by, and the API server's, which milestones do; ms. */
  now(): number
  serverNow(): number
}

/**
 * Sends again, under the same ids, what can still be had of a subscription's past: its dead letters since then, and every derived milestone of
 * the objects that are there, with ledger and activation set aside. Behind what waits, in order for each object. `tell` hears how far it is.
 */
export async function replay(
  request: ReplayRequest,
  deps: ReplayDeps,
  tell: (progress: ReplayProgress) => void,
  signal: AbortSignal,
): Promise<Verdict<ReplayAnswer>> {
  const now = Math.max(deps.now(), deps.serverNow())
  if (request.since > now) return refuse('RequestInvalid', 'since must not be in the future')
  const emitter = emitterOf(request, deps)
  if (!emitter.ok) return emitter
  const kinds = readable(emitter.value, deps.watches)
  if (!kinds.ok) return kinds
  const { uid, key } = emitter.value
  const progress: ReplayProgress = { kind: '', deadLetters: 0, objects: 0, events: 0 }
  const { since, until = now, dryRun } = request
  const sinks = new Set(request.sink === undefined ? emitter.value.sinks.map((sink) => sink.key) : [request.sink])
  const under = deps.replays.begin(uid, { since, until, sinks, dryRun }, () => {
    Object.assign(progress, { objects: under?.objects, events: under?.events })
    tell(progress)
  })
  if (!under) return refuse('ReplayUnderWay', `a replay of ${key} is under way: wait for its end`)
  try {
    const letters = await again({ subscriptionUid: uid, since, until }, under, deps)
    progress.deadLetters = letters.revived
    if (letters.revived > 0 && !dryRun) deps.revived(sinks)
    for (const kind of kinds.value.present) {
      progress.kind = kind
      tell(progress)
      under.nextKind(kind)
      await orAborted(
        deps.watches.refresh(kind, emitter.value.clusterWide ? undefined : emitter.value.namespace),
        signal,
      )
      if (signal.aborted) return refuse('Interrupted', 'interrupted: what was enqueued stays')
      if (!deps.state.hasSubscription(uid)) return refuse('SubscriptionNotFound', `${key} was deleted meanwhile`)
    }
    const { objects, events, owed, tooLarge } = under
    const { absent: absentKinds } = kinds.value
    const { revived: deadLetters, tooLarge: deadLettersTooLarge } = letters
    return accept({ deadLetters, objects, events, tooLarge, owed, deadLettersTooLarge, absentKinds })
  } finally {
    deps.replays.end(uid)
  }
}

/** The subscription, where there is anything to be replayed for it. */
function emitterOf({ subscription, sink }: ReplayRequest, { state }: ReplayDeps): Verdict<Emitter> {
  const known = state.subscriptions.get(subscription)
  if (!known)
    return refuse('SubscriptionNotFound', `there is no EventSubscription ${subscription} that this operator serves`)
  const { emitter, object, stalled } = known
  if (!emitter) return refuse('SubscriptionStalled', `${subscription} is stalled: ${stalled?.message ?? ''}`)
  if (object.spec.suspend)
    return refuse(
      'SubscriptionSuspended',
      `${subscription} is suspended: nothing is matched until spec.suspend is false`,
    )
  const sinks = emitter.sinks.map((one) => one.key)
  if (sink !== undefined && !sinks.includes(sink))
    return refuse('SinkNotFound', `${subscription} does not send to ${sink}, but to ${sinks.join(', ')}`)
  return accept(emitter)
}

const whyNot: Partial<Record<ReflectorState, string>> = {
  starting: 'are still being read for the first time: try again in a moment',
  listing: 'are still being read for the first time: try again in a moment',
  forbidden: "can't be read: the operator's ClusterRole or Role lacks the right",
  clusterScoped: 'live in no namespace, and the operator watches only those of --watch-namespace',
  failing: "can't be read just now: the API server does not answer as it should; try again later",
}

/** The kinds that can be looked through. One that the cluster does not serve has nothing to look through. */
function readable(emitter: Emitter, watches: ReplayDeps['watches']): Verdict<{ present: string[]; absent: string[] }> {
  const present: string[] = []
  const absent: string[] = []
  for (const kind of emitter.selection.kinds.keys()) {
    const { state } = watches.state(kind)
    const why = whyNot[state]
    if (why !== undefined) return refuse('KindNotReady', `${kind}s ${why}`)
    if (state === 'absent') absent.push(kind)
    else present.push(kind)
  }
  return accept({ present, absent })
}

/** Dead letters of the sinks in question; a dry run only counts them. What goes is not to go once more when its object is judged. */
async function again(chosen: Chosen, under: Replay, { reviving, now }: ReplayDeps) {
  const sum = { revived: 0, tooLarge: 0, orphaned: 0 }
  for (const sink of under.sinks) {
    const of = { ...chosen, sink }
    if (under.dryRun) {
      for await (const page of pagesOf(reviving.outbox, of, now())) {
        const wanted = revivable(page, reviving, sum)
        sum.revived += wanted.length
        for (const { id } of wanted) under.sent(sink, id)
      }
      continue
    }
    const { revived, tooLarge } = await reviveDeadLetters(of, reviving, (letters) => {
      for (const { id } of letters) under.sent(sink, id)
    })
    sum.revived += revived
    sum.tooLarge += tooLarge
  }
  return sum
}

async function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>()
  const onAbort = () => aborted.resolve()
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
    work.catch(() => undefined) // one that was given up for the signal may fail later, and nobody waits
  }
}
