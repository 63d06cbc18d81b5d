import { pause } from '../kube/backoff.ts'
import type { Overflow } from '../operator/overflow/overflow.ts'
import { lookForSilence, type SilencesDeps } from '../operator/silence/silences.ts'
import { type TellSilenceDeps, tellSilence } from '../operator/silence/tell-silence.ts'
import type { Parts } from './parts.ts'
import type { Recovering } from './recovery.ts'
import { tellRefused } from './watches.ts'

/** How often it is looked at who is silent. */
const lookMs = 1000

export type Silencing = { recover: Recovering; overflow: Overflow; startDelivery(sink: string): void }

/** Has the condition Silent told when it turns, and the event of a silence sent, once. */
export async function watchSilence(parts: Parts, silencing: Silencing, signal: AbortSignal): Promise<void> {
  const { writer } = parts
  const looking = lookingDeps(parts, silencing)
  const telling = tellingDeps(parts, silencing)
  /** By uid: the silence, and the sinks, that nothing is left to be told of. */
  const told = new Map<string, string>()
  while (!signal.aborted) {
    const { silent, turned } = lookForSilence(looking)
    for (const key of turned) writer.mark(`subscription ${key}`, 'conditions')
    const uids = new Set(silent.map(({ subscription }) => subscription.object.metadata.uid))
    for (const uid of told.keys()) if (!uids.has(uid)) told.delete(uid)
    for (const one of silent) {
      const { emitter, object } = one.subscription
      const what = `${one.silence.since} ${object.metadata.generation} ${emitter?.sinks.map(({ key }) => key)}`
      if (told.get(object.metadata.uid) === what) continue
      if (await tellSilence(one, telling, signal)) told.set(object.metadata.uid, what)
    }
    await pause(lookMs, signal)
  }
}

const lookingDeps = (
  { book, ground, replays, state }: Parts,
  { recover: { checkpoints } }: Silencing,
): SilencesDeps => ({
  state,
  book,
  look: () => checkpoints.look(state.emitters().kinds()),
  observedUntil: (subscription) =>
    replays.isRunning(subscription.object.metadata.uid) ? undefined : checkpoints.observedUntil(subscription),
  now: () => ground.client.serverTime(),
})

const tellingDeps = (parts: Parts, { overflow, startDelivery }: Silencing): TellSilenceDeps => {
  const { fence, ground, outbox, state } = parts
  return {
    outbox,
    cluster: ground.cluster,
    room: () => overflow.room(),
    fence,
    exists: (uid) => state.hasSubscription(uid),
    committed({ rows, dead }) {
      for (const { sink } of rows) startDelivery(sink)
      for (const one of dead) tellRefused(parts, one)
    },
    now: () => ground.client.serverTime(),
  }
}
