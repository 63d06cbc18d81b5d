import type { KubeClient } from './client.ts'
import { expectOk } from './response.ts'

/** Whom a token is of, as the API server says. */
export type User = { username: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> }

const timeoutMs = 5_000

/**
 * Whose token it is; undefined where the API server does not take it. TokenReview, authentication.k8s.io/v1. Throws a KubeError where the
 * API server can't be asked.
 */
export async function reviewToken(client: Pick<KubeClient, 'request'>, token: string): Promise<User | undefined> {
  const { authenticated, user } = await review<{ authenticated?: boolean; user?: User }>(
    client,
    'authentication.k8s.io',
    'TokenReview',
    { token },
  )
  return authenticated === true && user?.username ? user : undefined
}

/** Whether the user may get a path that is no resource's, as /metrics. SubjectAccessReview, authorization.k8s.io/v1. Throws a KubeError. */
export async function mayGet(client: Pick<KubeClient, 'request'>, user: User, path: string): Promise<boolean> {
  const { username, uid, groups, extra } = user
  const spec = { user: username, uid, groups, extra, nonResourceAttributes: { path, verb: 'get' } }
  const { allowed } = await review<{ allowed?: boolean }>(client, 'authorization.k8s.io', 'SubjectAccessReview', spec)
  return allowed === true
}

async function review<T extends object>(
  client: Pick<KubeClient, 'request'>,
  group: string,
  kind: string,
  spec: object,
): Promise<Partial<T>> {
  const response = await client.request({
    method: 'POST',
    path: `/apis/${group}/v1/${kind.toLowerCase()}s`,
    body: { apiVersion: `${group}/v1`, kind, spec },
    timeoutMs,
    maxBytes: 256 * 1024,
  })
  const answer = expectOk(response).json() as { status?: Partial<T> } | null
  return answer?.status ?? {}
}
