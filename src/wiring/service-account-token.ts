import { refuse, type Verdict } from '../api/verdict.ts'
import type { Token } from '../delivery/oauth2.ts'
import {
  type Account,
  accountRefusal,
  apiServerAudience,
  type ServiceAccountSpec,
  tokenSeconds,
} from '../delivery/service-account.ts'
import type { GetToken } from '../delivery/tokens.ts'
import type { KubeClient } from '../kube/client.ts'
import { KubeError } from '../kube/errors.ts'
import { pathOf } from '../kube/path.ts'

const accounts = { group: '', version: 'v1', plural: 'serviceaccounts' }

/**
 * Tokens by TokenRequest, of accounts whose annotation allows the audience: looked at as often as Secrets are, so that one who takes it back is
 * heard. Each token is tried on the API server first: one that it takes never leaves the process. Throws nothing.
 */
export function serviceAccountTokens(
  client: KubeClient,
  account: (namespace: string, name: string, fresh: boolean) => Promise<Account | undefined>,
  tokens: GetToken,
  now: () => number,
) {
  return async (namespace: string, spec: ServiceAccountSpec, fresh: boolean): Promise<Verdict<string>> => {
    try {
      const found = await account(namespace, spec.name, fresh)
      const refusal = accountRefusal(namespace, spec, found)
      if (refusal) return refusal
      const form = JSON.stringify(['serviceAccount', spec.name, spec.audience, found?.metadata.uid])
      return await tokens(namespace, form, () => mint(client, namespace, spec, now()), fresh)
    } catch (error) {
      const status = error instanceof KubeError && error.status !== undefined ? ` (HTTP ${error.status})` : ''
      return refuse('TokenUnavailable', `The API server could not be asked for a token${status}; it is tried again.`)
    }
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
