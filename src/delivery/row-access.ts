import type { Verdict } from '../api/verdict.ts'
import type { Row } from '../outbox/outbox.ts'
import type { Access, Headers } from './access.ts'

/** What a row is sent with, or why it can't be. */
export type RowAccess = {
  access: Verdict<Access>
  /** What the sink itself is asked with, whoever's the credentials of the row are. */
  common: Access
  /** Headers that may hold secrets. */
  sent: Headers
  /** Whether the credentials are the subscription's own. */
  isOwn: boolean
}

const nothing: Access = { headers: {} }

/**
 * The access of rows that are sent together: those of one subscription share theirs; a parked dead letter tells where it comes from, and goes with
 * the sink's credentials, as it is the sink owner's. `own`: values of Authorization, by subscription uid, of those that have their own.
 */
export function rowAccess(
  common: Verdict<Access>,
  own: ReadonlyMap<string, Verdict<string>> = new Map(),
): (row: Row) => RowAccess {
  const known = new Map<string, RowAccess>()
  const make = ({ subscription, subscriptionUid, parked }: Row): RowAccess => {
    if (!common.ok) return { access: common, common: nothing, sent: {}, isOwn: false }
    const ownValue = parked ? undefined : own.get(subscriptionUid)
    const whose = { 'carillon-subscription': subscription }
    const asked = { ...common.value, headers: { ...common.value.headers, ...whose } }
    if (ownValue && !ownValue.ok) return { access: ownValue, common: asked, sent: {}, isOwn: true }
    const sent = ownValue ? { ...common.value.headers, authorization: ownValue.value } : common.value.headers
    const parking = parked && {
      'carillon-dead-letter-sink': parked.sink,
      'carillon-dead-letter-reason': parked.reason,
    }
    const value = { ...common.value, headers: { ...sent, ...whose, ...parking } }
    return { access: { ok: true, value }, common: asked, sent, isOwn: ownValue !== undefined }
  }
  return (row) => {
    if (row.parked) return make(row)
    const found = known.get(row.subscriptionUid) ?? make(row)
    known.set(row.subscriptionUid, found)
    return found
  }
}
