import type { KubeObject } from '../api/object.ts'
import { Collection } from '../operator/collection.ts'
import { Pulse } from '../operator/pulse.ts'
import { type ConfigKeeper, configMapName, configMaps } from './config-keeper.ts'
import type { Parts } from './parts.ts'
import { createReflector } from './watches.ts'

/** Follows ConfigMap carillon-config, and no other; `changed` is told when the policy has become another. */
export function watchConfig({ ground, loops, metrics }: Parts, changed: ConfigKeeper['changed']): void {
  const { config, keeper } = ground
  const { namespace } = config
  const scope = { namespace, select: { fieldSelector: `metadata.name=${configMapName}` } }
  const reflector = createReflector(ground, metrics, 'ConfigMap', configMaps, scope)
  const pulse = new Pulse()
  const maps = new Collection<KubeObject>([{ namespace: undefined, reflector }], () => pulse.fire())
  keeper.changed = changed
  loops.start('config-watch', (signal) => maps.run(signal))
  loops.start('config', async (signal) => {
    while (!signal.aborted) {
      const woken = pulse.next(signal)
      if (maps.synced) await keeper.take(maps.objects.get(`${namespace}/${configMapName}`))
      await woken
    }
  })
}
