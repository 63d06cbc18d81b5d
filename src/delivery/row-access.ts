import type { Row } from '../outbox/outbox.ts'
import type { Access, Headers } from './access.ts'

/** The access of rows that are sent together: those of one subscription share theirs; a parked dead letter tells where it comes from. */
export function rowAccess(common: Access): (row: Row) => Access {
  const bySubscription = new Map<string, Headers>()
  return ({ subscription, parked }) => {
    let headers = bySubscription.get(subscription)
    if (!headers) {
      headers = { ...common.headers, 'carillon-subscription': subscription }
      bySubscription.set(subscription, headers)
    }
    if (!parked) return { ...common, headers }
    const parking = { 'carillon-dead-letter-sink': parked.sink, 'carillon-dead-letter-reason': parked.reason }
    return { ...common, headers: { ...headers, ...parking } }
  }
}
