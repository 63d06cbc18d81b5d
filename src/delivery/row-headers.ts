import type { Row } from '../outbox/outbox.ts'
import type { Headers } from './sink-headers.ts'

/** The headers of rows that are sent together: those of one subscription share theirs; a parked dead letter tells where it comes from. */
export function rowHeaders(common: Headers): (row: Row) => Headers {
  const bySubscription = new Map<string, Headers>()
  return ({ subscription, parked }) => {
    let headers = bySubscription.get(subscription)
    if (!headers) {
      headers = { ...common, 'carillon-subscription': subscription }
      bySubscription.set(subscription, headers)
    }
    if (!parked) return headers
    return { ...headers, 'carillon-dead-letter-sink': parked.sink, 'carillon-dead-letter-reason': parked.reason }
  }
}
