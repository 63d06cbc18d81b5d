import type { StorageState } from '../outbox/outbox.ts'
import type { Parts } from './parts.ts'

const kinds: readonly StorageState['kind'][] = ['ok', 'full', 'readOnly', 'failing']

/** Tells, when called, of a data directory that came to take nothing, or does again: in the log, a gauge and every status. */
export function storageTeller({ ground, metrics, outbox, state, writer }: Parts) {
  let told: StorageState['kind'] = 'ok'
  const show = (at: StorageState['kind']) => {
    for (const kind of kinds) metrics.storageState.set({ state: kind }, kind === at ? 1 : 0)
  }
  show(told)
  return (): void => {
    const at = outbox.storage()
    if (at.kind === told) return
    told = at.kind
    show(told)
    const { dataDir } = ground.config
    if (at.kind === 'ok')
      ground.log.info({ dataDir }, 'the data directory takes what is written again: reading goes on')
    else {
      const { kind, message } = at
      ground.log.error(
        { dataDir, state: kind, message },
        'the data directory takes nothing: reading waits until it does',
      )
    }
    for (const sink of state.sinks.keys()) writer.mark(`sink ${sink}`, 'conditions')
    for (const subscription of state.subscriptions.keys()) writer.mark(`subscription ${subscription}`, 'conditions')
  }
}
