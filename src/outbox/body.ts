import type { ObjectRecord } from './outbox.ts'
import { damage } from './trouble.ts'

type Body = Pick<ObjectRecord, 'projection' | 'seen' | 'ledger' | 'owed' | 'remains' | 'chain'>

/** The variable part of a record as compact JSON; JSON escapes what UTF-8 could not hold. */
export function bodyOf({ projection, seen, ledger, owed, remains, chain }: Body): string {
  if (chain !== undefined) return JSON.stringify([projection, seen, ledger, owed ?? null, remains ?? null, chain])
  if (remains !== undefined) return JSON.stringify([projection, seen, ledger, owed ?? null, remains])
  return JSON.stringify(owed === undefined ? [projection, seen, ledger] : [projection, seen, ledger, owed])
}

type Parts = [
  Body['projection'],
  Body['seen'],
  Body['ledger'],
  (Body['owed'] | null)?,
  (Body['remains'] | null)?,
  string?,
]

export function readBody(body: string): Body {
  const [projection, seen, ledger, owed, remains, chain] = partsOf(body)
  const read: Body = { projection, seen, ledger }
  if (owed) read.owed = owed
  if (remains) read.remains = remains
  if (chain !== undefined) read.chain = chain
  return read
}

function partsOf(body: string): Parts {
  try {
    return JSON.parse(body) as Parts
  } catch (error) {
    throw damage('what is remembered of an object is no JSON', error)
  }
}

/** The body without a subscription's ledger entries. */
export function withoutSubscription(body: Body, subscriptionUid: string): Body {
  const others = (entries: Record<string, string[]>) =>
    Object.fromEntries(Object.entries(entries).filter(([key]) => !key.startsWith(`${subscriptionUid} `)))
  const kept: Body = { ...body, ledger: others(body.ledger) }
  if (body.owed) kept.owed = others(body.owed)
  return kept
}

/** How many milestones a subscription is owed, by sink. */
export function owedTo(owed: ObjectRecord['owed'], subscriptionUid: string): Map<string, number> {
  const prefix = `${subscriptionUid} `
  const own = Object.entries(owed ?? {}).filter(([key, milestones]) => key.startsWith(prefix) && milestones.length > 0)
  return new Map(own.map(([key, milestones]) => [key.slice(prefix.length), milestones.length]))
}

/** The sinks that are owed something of an object. */
export function owedSinks(owed: ObjectRecord['owed']): Set<string> {
  const sinks = new Set<string>()
  for (const [key, milestones] of Object.entries(owed ?? {}))
    if (milestones.length > 0) sinks.add(key.slice(key.indexOf(' ') + 1))
  return sinks
}
