import { kubeTime } from '../api/time.ts'
import type { Told } from './delivering.ts'
import type { LastMatched } from './record.ts'

/** Nothing has matched for as long as a subscription expects. */
export type Silence = {
  /** From when on nothing did; ms, in whole seconds. */
  since: number
  /** As the subscription says it: `24h`. */
  within: string
  /** What matched last, at `since`; undefined where nothing did since the subscription became active, which was then. */
  last: LastMatched | undefined
}

/** What has to be known to tell whether a subscription is silent. Times are ms. */
export type SilenceFacts = {
  /** When something matched last, or since when it is waited for; undefined where nothing is expected, as of a suspended subscription. */
  since: number | undefined
  within: number
  /** Up to when everything was seen that it could have matched; undefined where that is not known now. */
  observed: number | undefined
}

/**
 * Whether nothing has matched for so long; undefined where that can't be told: what was not seen yet, after the operator was away or while the past
 * is looked through, may hold a match.
 */
export function isSilent({ since, within, observed }: SilenceFacts): boolean | undefined {
  if (since === undefined) return false
  return observed === undefined ? undefined : observed - since >= within
}

/** What the condition Silent says while it is there. */
export function silentTold({ since, within, last }: Silence): Told {
  const from = last ? kubeTime(since) : `it became active at ${kubeTime(since)}`
  const what = last ? `; the last was ${last.milestone} of ${last.kind} ${last.namespace}/${last.name}` : ''
  return {
    status: 'True',
    reason: 'NothingMatched',
    message: `nothing has matched since ${from}, and something is expected within ${within}${what}`,
  }
}
