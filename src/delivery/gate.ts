import type { Outcome } from './attempt.ts'
import { allowance, type Breaker, closed, onOutcome, wasDown } from './breaker.ts'
import { fullPacer, mostAtOnce, type Pacer, permits, refill, spend, untilNext } from './pacer.ts'
import type { SinkRuntime } from './sink.ts'
import type { Agreement } from './validation.ts'

/**
 * How many attempts a sink may be given: its concurrency, its pace, its breaker, whether it is gone, and what it has agreed to.
 * Times in ms on a clock that is never set.
 */
export type Gate = {
  breaker: Breaker
  /** Of events, by `limits.eventsPerSecond`. */
  pacer: Pacer | undefined
  gone: boolean
  /** Undefined where the sink was not asked, or has not agreed yet. */
  agreement: Agreement | undefined
  /** Of requests, by the rate that the sink has allowed. */
  requests: Pacer | undefined
}

export const openGate: Gate = {
  breaker: closed,
  pacer: undefined,
  gone: false,
  agreement: undefined,
  requests: undefined,
}

/** The gate as it stands at `now`. */
export function atTime(gate: Gate, sink: SinkRuntime, now: number): Gate {
  const pacer = paced(gate.pacer, sink.eventsPerSecond, now)
  const requests = paced(gate.requests, allowedRate(gate), now)
  return pacer === gate.pacer && requests === gate.requests ? gate : { ...gate, pacer, requests }
}

function paced(pacer: Pacer | undefined, rate: number | undefined, now: number): Pacer | undefined {
  if (rate === undefined) return undefined
  return pacer ? refill(pacer, rate, now) : fullPacer(rate, now)
}

/** Requests a second that the sink has allowed; a fraction as often as not. */
const allowedRate = ({ agreement }: Gate): number | undefined =>
  agreement?.perMinute === undefined ? undefined : agreement.perMinute / 60

/** The sink has agreed, and the request that waited for it goes. */
export const agreed = (gate: Gate, agreement: Agreement, now: number): Gate => {
  const requests = paced(undefined, allowedRate({ ...gate, agreement }), now)
  return { ...gate, agreement, requests: requests && spend(requests, 1) }
}

/** As an earlier process left it: what that one sent last is not known, so nothing goes before the pace allows it anew. */
export const agreedBefore = (gate: Gate, agreement: Agreement, now: number): Gate =>
  agreement.perMinute === undefined ? { ...gate, agreement } : { ...gate, agreement, requests: { tokens: 0, at: now } }

/** As many attempts may be under way; one, as long as the sink has to be asked. */
const places = ({ breaker, agreement }: Gate, { concurrency, validation }: SinkRuntime, now: number): number =>
  allowance(breaker, now, validation && !agreement ? 1 : concurrency)

/** How many more attempts may begin beside those that occupy the sink. */
export function free(gate: Gate, sink: SinkRuntime, now: number, occupied: number): number {
  if (gate.gone) return 0
  const most = places(gate, sink, now) - occupied
  const paces = [gate.pacer, gate.requests].flatMap((pacer) => (pacer ? permits(pacer) : []))
  return Math.max(0, Math.min(most, ...paces))
}

/** ms until time alone lets another attempt begin; undefined where it takes the end of an attempt, or a change of the sink. */
export function untilFree(gate: Gate, sink: SinkRuntime, now: number, occupied: number): number | undefined {
  if (gate.gone) return undefined
  const { breaker, pacer, requests } = gate
  if (breaker.kind === 'resting' && now < breaker.until) return breaker.until - now
  if (occupied >= places(gate, sink, now) || !(pacer || requests)) return undefined
  const events = pacer ? untilNext(pacer, sink.eventsPerSecond ?? 1) : 0
  return Math.max(events, untilRequest(gate))
}

/** ms until the rate that the sink has allowed lets another request begin. */
export const untilRequest = (gate: Gate): number =>
  gate.requests ? untilNext(gate.requests, allowedRate(gate) ?? 1) : 0

/**
 * How many events the next request of a batch sink may hold; 0 where none may begin. A sink that rests, or is to be asked first, is sent one. Under a pace
 * a request waits for as many as the pace allows at once.
 */
export function freeEvents(gate: Gate, sink: SinkRuntime, now: number, occupied: number): number {
  if (free(gate, sink, now, occupied) === 0) return 0
  const most = mostEvents(gate, sink)
  if (!gate.pacer) return most
  const permitted = permits(gate.pacer)
  return permitted < Math.min(most, mostAtOnce(sink.eventsPerSecond ?? 1)) ? 0 : Math.min(most, permitted)
}

/** ms until time alone lets another request begin; undefined as by `untilFree`. */
export function untilFreeEvents(gate: Gate, sink: SinkRuntime, now: number, occupied: number): number | undefined {
  const ms = untilFree(gate, sink, now, occupied)
  const { eventsPerSecond = 1 } = sink
  if (ms === undefined || !gate.pacer) return ms
  return Math.max(
    ms,
    untilNext(gate.pacer, eventsPerSecond, Math.min(mostEvents(gate, sink), mostAtOnce(eventsPerSecond))),
  )
}

const mostEvents = ({ breaker, agreement }: Gate, { batch, validation }: SinkRuntime): number =>
  breaker.kind === 'resting' || (validation && !agreement) ? 1 : (batch?.maxEvents ?? 1)

/** So many events go, in so many requests. */
export function begin(gate: Gate, events: number, requests = events): Gate {
  if (!gate.pacer && !gate.requests) return gate
  return {
    ...gate,
    pacer: gate.pacer && spend(gate.pacer, events),
    requests: gate.requests && spend(gate.requests, requests),
  }
}

/** The gate after an outcome; `recovered` when the sink had been down and is not any more. `restFor` as Retry-After asked, ms. */
export function after(
  gate: Gate,
  outcome: Outcome,
  sink: SinkRuntime,
  clock: { now: number; random: () => number },
  restFor: number | undefined,
): { gate: Gate; recovered: boolean } {
  const breaker = onOutcome(gate.breaker, outcome, clock.now, clock.random, sink.retry, restFor)
  const recovered = breaker.kind === 'closed' && wasDown(gate.breaker)
  return { gate: { ...gate, breaker, gone: gate.gone || outcome.kind === 'gone' }, recovered }
}
