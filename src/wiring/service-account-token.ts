import { refuse, type Verdict } from '../api/verdict.ts'
import type { Token } from '../delivery/oauth2.ts'
import {
  accountRefusal,
  apiServerAudience,
  type ServiceAccountSpec,
  tokenSeconds,
} from '../delivery/service-account.ts'
import type { KubeClient } from '../kube/client.ts'
import { KubeError } from '../kube/errors.ts'
import { pathOf } from '../kube/path.ts'
import { getObject } from '../kube/resources.ts'

const accounts = { group: '', version: 'v1', plural: 'serviceaccounts' }

/**
 * A token by TokenRequest, for an account whose annotation allows the audience. It is tried on the API server first: one that it takes never
 * leaves the process. Throws nothing.
 */
export async function makeServiceAccountToken(
  client: KubeClient,
  namespace: string,
  spec: ServiceAccountSpec,
  now: () => number,
): Promise<Verdict<Token>> {
  try {
    const account = await getObject(client, accounts, namespace, spec.name)
    return accountRefusal(namespace, spec, account) ?? (await mint(client, namespace, spec, now()))
  } catch (error) {
    const status = error instanceof KubeError && error.status !== undefined ? ` (HTTP ${error.status})` : ''
    return refuse('TokenUnavailable', `The API server could not be asked for a token${status}; it is tried again.`)
  }
}

async function mint(
  client: KubeClient,
  namespace: string,
  { name, audience }: ServiceAccountSpec,
  now: number,
): Promise<Verdict<Token>> {
  const response = await client.request({
    method: 'POST',
    path: pathOf(accounts, namespace, name, 'token'),
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [audience], expirationSeconds: tokenSeconds },
    },
  })
  if (response.status === 403)
    return refuse(
      'TokenUnavailable',
      'The operator may not make tokens of ServiceAccounts; an admin allows it with rbac.serviceAccountTokens of the chart.',
    )
  if (response.status !== 201)
    return refuse('TokenUnavailable', `The API server gave no token (HTTP ${response.status}); it is tried again.`)
  const { token = '', expirationTimestamp = '' } =
    (response.json() as { status?: { token?: string; expirationTimestamp?: string } }).status ?? {}
  const review = await client.requestAs(token, {
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  })
  if (review.status === 401)
    return { ok: true, value: { value: token, expires: Date.parse(expirationTimestamp) || now } }
  if (review.status === 201 || review.status === 403) return apiServerAudience
  return refuse('TokenUnavailable', `The API server did not judge a token (HTTP ${review.status}); it is tried again.`)
}
