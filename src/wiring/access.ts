import { hash } from 'node:crypto'
import type { EventSink } from '../api/generated.ts'
import { keyOf } from '../api/object.ts'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { certificateBounds } from '../delivery/certificate-bounds.ts'
import { CertificateStore } from '../delivery/certificate-store.ts'
import { readOwnCredentials } from '../delivery/own-credentials.ts'
import { readAccess } from '../delivery/read-access.ts'
import { fetchToken } from '../delivery/token-endpoint.ts'
import { tokenStore } from '../delivery/tokens.ts'
import { credentialReads } from './credential-reads.ts'
import { lately } from './late.ts'
import { type Ground, now } from './parts.ts'
import { serviceAccountTokens } from './service-account-token.ts'

export type AccessReader = ReturnType<typeof accessReader>

type Readers = Parameters<typeof readAccess>[2]

/** Reads what a sink asks of requests, with what its Secrets, ConfigMaps and tokens hold now. */
export function accessReader({ client, egress, policy }: Pick<Ground, 'client' | 'egress' | 'policy'>) {
  const reads = credentialReads(client)
  const tokens = tokenStore(now)
  const certificates = new CertificateStore(now, certificateBounds(process.constrainedMemory()))
  const readers: Readers = {
    examine: (...of) => certificates.examine(...of),
    secret: reads.secret,
    configMap: reads.configMap,
    oauth2: (...[namespace, spec, { id, secret }, fresh, tls]: Parameters<Readers['oauth2']>) =>
      tokens(
        namespace,
        JSON.stringify(['oauth2', spec.tokenURL, spec.scopes, spec.audience, id, secret, tls?.authorities && tls.form]),
        async () => {
          const release = tls?.lease?.hold()
          const token = fetchToken(spec, { id, secret }, { egress, now, namespace, authorities: tls?.authorities })
          return token.finally(release)
        },
        fresh,
      ),
    serviceAccount: serviceAccountTokens(client, reads.account, tokens, now),
  }
  const ofSink = (sink: EventSink, fresh: boolean, of = readers) =>
    readAccess(sink.spec.http, sink.metadata.namespace ?? '', of, {
      sink: sink.metadata.name ?? '',
      fresh,
      requireLabel: policy().requireCredentialLabel,
      now: now(),
    })
  const later = lately<Verdict<string>>(now)
  /**
   * Whether a sink's credentials can be had, waiting for no place that its owner names: a token URL that does not answer would hold up all others.
   * Until it has answered, what was true of the sink is; `again` when it has.
   */
  const check = (sink: EventSink, fresh: boolean, again: () => void) =>
    ofSink(sink, fresh, {
      ...readers,
      async oauth2(namespace, spec, client, anew, tls) {
        const about = [keyOf(sink), sink.metadata.generation, client.id, client.secret, tls?.form]
        const form = hash('sha256', JSON.stringify(about))
        const ask = async () => {
          const token = await readers.oauth2(namespace, spec, client, anew, tls)
          // Whether there is one is all that is kept of it.
          return token.ok ? accept('') : token
        }
        const found = await later(form, ask, again)
        return found ?? (wasReady(sink) ? accept('') : unanswered)
      },
    })
  /** A subscription's own credentials, in a Secret of its namespace. */
  const own = (namespace: string, secret: string, fresh: boolean) =>
    readOwnCredentials(namespace, secret, readers.secret, { fresh, requireLabel: policy().requireCredentialLabel })
  return Object.assign(ofSink, { own, check })
}

const unanswered = refuse('TokenUnavailable', 'The token URL of http.auth.oauth2 has not answered yet.')

/** By its status. */
const wasReady = ({ metadata, status }: EventSink): boolean =>
  (status?.conditions ?? []).some(
    ({ type, status: is, observedGeneration }) =>
      type === 'Ready' && is === 'True' && observedGeneration === metadata.generation,
  )
