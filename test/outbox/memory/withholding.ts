import type { Row } from '../../../src/outbox/outbox.ts'
import type { Pair, Withholding } from '../../../src/outbox/withholding.ts'
import { handed, headsOf, type KeptRows } from './rows.ts'

/** The model of `Withholding`. */
export function withholdingIn(kept: KeptRows, bump: (sink: string) => void): Withholding {
  const sinks = () => new Set(kept.rows.map(({ sink }) => sink))
  let ask: (pair: Pair) => boolean = () => false
  const known = new Map<string, { pair: Pair; is: boolean }>()
  kept.isWithheld = ({ sink, subscription, subscriptionUid }) => {
    const key = `${sink} ${subscriptionUid}`
    const pair = { sink, subscription, subscriptionUid }
    const found = known.get(key) ?? { pair, is: ask(pair) }
    known.set(key, found)
    return found.is
  }
  return {
    by(isWithheld) {
      ask = isWithheld
      known.clear()
      for (const sink of sinks()) bump(sink)
    },
    reconsider(of) {
      for (const [key, { pair }] of known)
        if ('sink' in of ? pair.sink === of.sink : pair.subscription.startsWith(`${of.namespace}/`)) known.delete(key)
      for (const sink of 'sink' in of ? [of.sink] : sinks()) bump(sink)
    },
    of: (sink) =>
      new Set(
        kept.rows
          .filter((row) => row.sink === sink && kept.isWithheld(row))
          .map(({ subscriptionUid }) => subscriptionUid),
      ),
    rest(sink, subscriptionUid, rest) {
      const key = `${sink} ${subscriptionUid}`
      if (rest === 'well') kept.resting.delete(key)
      else kept.resting.set(key, rest)
      bump(sink)
    },
    claim(sink, n, now): Row[] {
      const heads = headsOf(kept, sink, (row) => kept.isWithheld(row) && !row.parked)
      // The outbox on disk goes by routes, in the order in which they came to be withheld.
      const rows = [...Map.groupBy(heads, (row) => row.subscriptionUid).values()].flat().slice(0, n)
      for (const row of rows) row.claimed = now
      return rows.map(handed)
    },
  }
}
