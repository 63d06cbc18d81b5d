// What faults are made of.
import { setTimeout as delay } from 'node:timers/promises'
import type { Arrival } from './evidence.ts'
import { momentKey } from './evidence.ts'
import type { Ran } from './fault.ts'
import type { RunMore } from './load.ts'
import type { Scene } from './scene.ts'
import type { Behaviour } from './sinks/behaviour.ts'

/** Resolves once what was noted is so. */
export async function arrived(
  scene: Scene,
  fits: (arrivals: readonly Arrival[]) => boolean,
  what: string,
  timeoutMs = 30_000,
): Promise<void> {
  for (const end = Date.now() + timeoutMs; !fits(scene.sinks.arrivals()); await delay(20))
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`)
}

/** Resolves once every milestone acknowledged so far was taken wherever it is due. */
export async function caughtUp(scene: Scene, timeoutMs = 60_000): Promise<void> {
  const due = scene.truth.moments
    .filter(({ certain }) => certain)
    .flatMap((moment) =>
      scene.declared
        .filter(
          (one) =>
            one.namespaces.includes(moment.namespace) &&
            one.kinds.includes(moment.kind) &&
            one.milestones.includes(moment.milestone),
        )
        .flatMap((one) => one.sinks.map((sink) => `${one.key} ${sink} ${momentKey(moment)}`)),
    )
  const missing = new Set(due)
  let read = 0
  await arrived(
    scene,
    (arrivals) => {
      for (; read < arrivals.length; read += 1) {
        const one = arrivals[read]
        if (one?.taken) missing.delete(`${one.subscription} ${one.sink} ${momentKey(one)}`)
      }
      return missing.size === 0
    },
    `${due.length} deliveries that were due`,
    timeoutMs,
  )
}

/** Runs come and go at `perSecond` while `harm` is done and for a second more; `harm` resolves when it is undone. */
export async function underLoad(
  scene: Scene,
  harm: () => Promise<string>,
  { perSecond = 10, more, calmMs = 1000 }: { perSecond?: number; more?: RunMore; calmMs?: number } = {},
): Promise<Ran> {
  const flow = scene.load.flow('run', perSecond, scene.tenants, more)
  await delay(calmMs)
  let did: string
  let healedAt: number
  let count = 0
  try {
    did = await harm()
    healedAt = Date.now()
    await delay(calmMs)
  } finally {
    count = await flow.stop()
  }
  return { healedAt, did: `${did}; ${count} runs` }
}

export async function behave(scene: Scene, keys: readonly string[], behaviour: Behaviour): Promise<void> {
  for (const key of keys) await scene.sinks.behave(key, behaviour)
}

/** Requests that a sink noted between two times. */
export const requests = (scene: Scene, key: string, from: number, to: number): Arrival[] =>
  scene.sinks.arrivals().filter((one) => one.sink === key && one.at >= from && one.at <= to)

/** ms from the acknowledgement of a write to its first delivery at one of these sinks, for writes between two times. */
export function lags(scene: Scene, keys: readonly string[], from: number, to: number): number[] {
  const writes = new Map(
    scene.truth.moments.filter((one) => one.at >= from && one.at <= to).map((one) => [momentKey(one), one.at]),
  )
  const seen = new Set<string>()
  return scene.sinks.arrivals().flatMap((one) => {
    if (one.at < from) return []
    const written = writes.get(momentKey(one))
    const key = `${one.subscription} ${one.sink} ${momentKey(one)}`
    if (!one.taken || written === undefined || !keys.includes(one.sink) || seen.has(key)) return []
    seen.add(key)
    return [one.at - written]
  })
}

/** What is wrong where `isSo` is false. */
export const unless = (isSo: boolean, wrong: string): string[] => (isSo ? [] : [wrong])
