import { type Refusal, refuse } from '../api/verdict.ts'

/** `spec.http.auth.serviceAccount`: a short-lived token of a ServiceAccount of the sink's namespace, for that audience. */
export type ServiceAccountSpec = { name: string; audience: string }

/** By it a ServiceAccount's owner says for which audience tokens of it may be sent out; of several, with commas between them. */
export const audienceAnnotation = 'carillon.dev/audience'

/** A ServiceAccount as the API gives it. */
export type Account = { metadata: { uid: string; annotations?: Record<string, string> | undefined } }

/** So long a token is asked for; Kubernetes makes it no shorter than 10 minutes. */
export const tokenSeconds = 3600

/** Why no token may be made of an account: whoever may create a sink could else send tokens of every account in the namespace to themselves. */
export function accountRefusal(
  namespace: string,
  { name, audience }: ServiceAccountSpec,
  account: { metadata: { annotations?: Record<string, string> | undefined } } | undefined,
): Refusal | undefined {
  if (!account)
    return refuse('ServiceAccountNotFound', `ServiceAccount ${name} was not found in namespace ${namespace}.`)
  const allowed = (account.metadata.annotations?.[audienceAnnotation] ?? '').split(',').map((one) => one.trim())
  if (allowed.includes(audience)) return undefined
  const command = `kubectl -n ${namespace} annotate serviceaccount ${name} ${audienceAnnotation}=${audience}`
  return refuse(
    'ServiceAccountNotAllowed',
    `ServiceAccount ${name} does not let its tokens be sent out for this audience; to allow it: ${command}`,
  )
}

export const apiServerAudience = refuse(
  'AudienceNotAllowed',
  'The API server itself takes tokens of this audience: a sink could act as the account. Give the audience that the sink checks.',
)
