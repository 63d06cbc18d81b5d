import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { KubeError } from '../kube/errors.ts'
import type { Access } from './access.ts'
import type { Examine, TlsMaterial } from './certificates.ts'
import { type CredentialSpec, resolveHeaders, secretsNeeded } from './credentials.ts'
import type { OAuth2Spec } from './oauth2.ts'
import { keyReader, type ReadKey, type Secret } from './read-key.ts'
import type { ConfigMapReader, SecretReader } from './secrets.ts'
import type { ServiceAccountSpec } from './service-account.ts'
import { compileSigner } from './signing.ts'
import { bundleKeys, type ConfigMap, compileTls } from './tls-material.ts'

export type Readers = {
  secret: SecretReader
  configMap: ConfigMapReader
  /** Of certificates; each time anew when left out. */
  examine?: Examine
  /** By client credentials; `tls` is the sink's. */
  oauth2(
    namespace: string,
    spec: OAuth2Spec,
    client: Client,
    fresh: boolean,
    tls: TlsMaterial | undefined,
  ): Promise<Verdict<string>>
  /** Of a ServiceAccount of the sink's namespace. */
  serviceAccount(namespace: string, spec: ServiceAccountSpec, fresh: boolean): Promise<Verdict<string>>
}

type Options = { sink: string; fresh: boolean; requireLabel: boolean; now: number }

/**
 * What a sink asks of requests, with what its Secrets and ConfigMaps hold now. Reasons are those of `resolveHeaders`, `compileTls`,
 * `compileSigner` and the readers of tokens, and SecretUnreadable where the API did not give one of them (rights, no connection).
 */
export async function readAccess(
  spec: CredentialSpec,
  namespace: string,
  readers: Readers,
  options: Options,
): Promise<Verdict<Access>> {
  const compiled = await readCompiled(spec, namespace, readers, options)
  if (!compiled.ok) return compiled
  const { headers, tls, sign, client } = compiled.value
  // Last of all, so that no token is asked for in vain; it may take long, and nothing of what was read is held meanwhile.
  const token = await readToken(spec, namespace, client, tls, readers, options.fresh)
  if (!token.ok) return token
  return accept({ headers: { ...headers, ...(token.value && { authorization: `Bearer ${token.value}` }) }, tls, sign })
}

type Client = { id: string; secret: string }

async function readCompiled(
  spec: CredentialSpec,
  namespace: string,
  readers: Readers,
  options: Options,
): Promise<Verdict<Access & { client: Client | undefined }>> {
  const { sink, fresh, requireLabel, now } = options
  const needed = [...secretsNeeded(spec)]
  // All are asked for at once, so that those of one sink have their turns one after the other.
  const bundleRead = readBundle(spec, namespace, readers, fresh)
  const reads = await Promise.allSettled(
    needed.map(([name, keys]) => readers.secret(namespace, name, { keys, requireLabel }, fresh)),
  )
  const bundle = await bundleRead
  const secrets = new Map<string, Secret | undefined>()
  for (const [at, [name]] of needed.entries()) {
    const result = reads[at]
    if (result?.status !== 'fulfilled')
      return refuse('SecretUnreadable', unreadable(`Secret ${name}`, namespace, result?.reason))
    secrets.set(name, result.value)
  }
  const read = keyReader(secrets, namespace, requireLabel)
  const headers = resolveHeaders(spec, read)
  if (!headers.ok) return headers
  if (!bundle.ok) return bundle
  const examine = readers.examine && { examine: readers.examine }
  const tls = compileTls(spec, read, bundle.value, { namespace, sink, now, ...examine })
  if (!tls.ok) return tls
  const sign = spec.signing ? compileSigner(spec.signing, read) : accept(undefined)
  if (!sign.ok) return sign
  const client = readClient(spec, read)
  if (!client.ok) return client
  return accept({ headers: headers.value, tls: tls.value, sign: sign.value, client: client.value })
}

/** Never rejects. */
async function readBundle(
  { caConfigMapRef }: CredentialSpec,
  namespace: string,
  { configMap }: Readers,
  fresh: boolean,
): Promise<Verdict<ConfigMap | undefined>> {
  if (!caConfigMapRef) return accept(undefined)
  try {
    return accept(await configMap(namespace, caConfigMapRef.name, bundleKeys(caConfigMapRef), fresh))
  } catch (error) {
    return refuse('SecretUnreadable', unreadable(`ConfigMap ${caConfigMapRef.name}`, namespace, error))
  }
}

function readClient({ auth }: CredentialSpec, read: ReadKey): Verdict<Client | undefined> {
  if (!auth?.oauth2) return accept(undefined)
  const { name } = auth.oauth2.secretRef
  const id = read(name, 'client-id')
  if (!id.ok) return id
  const secret = read(name, 'client-secret')
  return secret.ok ? accept({ id: id.value, secret: secret.value }) : secret
}

/** The token that is asked for at each time; undefined where none is. */
async function readToken(
  { auth }: CredentialSpec,
  namespace: string,
  client: Client | undefined,
  tls: TlsMaterial | undefined,
  readers: Readers,
  fresh: boolean,
): Promise<Verdict<string | undefined>> {
  if (auth?.serviceAccount) return readers.serviceAccount(namespace, auth.serviceAccount, fresh)
  return auth?.oauth2 && client ? readers.oauth2(namespace, auth.oauth2, client, fresh, tls) : accept(undefined)
}

export function unreadable(what: string, namespace: string, error: unknown): string {
  const why =
    error instanceof KubeError && error.reason === 'TooLarge'
      ? ' (it is larger than 2 MiB)'
      : typeof error === 'object' && error !== null && 'status' in error && Number.isInteger(error.status)
        ? ` (HTTP ${error.status})`
        : ''
  return `${what} in namespace ${namespace} could not be read from the API server${why}; it is tried again.`
}
