import type { EventSink } from '../api/generated.ts'
import type { KubeObject } from '../api/object.ts'
import { readOwnCredentials } from '../delivery/own-credentials.ts'
import { readAccess } from '../delivery/read-access.ts'
import type { Secret } from '../delivery/read-key.ts'
import { secretReader } from '../delivery/secrets.ts'
import type { ConfigMap } from '../delivery/tls-material.ts'
import { fetchToken } from '../delivery/token-endpoint.ts'
import { tokenStore } from '../delivery/tokens.ts'
import { getObject } from '../kube/resources.ts'
import { type Ground, now } from './parts.ts'
import { makeServiceAccountToken } from './service-account-token.ts'

export type AccessReader = ReturnType<typeof accessReader>

/** Reads what a sink asks of requests, with what its Secrets, ConfigMaps and tokens hold now. */
export function accessReader({ client, egress, policy }: Ground) {
  const read = (plural: string) => async (namespace: string, name: string) =>
    getObject(client, { group: '', version: 'v1', plural }, namespace, name)
  const tokens = tokenStore(now)
  const readers = {
    secret: secretReader(async (...of) => (await read('secrets')(...of)) as (KubeObject & Secret) | undefined, now),
    configMap: secretReader(async (...of) => (await read('configmaps')(...of)) as ConfigMap | undefined, now),
    oauth2: (...[spec, { id, secret }, fresh]: Parameters<Parameters<typeof readAccess>[2]['oauth2']>) =>
      tokens(
        JSON.stringify(['oauth2', spec.tokenURL, spec.scopes, spec.audience, id, secret]),
        () => fetchToken(spec, { id, secret }, egress, now),
        fresh,
      ),
    serviceAccount: (...[namespace, spec, fresh]: Parameters<Parameters<typeof readAccess>[2]['serviceAccount']>) =>
      tokens(
        JSON.stringify(['serviceAccount', namespace, spec.name, spec.audience]),
        () => makeServiceAccountToken(client, namespace, spec, now),
        fresh,
      ),
  }
  const ofSink = (sink: EventSink, fresh: boolean) =>
    readAccess(sink.spec.http, sink.metadata.namespace ?? '', readers, {
      fresh,
      requireLabel: policy().requireCredentialLabel,
      now: now(),
    })
  /** A subscription's own credentials, in a Secret of its namespace. */
  const own = (namespace: string, secret: string, fresh: boolean) =>
    readOwnCredentials(namespace, secret, readers.secret, { fresh, requireLabel: policy().requireCredentialLabel })
  return Object.assign(ofSink, { own })
}
