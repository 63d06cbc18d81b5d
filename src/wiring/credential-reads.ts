import type { Secret } from '../delivery/read-key.ts'
import { remembering } from '../delivery/secrets.ts'
import type { Account } from '../delivery/service-account.ts'
import type { ConfigMap } from '../delivery/tls-material.ts'
import { takeTurnsByNamespace } from '../delivery/turns.ts'
import { accountOf, bundleOf, credentialOf, type Keys, type WantedOfSecret } from '../delivery/wanted.ts'
import type { KubeClient } from '../kube/client.ts'
import { getObject } from '../kube/resources.ts'
import { now } from './parts.ts'

/** A Secret of 1 MiB has 1.4 MB in base64. What is larger than this has been written by hand, to fill somebody's memory. */
const bounds = { timeoutMs: 5_000, maxBytes: 2 * 1024 * 1024 }

/** Objects that are read at the same time: each takes some MB until it is cut down to what is used of it. */
const atOnce = { perNamespace: 2, inAll: 4 }

/** What sinks and subscriptions refer to by name, read when it is needed; of each no more is kept than is used. Each throws a KubeError. */
export function credentialReads(client: KubeClient) {
  const inTurn = takeTurnsByNamespace(atOnce)
  const remember = remembering(now)
  const reader = <T, Wanted>(plural: string, cut: (found: T, wanted: Wanted) => T) =>
    remember((namespace: string, name: string, wanted: Wanted, begins) =>
      inTurn(namespace, async () => {
        begins()
        const resource = { group: '', version: 'v1', plural }
        const found = (await getObject(client, resource, namespace, name, bounds)) as T | undefined
        return found && cut(found, wanted)
      }),
    )
  const account = reader<Account, undefined>('serviceaccounts', accountOf)
  return {
    secret: reader<Secret, WantedOfSecret>('secrets', credentialOf),
    configMap: reader<ConfigMap, Keys>('configmaps', bundleOf),
    account: (namespace: string, name: string, fresh: boolean) => account(namespace, name, undefined, fresh),
  }
}
