import type { ObjectRecord } from './outbox.ts'

type Body = Pick<ObjectRecord, 'projection' | 'seen' | 'ledger'>

/** The variable part of a record as compact JSON; JSON escapes what UTF-8 could not hold. */
export const bodyOf = ({ projection, seen, ledger }: Body): string => JSON.stringify([projection, seen, ledger])

export function readBody(body: string): Body {
  const [projection, seen, ledger] = JSON.parse(body) as [Body['projection'], Body['seen'], Body['ledger']]
  return { projection, seen, ledger }
}

/** The body without a subscription's ledger entries. */
export function withoutSubscription(body: string, subscriptionUid: string): string {
  const { projection, seen, ledger } = readBody(body)
  const kept = Object.entries(ledger).filter(([key]) => !key.startsWith(`${subscriptionUid} `))
  return bodyOf({ projection, seen, ledger: Object.fromEntries(kept) })
}
