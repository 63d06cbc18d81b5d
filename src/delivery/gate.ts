import type { Outcome } from './attempt.ts'
import { allowance, type Breaker, closed, onOutcome, wasDown } from './breaker.ts'
import { fullPacer, mostAtOnce, type Pacer, permits, refill, spend, untilNext } from './pacer.ts'
import type { SinkRuntime } from './sink.ts'

/**
 * How many attempts a sink may be given: its concurrency, its pace, its breaker, and whether it is gone.
 * Times in ms on a clock that is never set.
 */
export type Gate = { breaker: Breaker; pacer: Pacer | undefined; gone: boolean }

export const openGate: Gate = { breaker: closed, pacer: undefined, gone: false }

/** The gate as it stands at `now`. */
export function atTime(gate: Gate, sink: SinkRuntime, now: number): Gate {
  const rate = sink.eventsPerSecond
  if (rate === undefined) return gate.pacer === undefined ? gate : { ...gate, pacer: undefined }
  return { ...gate, pacer: gate.pacer ? refill(gate.pacer, rate, now) : fullPacer(rate, now) }
}

/** How many more attempts may begin beside those that occupy the sink. */
export function free(gate: Gate, sink: SinkRuntime, now: number, occupied: number): number {
  if (gate.gone) return 0
  const places = allowance(gate.breaker, now, sink.concurrency) - occupied
  return Math.max(0, gate.pacer ? Math.min(places, permits(gate.pacer)) : places)
}

/** ms until time alone lets another attempt begin; undefined where it takes the end of an attempt, or a change of the sink. */
export function untilFree(gate: Gate, sink: SinkRuntime, now: number, occupied: number): number | undefined {
  if (gate.gone) return undefined
  const { breaker, pacer } = gate
  if (breaker.kind === 'resting' && now < breaker.until) return breaker.until - now
  if (occupied >= allowance(breaker, now, sink.concurrency) || !pacer) return undefined
  return untilNext(pacer, sink.eventsPerSecond ?? 1)
}

/**
 * How many events the next request of a batch sink may hold; 0 where none may begin. A sink that rests is probed with one. Under a pace
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

const mostEvents = ({ breaker }: Gate, { batch }: SinkRuntime): number =>
  breaker.kind === 'resting' ? 1 : (batch?.maxEvents ?? 1)

export const begin = (gate: Gate, attempts: number): Gate =>
  gate.pacer ? { ...gate, pacer: spend(gate.pacer, attempts) } : gate

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
