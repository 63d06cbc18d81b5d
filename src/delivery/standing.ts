import { type Breaker, closed } from './breaker.ts'
import { leastJumpMs, type Moment } from './clock.ts'
import { agreedBefore, atTime, type Gate, openGate } from './gate.ts'
import { type Memory, readMemory } from './memory.ts'
import type { SinkRuntime } from './sink.ts'
import { moved, note, type Suspensions } from './suspensions.ts'

/** What there is of a sink: `unusable` where its spec makes no sense; `missing` where there is no EventSink of the name. */
export type Seen = { kind: 'present'; sink: SinkRuntime } | { kind: 'unusable' } | { kind: 'missing' }

/** How a sink stands: whether it may be sent to, and since when it may not. Times are ms since the epoch, but for the gate's. */
export type Standing = {
  epoch: string | undefined
  door?: object | undefined
  gate: Gate
  suspensions: Suspensions
  missingSince: number | undefined
  /** Since when the sink does not let in subscriptions that have rows, by uid. */
  withheld: ReadonlyMap<string, number>
  maxAgeMs: number | undefined
}

/** Whether the wall clock has been set back since this was written: now is before then. */
export const wasSetBack = (text: string | undefined, { now }: Moment): boolean =>
  (readMemory(text).at ?? 0) > now + leastJumpMs

/** As an earlier process left it. */
export function recall(text: string | undefined, { now, clock }: Moment): Standing {
  const { at: _at, rest, gone, agreement, suspensions, missingSince, withheld, ...memory } = readMemory(text)
  const breaker: Breaker = rest
    ? { kind: 'resting', until: clock + Math.max(0, rest.until - now), rests: rest.rests, failures: rest.rests }
    : closed
  const gate = agreement ? agreedBefore(openGate, agreement, clock) : openGate
  return {
    ...memory,
    gate: { ...gate, breaker, gone },
    // The clock may have been set back meanwhile: nothing began later than now.
    suspensions: { ...suspensions, since: atMost(suspensions.since, now) },
    missingSince: atMost(missingSince, now),
    withheld: moveAll(withheld, (since) => Math.min(since, now)),
  }
}

const moveAll = (times: Standing['withheld'], to: (since: number) => number): Standing['withheld'] =>
  times.size === 0 ? times : new Map([...times].map(([uid, since]) => [uid, to(since)]))

const atMost = (time: number | undefined, now: number) => (time === undefined ? undefined : Math.min(time, now))

/**
 * Takes in what there is of the sink now. A new epoch opens the gate, another door ends a rest; `wakes`: and makes due what waits. However a
 * rest came about (by a clock that was wrong, under a spec that allowed more), it is no longer than maxDelay from now.
 */
export function look(standing: Standing, seen: Seen, { now, clock }: Moment): { standing: Standing; wakes: boolean } {
  const suspended = seen.kind === 'unusable' || (seen.kind === 'present' && seen.sink.suspend)
  const suspensions = note(standing.suspensions, suspended, now)
  const missingSince = seen.kind === 'missing' ? (standing.missingSince ?? now) : undefined
  if (seen.kind !== 'present') return { standing: { ...standing, suspensions, missingSince }, wakes: false }
  const { epoch, door, retry } = seen.sink
  const isNew = epoch !== standing.epoch
  const isRelieved = !isNew && standing.door !== undefined && door !== standing.door && !standing.gate.gone
  const known = isRelieved ? { ...standing.gate, breaker: closed } : standing.gate
  const gate = isNew ? openGate : bounded(known, clock + retry.maxDelayMs)
  const maxAgeMs = retry.maxAgeMs
  return {
    standing: { ...standing, epoch, door, gate: atTime(gate, seen.sink, clock), suspensions, missingSince, maxAgeMs },
    wakes: (isNew && standing.epoch !== undefined) || isRelieved,
  }
}

function bounded(gate: Gate, latest: number): Gate {
  const { breaker } = gate
  if (breaker.kind !== 'resting' || breaker.until <= latest) return gate
  return { ...gate, breaker: { ...breaker, until: latest } }
}

/** Whom a sink that is there does not let in, of those that have rows; the same value where nothing changed. While it is missing they wait on. */
export function noteWithheld(before: Standing, uids: ReadonlySet<string>, now: number): Standing['withheld'] {
  const { missingSince, withheld } = before
  if (uids.size === withheld.size && [...uids].every((uid) => withheld.has(uid))) return withheld
  return new Map([...uids].map((uid) => [uid, withheld.get(uid) ?? missingSince ?? now]))
}

/** The wall clock was set. What it leapt over forward is among the suspensions; set back, the sink is missing for as long as before. */
export function afterJump(standing: Standing, { now, jump }: Moment): Standing {
  const missingSince = standing.missingSince === undefined ? undefined : standing.missingSince + Math.min(0, jump)
  const withheld = jump < 0 ? moveAll(standing.withheld, (since) => since + jump) : standing.withheld
  return { ...standing, suspensions: moved(standing.suspensions, jump, now), missingSince, withheld }
}

/** Whether two standings are the same in what is worth being written down; a rest that goes on is, whenever it ends. */
export const isSameKind = (one: Standing, other: Standing): boolean =>
  one.epoch === other.epoch &&
  one.gate.gone === other.gate.gone &&
  one.gate.agreement === other.gate.agreement &&
  one.gate.breaker.kind === other.gate.breaker.kind &&
  one.suspensions === other.suspensions &&
  one.missingSince === other.missingSince &&
  one.withheld === other.withheld &&
  one.maxAgeMs === other.maxAgeMs

export function memoryOf({ gate, door: _, ...standing }: Standing, { now, clock }: Moment): Memory {
  const { breaker, gone, agreement } = gate
  const rest =
    breaker.kind === 'resting'
      ? { until: Math.ceil(now + Math.max(0, breaker.until - clock)), rests: breaker.rests }
      : undefined
  return { ...standing, at: now, gone, rest, agreement }
}
