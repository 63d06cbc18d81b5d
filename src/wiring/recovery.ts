import type { KubeObject } from '../api/object.ts'
import { pause } from '../kube/backoff.ts'
import { applyConfigMap, getObject } from '../kube/resources.ts'
import { byKind, pendingOf } from '../operator/activation.ts'
import type { Emitter } from '../operator/emitter.ts'
import type { JudgeDeps, Judged } from '../operator/judging/judge-deps.ts'
import type { Overflow } from '../operator/overflow/overflow.ts'
import { Observed } from '../operator/recovery/checkpoint.ts'
import { Checkpoints } from '../operator/recovery/checkpoints.ts'
import { isBreak, isNewcomer, watchGaps } from '../operator/recovery/continuity.ts'
import { floorFrom } from '../operator/recovery/floors.ts'
import { LookingBack } from '../operator/recovery/looking-back.ts'
import { NamespacesSeen } from '../operator/recovery/namespaces-seen.ts'
import { Recovery } from '../operator/recovery/recovery.ts'
import { SinceKeeper } from '../operator/recovery/since-keeper.ts'
import type { OperatorState } from '../operator/state.ts'
import { fieldManager } from '../operator/statuses.ts'
import type { Watches } from '../operator/watches.ts'
import { sources, sourcesOf } from '../sources/index.ts'
import { tellGapMs } from '../status/continuity.ts'
import { type Ground, now, type Parts } from './parts.ts'

/** What is kept outside of the disk, and what is done where the disk was lost (docs/decisions/012-checkpoints.md). */
export type Recovering = ReturnType<typeof recovering>

export function recovering(
  { ground, outbox, state }: Pick<Parts, 'ground' | 'outbox' | 'state'>,
  watches: () => Watches,
  overflow: () => Overflow,
  namespaces: ReadonlyMap<string, KubeObject>,
) {
  const { client, log } = ground
  const serverNow = () => client.serverTime()
  const observed = new Observed({ now, serverNow })
  const refresh = (kind: string, namespace: string | undefined) => watches().refresh(kind, namespace)
  const since = sinceKeeper(ground, () =>
    state.activations
      .entries()
      .map(([key, from]) => [key, lookingBack.isUnseen(key) ? pendingOf(from) : from] as const),
  )
  const lookingBack = new LookingBack({
    state,
    outbox,
    watches: { refresh },
    kept: (uid) => since.changed(uid),
    log,
  })
  const checkpoints = new Checkpoints({
    observed,
    outbox,
    owed: () => owedIn(state, overflow()),
    lookingBack,
    watchesOf: (kind) => watches().watchesOf(kind),
    serverNow,
  })
  const recovery = new Recovery({
    outbox,
    since,
    lookingBack,
    kinds: ({ spec }) => [...Object.keys(sources), ...(spec.events ?? []).flatMap(namesOf)],
    loss: () => (outbox.setAside === undefined ? 'lost' : 'damaged'),
    marginMs: ground.marginMs,
    serverNow,
  })
  const namespacesSeen = new NamespacesSeen({ outbox, namespaces, refresh })
  lookingBack.restore(outbox.activations())
  // What an older release kept was never recorded, and somebody may have deleted what was.
  for (const key of state.activations.keys()) since.changed(key.slice(0, key.indexOf(' ')))
  return { checkpoints, lookingBack, namespacesSeen, observed, recovery, serverNow, since }
}

const namesOf = ({ kind, group }: { kind: string; group?: string }): string[] =>
  sourcesOf(kind, group).map(({ name }) => name)

function sinceKeeper(
  { client, config, log }: Ground,
  activations: () => Iterable<readonly [string, number]>,
): SinceKeeper {
  const { class: className, namespace } = config
  const maps = { group: '', version: 'v1', plural: 'configmaps' }
  return new SinceKeeper({
    className,
    async read(name) {
      const map = await getObject(client, maps, namespace, name)
      return map?.data as Record<string, string> | undefined
    },
    apply: (name, data) => applyConfigMap(client, namespace, name, data, fieldManager),
    activations,
    log,
    random: Math.random,
    wait: pause,
  })
}

function owedIn({ subscriptions }: OperatorState, overflow: Overflow): Map<string, number | true> {
  const owed = new Map<string, number | true>()
  if (!overflow.mayOwe()) return owed
  for (const { emitter } of subscriptions.values()) {
    for (const { key } of emitter?.sinks ?? []) {
      const at = emitter && overflow.heldAt(emitter.uid, key)
      if (emitter && at !== undefined) owed.set(`${emitter.uid} ${key}`, at === 'unknown' ? true : at)
    }
  }
  return owed
}

/** What judging needs of it. */
export function judging(
  { lookingBack, observed, serverNow }: Recovering,
  { ground, outbox, state }: Parts,
): Required<Pick<JudgeDeps, 'floor' | 'missed'>> {
  return {
    floor: (watch) => floorFrom(outbox.floors(watch), (key) => lookingBack.isPending(key), ground.marginMs),
    missed(watch, reason) {
      const followed = observed.at(watch.name) ?? outbox.reached().get(watch.name)
      const isNew = (emitter: Emitter): boolean => {
        const keys = byKind(emitter, () => true).flatMap(({ kind, keys }) => (kind === watch.source.name ? keys : []))
        const { creationTimestamp = '' } = state.subscriptions.get(emitter.key)?.object.metadata ?? {}
        return isNewcomer({
          isPending: keys.every((key) => lookingBack.isPending(key)),
          since: Math.max(Date.parse(creationTimestamp), ...keys.map((key) => state.activations.get(key) ?? 0)),
          followed,
          now: serverNow(),
        })
      }
      return watchGaps(
        watch.source,
        reason,
        isBreak(reason) ? reachedIn(state, watch).filter((one) => !isNew(one)) : [],
      )
    },
  }
}

/** Those whose objects a watch brings, where they select its kind. */
export const reachedIn = ({ subscriptions }: OperatorState, { namespace }: Pick<Judged, 'namespace'>): Emitter[] =>
  [...subscriptions.values()]
    .flatMap(({ emitter }) => emitter ?? [])
    .filter((one) => namespace === undefined || one.clusterWide || one.namespace === namespace)

/** How often it is looked at which checkpoints are worth a write, though nothing else has to be told. */
const lookMs = 30_000
/** So far behind is worth it where something was matched since, and where nothing was. */
const worthMs = { busy: 5 * 60_000, idle: 3_600_000 }

/** Has checkpoints told that have fallen behind: those of subscriptions that nothing was counted for. And gaps that are over. */
export async function tellCheckpoints(
  { book, outbox, state, writer }: Parts,
  { checkpoints }: Recovering,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await pause(lookMs, signal)
    if (signal.aborted) return
    checkpoints.look(state.emitters().kinds())
    const time = now()
    for (const [key, subscription] of state.subscriptions) {
      const lag = checkpoints.lag(subscription)
      const matched = book.lastMatched(subscription.object.metadata.uid)?.time
      const isBusy = matched !== undefined && time - lag <= matched + worthMs.busy
      if (lag >= (isBusy ? worthMs.busy : worthMs.idle)) writer.mark(`subscription ${key}`, 'counters')
    }
    for (const [uid, { time: gap }] of outbox.gaps()) {
      const key = time - gap >= tellGapMs && time - gap < tellGapMs + 2 * lookMs ? keyOfUid(state, uid) : undefined
      if (key !== undefined) writer.mark(`subscription ${key}`, 'conditions')
    }
  }
}

/** `namespace/name` of a subscription. */
export function keyOfUid({ subscriptions }: Pick<OperatorState, 'subscriptions'>, uid: string): string | undefined {
  for (const [key, { object }] of subscriptions) if (object.metadata.uid === uid) return key
  return undefined
}

/** For a clean stop: what was matched of late is told to be settled, so that a successor without the disk need not send it again. */
export function tellLast({ state, writer }: Parts, { checkpoints }: Recovering): void {
  checkpoints.look(state.emitters().kinds())
  for (const [key, subscription] of state.subscriptions)
    if (checkpoints.lag(subscription) >= lookMs) writer.mark(`subscription ${key}`, 'counters')
}

/** Nothing is known any more of a subscription that is gone. */
export function leave({ state }: Parts, { checkpoints, lookingBack, since }: Recovering, uid: string): void {
  lookingBack.forget(uid)
  checkpoints.forget(uid)
  state.acknowledged.delete(uid)
  since.changed(uid)
}
