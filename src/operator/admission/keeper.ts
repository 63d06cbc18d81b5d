import { X509Certificate } from 'node:crypto'
import type { KubeClient } from '../../kube/client.ts'
import { pathOf, type Resource } from '../../kube/path.ts'
import { getObject } from '../../kube/resources.ts'
import { expectOk } from '../../kube/response.ts'
import { fields, list, text } from '../../sources/read.ts'
import { bundleOf, fromSecret, type Kept, type Lives, renew, toSecret } from './renewal.ts'

export type KeeperDeps = {
  client: KubeClient
  /** The operator's own. */
  namespace: string
  /** Of the Secret that is there, empty at first. */
  secret: string
  /** Of the ValidatingWebhookConfiguration. */
  configuration: string
  /** What the certificate is for. */
  hosts: readonly string[]
  lives: Lives
  now(): number
  /** Serves with these from now on; those who are connected stay. */
  serve(identity: { cert: string; key: string }): void
  log: { info(fields: object, message: string): void }
}

const secrets: Resource = { group: '', version: 'v1', plural: 'secrets' }
const configurations: Resource = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'validatingwebhookconfigurations',
}

/** How long what was served before is still trusted, ms: other instances see that the Secret was emptied up to ten seconds later. */
const partingMs = 30_000

/**
 * Gives what is to be done every few seconds: reads the Secret, renews in it what is due, has the API server trust it, and serves with it. Several
 * instances may do so at once: whoever writes first wins, and the others read that. True: there is more to be done, soon. Throws a KubeError, or an Error that says what to do.
 */
export function certificateKeeper(deps: KeeperDeps): () => Promise<boolean> {
  let served: X509Certificate | undefined
  let parted: { certificate: X509Certificate; at: number } | undefined
  return async () => {
    const kept = await keep(deps)
    const { certificate, key } = kept.leaf
    if (parted && Math.abs(deps.now() - parted.at) >= partingMs) parted = undefined
    const inUse = [served, parted?.certificate].filter((one) => one !== undefined)
    const known = await trust(deps, bundleOf(kept), inUse)
    const cert = certificate.toString()
    if (cert === served?.toString()) return false
    // What the API server was told of just now it may not know yet: what is served goes on for one more round.
    if (served && !known.some((one) => certificate.verify(one.publicKey))) return true
    deps.serve({ cert, key: key.export({ type: 'pkcs8', format: 'pem' }) as string })
    parted = served && { certificate: served, at: deps.now() }
    served = certificate
    const { validTo } = certificate
    deps.log.info({ secret: deps.secret, hosts: deps.hosts, validTo }, 'the webhook serves with a certificate')
    return true
  }
}

async function keep(deps: KeeperDeps): Promise<Kept> {
  const { client, namespace, secret, hosts, now, lives } = deps
  for (;;) {
    const found = await getObject(client, secrets, namespace, secret)
    if (!found) {
      throw new Error(
        `Secret ${secret} of namespace ${namespace}, which is to hold the webhook's certificate, is not there: the chart makes it (helm upgrade), or make an empty one`,
      )
    }
    const kept = fromSecret(fields(found.data))
    const renewed = renew(kept, hosts, now(), lives)
    if (renewed === kept) return kept
    const path = pathOf(secrets, namespace, secret)
    const response = await client.request({ method: 'PUT', path, body: { ...found, data: toSecret(renewed) } })
    // Another instance was faster: what it made is read.
    if (response.status === 409) continue
    expectOk(response)
    deps.log.info({ secret }, kept ? "the webhook's certificate was renewed" : "the webhook's certificate was made")
    return renewed
  }
}

/** Has the API server trust the bundle, and besides only who has signed what is in use; gives what it trusted before. */
async function trust(
  { client, configuration, log }: KeeperDeps,
  bundle: string,
  inUse: readonly X509Certificate[],
): Promise<X509Certificate[]> {
  const found = await getObject(client, configurations, undefined, configuration)
  if (!found) {
    throw new Error(
      `ValidatingWebhookConfiguration ${configuration}, which has the API server ask the webhook, is not there: the chart makes it with webhook.enabled`,
    )
  }
  const webhooks = list(found.webhooks).map(fields)
  const before = webhooks.flatMap((one) => certificatesIn(decoded(fields(one.clientConfig).caBundle)))
  const bundled = certificatesIn(bundle)
  const signs = (leaf: X509Certificate) => (one: X509Certificate) => leaf.verify(one.publicKey)
  // A Secret that was emptied says nothing any more of whom it is that is served until the next round.
  const unsaid = inUse.filter((leaf) => !bundled.some(signs(leaf))).flatMap((leaf) => before.find(signs(leaf)) ?? [])
  const still = [...new Set(unsaid.map(String))]
  const caBundle = Buffer.from(bundle + still.join('')).toString('base64')
  const others = webhooks.filter((one) => text(fields(one.clientConfig).caBundle) !== caBundle)
  if (others.length === 0) return before
  const told = others.map(({ name }) => ({ name, clientConfig: { caBundle } }))
  expectOk(
    await client.request({
      method: 'PATCH',
      path: pathOf(configurations, undefined, configuration),
      query: { fieldManager: 'carillon' },
      // The others' fields, and whatever else is in the list, stay.
      contentType: 'application/strategic-merge-patch+json',
      body: { webhooks: told },
    }),
  )
  log.info({ configuration }, 'the API server was told which authority the webhook has')
  return before
}

const decoded = (caBundle: unknown): string => Buffer.from(text(caBundle) ?? '', 'base64').toString()

function certificatesIn(pem: string): X509Certificate[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).flatMap((one) => {
    try {
      return [new X509Certificate(one)]
    } catch {
      return [] // Whatever somebody wrote there is replaced.
    }
  })
}
