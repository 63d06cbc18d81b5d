import { takeOff } from './claim.ts'
import type { Row } from './outbox.ts'
import { queueOf, type SinkQueues } from './queues.ts'
import { isUnderWay, type Store } from './store.ts'

/** A subscription (`namespace/name`, and its uid) toward a sink. */
export type Pair = { sink: string; subscription: string; subscriptionUid: string }

/**
 * Of a subscription whose own credentials a sink refuses: its rows are withheld, or are tried once more. Until it is well they don't count in the
 * sink's `load`: they wait by its own fault.
 */
export type Rest = 'rests' | 'tried' | 'well'

/**
 * Rows that are not handed out for now though they are due: of subscriptions that a sink does not let in, or whose own credentials it refuses.
 * They are passed over once, and not looked at again before that changes. Parked rows are never among them: they are the sink owner's. Kept in
 * memory: to be told anew after a start, before anything is claimed.
 */
export type Withholding = {
  /** Whether rows are withheld: asked once for each pair, and again by `reconsider`. Nobody's are before it is given. */
  by(isWithheld: (pair: Pair) => boolean): void
  /** Asks again for the subscriptions that rows of a sink are of, or for those of a namespace. */
  reconsider(of: { sink: string } | { namespace: string }): void
  /** uids of the subscriptions whose rows are withheld from a sink, as far as there are any; they don't count in the sink's `load`. */
  of(sink: string): ReadonlySet<string>
  /** How a pair fares by its own credentials, whatever is said of it besides. */
  rest(sink: string, subscriptionUid: string, rest: Rest): void
  /** Up to `n` rows that `by` withholds, the oldest first, one a lane, marked as in flight: to be given up, or released. */
  claim(sink: string, n: number, now: number): Row[]
}

const nobody: ReadonlySet<string> = new Set()

export function withholdingOf(store: Store): Withholding {
  const { routes } = store
  const tell = (sinks: Iterable<SinkQueues>) => {
    for (const sink of sinks) store.changes.bump(sink.name)
  }
  return {
    by(isWithheld) {
      tell(routes.withhold(isWithheld))
    },
    reconsider(of) {
      tell(routes.reconsider('sink' in of ? (routes.sink(of.sink)?.routes ?? []) : routes.from(of.namespace)))
    },
    of(name) {
      const held = routes.sink(name)?.held
      if (!held || held.size === 0) return nobody
      const withheld = [...held].filter((route) => route.withheld && route.load.rows > 0)
      return new Set(withheld.map(({ subscriptionUid }) => subscriptionUid))
    },
    rest(sink, subscriptionUid, rest) {
      tell(routes.rest(sink, subscriptionUid, rest))
    },
    claim: (name, n, now) => claimWithheld(store, name, n, now),
  }
}

function claimWithheld(store: Store, name: string, n: number, now: number): Row[] {
  const sink = store.routes.sink(name)
  const held = [...(sink?.held ?? [])].filter(({ withheld, load, inFlight }) => withheld && load.rows > inFlight.rows)
  if (!sink || held.length === 0 || isUnderWay(store, name)) return []
  const from = Math.min(...held.map(({ oldest, oldestFrom }) => oldest?.seq ?? oldestFrom))
  const underWay = held.reduce((sum, { inFlight }) => sum + inFlight.rows, 0)
  const heads = store.sql.headsOf(JSON.stringify(held.map(({ id }) => id)), from, n + underWay)
  const ready = heads.filter(([seq]) => !store.flights.has(seq)).slice(0, n)
  return ready.map(([seq, namespace, due]) => takeOff(store, queueOf(sink, namespace), { due, seq }, now))
}
