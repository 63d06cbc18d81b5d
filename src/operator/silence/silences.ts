import { parseDuration } from '../../api/durations.ts'
import type { LastMatched } from '../../status/record.ts'
import { isSilent, type Silence } from '../../status/silence.ts'
import { activeSince } from '../activation.ts'
import type { OperatorState, SubscriptionState } from '../state.ts'

export type SilencesDeps = {
  state: Pick<OperatorState, 'subscriptions' | 'activations'>
  book: {
    lastMatched(subscriptionUid: string): LastMatched | undefined
    silence(subscriptionUid: string): Silence | undefined | 'unknown'
    judged(subscriptionUid: string, silence: Silence | undefined): void
  }
  /** Asked before `observedUntil`, once for many. */
  look(): void
  /** Up to when all is in that a subscription could match (ms); undefined while that is not known. */
  observedUntil(subscription: SubscriptionState): number | undefined
  now(): number
}

/** A subscription that is silent now. */
export type Silent = { key: string; subscription: SubscriptionState; silence: Silence }

/**
 * Looks at all subscriptions that expect something. Gives those that are silent, and, in `turned`, the keys of those of which that is other than
 * it was told. One of which it can't be known stays as it was.
 */
export function lookForSilence(deps: SilencesDeps): { silent: Silent[]; turned: string[] } {
  const { book, now, state } = deps
  const silent: Silent[] = []
  const turned: string[] = []
  let hasLooked = false
  for (const [key, subscription] of state.subscriptions) {
    const { uid } = subscription.object.metadata
    const expected = expectationOf(subscription)
    const before = book.silence(uid)
    if (!expected && before === undefined) continue
    const since = expected && sinceOf(subscription, deps)
    if (isSame(before, since, expected?.within.text)) {
      silent.push({ key, subscription, silence: before })
      continue
    }
    const within = expected?.within.ms ?? 0
    let observed: number | undefined = now()
    // What was not seen matters only where what was seen holds nothing.
    if (since !== undefined && observed - since >= within) {
      if (!hasLooked) deps.look()
      hasLooked = true
      observed = deps.observedUntil(subscription)
    }
    const is = isSilent({ since, within, observed })
    if (is === undefined) {
      if (before !== undefined && before !== 'unknown') silent.push({ key, subscription, silence: before })
      continue
    }
    const silence =
      is && expected && since !== undefined ? silenceOf(subscription, expected.within.text, since, deps) : undefined
    if (isOther(before, silence, subscription)) turned.push(key)
    book.judged(uid, silence)
    if (silence) silent.push({ key, subscription, silence })
  }
  return { silent, turned }
}

/** What a subscription expects that is not stalled and not suspended. */
export function expectationOf({
  object,
  emitter,
}: SubscriptionState): { within: { ms: number; text: string }; event: boolean } | undefined {
  const { expect, suspend } = object.spec
  if (!expect || !emitter || suspend) return undefined
  const ms = parseDuration(expect.within)
  return ms.ok ? { within: { ms: ms.value, text: expect.within }, event: expect.event ?? false } : undefined
}

/** The last match; what was resumed, or hears for the first time, has from then on. */
function sinceOf({ object, emitter }: SubscriptionState, { book, state }: SilencesDeps): number | undefined {
  const active = emitter && activeSince(emitter, state.activations)
  if (active === undefined) return undefined
  const matched = book.lastMatched(object.metadata.uid)?.time ?? 0
  return wholeSecond(Math.max(active, Date.parse(object.metadata.creationTimestamp), matched))
}

function silenceOf({ object }: SubscriptionState, within: string, since: number, { book }: SilencesDeps): Silence {
  const last = book.lastMatched(object.metadata.uid)
  return { since, within, last: last && wholeSecond(last.time) === since ? { ...last, time: since } : undefined }
}

/** A status tells whole seconds: what is read back from it after a restart is the same silence. */
const wholeSecond = (ms: number): number => ms - (ms % 1000)

/** It goes on: nothing has matched since it was found. */
const isSame = (
  before: Silence | undefined | 'unknown',
  since: number | undefined,
  within: string | undefined,
): before is Silence =>
  before !== undefined && before !== 'unknown' && before.since === since && before.within === within

function isOther(before: Silence | undefined | 'unknown', after: Silence | undefined, { object }: SubscriptionState) {
  if (before !== 'unknown') return before?.since !== after?.since || before?.within !== after?.within
  return after !== undefined || (object.status?.conditions ?? []).some(({ type }) => type === 'Silent')
}
