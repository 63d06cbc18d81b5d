import type { KubeLog } from '../../kube/log.ts'
import type { Overflow, Owing } from './overflow.ts'

export type TakeUpDeps = {
  overflow: Pick<Overflow, 'look' | 'takes' | 'takenUp'>
  isWatched(kind: string): boolean
  /** Namespaces whose subscriptions refer to a sink, and may be owed objects of this one. */
  owedIn(sink: string, namespace: string): readonly string[]
  refresh(kind: string, namespace: string | undefined): Promise<void>
  log: KubeLog
  now(): number
  wait(ms: number, signal: AbortSignal): Promise<void>
}

const lookMs = 500

/** More namespaces than this are read with one list of all. */
const manyNamespaces = 8

/** Lists take half of the time at most, are at least a second apart, and few where they lead to nothing (ms). */
const pace = { least: 1_000, most: 60_000, mostInVain: 300_000 }

/** The lists that would take up something of what is owed, by kind: of namespaces, or of all. `takes`: whether a sink takes objects of a namespace. */
export function listsFor(
  owing: readonly Owing[],
  takes: (sink: string, namespace: string) => boolean,
): Map<string, readonly (string | undefined)[]> {
  const kinds = Map.groupBy(
    owing.filter(({ sink, namespace }) => takes(sink, namespace)),
    ({ source }) => source,
  )
  const lists = new Map<string, readonly (string | undefined)[]>()
  for (const [kind, entries] of kinds) {
    const namespaces = [...new Set(entries.map(({ namespace }) => namespace))]
    lists.set(kind, namespaces.length > manyNamespaces ? [undefined] : namespaces)
  }
  return lists
}

/** How long a kind is left alone after its lists took `took`; `pause` is how long it was left alone before (ms). */
export function pauseAfter(took: number, tookUp: boolean, pause: number): number {
  const next = tookUp ? took : pause * 2
  return Math.min(Math.max(next, pace.least), tookUp ? pace.most : pace.mostInVain)
}

/**
 * Opens what was full once there is room again, and has the objects looked through that are owed something, again and again until nothing is owed.
 * Lists of a kind come one after the other.
 */
export async function takeUp(deps: TakeUpDeps, signal: AbortSignal): Promise<void> {
  const paces = new Map<string, Pace>()
  while (!signal.aborted) {
    const { owing, raised } = deps.overflow.look((kind) => deps.isWatched(kind))
    if (raised) for (const one of paces.values()) one.next = 0
    const takes = (sink: string, namespace: string) => deps.overflow.takes(sink, deps.owedIn(sink, namespace))
    for (const [kind, namespaces] of listsFor(owing, takes)) {
      const one = paces.get(kind) ?? { isBusy: false, next: 0, pause: 0 }
      paces.set(kind, one)
      if (!one.isBusy && one.next <= deps.now()) void lookThrough(kind, namespaces, one, deps)
    }
    await deps.wait(lookMs, signal)
  }
}

type Pace = { isBusy: boolean; next: number; pause: number }

async function lookThrough(
  kind: string,
  namespaces: readonly (string | undefined)[],
  one: Pace,
  { overflow, refresh, log, now }: TakeUpDeps,
): Promise<void> {
  const [begun, before] = [now(), overflow.takenUp]
  one.isBusy = true
  try {
    for (const namespace of namespaces) await refresh(kind, namespace)
  } catch (error) {
    log.warn({ kind, err: error }, 'what is owed could not be looked through, will be tried again')
  }
  one.pause = pauseAfter(now() - begun, overflow.takenUp > before, one.pause)
  one.next = now() + one.pause
  one.isBusy = false
}
