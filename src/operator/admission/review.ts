import { isDeepStrictEqual } from 'node:util'
import { sinkDefaults, sinkSettings } from '../../api/defaults.ts'
import type { EventSink, EventSubscription } from '../../api/generated.ts'
import schemas from '../../api/generated-schemas.json' with { type: 'json' }
import type { Policy } from '../../api/policy.ts'
import { checkSchema, type Schema } from '../../api/schema.ts'
import { serviceOf, sinkUrl } from '../../api/sink-url.ts'
import { accept, type Refusal, refuse, type Verdict } from '../../api/verdict.ts'
import { resolveHeaders } from '../../delivery/credentials.ts'
import type { KnownSources } from '../../filters/selection.ts'
import type { Format, FormatName } from '../../formats/format.ts'
import { type Fields, fields, list, text } from '../../sources/read.ts'
import { activationSpec, compileSubscription } from '../subscription.ts'

export type ReviewDeps = {
  sources: KnownSources
  formats: Readonly<Record<FormatName, Format>>
  /** Of the sinks and subscriptions that this operator serves; undefined: those without the label. */
  class: string | undefined
  /** Empty: all. Admin namespaces are served besides. */
  watchNamespaces: readonly string[]
  policy(): Policy
  /** Whether the egress guard lets a URL out, as far as that shows without resolving names. */
  checkUrl(url: string, toService?: boolean): Verdict<unknown>
}

/** What is answered; `warnings` are shown to whoever applies. */
export type Answer = { uid: string; refusal: Refusal | undefined; warnings: string[] }

/**
 * Judges what is applied by the code that reconciles it, as far as the object alone tells: nothing is looked up, nothing resolved. Refused is what
 * would be Stalled. Let through unlooked: objects of another class or namespace than the operator serves, and what leaves a spec as it was, so that
 * labels and finalizers of any object can be written. A change that leaves an old fault as it is passes with a warning.
 * A body that is no AdmissionReview is refused as ReviewInvalid.
 */
export function review(body: unknown, deps: ReviewDeps): Verdict<Answer> {
  const request = fields(fields(body).request)
  const uid = text(request.uid)
  if (fields(body).kind !== 'AdmissionReview' || fields(body).apiVersion !== 'admission.k8s.io/v1' || uid === undefined)
    return refuse('ReviewInvalid', 'the body must be an AdmissionReview of admission.k8s.io/v1, with a request')
  const pass = (...warnings: string[]) => accept({ uid, refusal: undefined, warnings })
  const judge = judgeOf(request)
  if (!judge || !isServed(request.object, deps) || fields(metadataOf(request.object)).deletionTimestamp !== undefined)
    return pass()
  const [strange] = problemsOf(request)
  if (strange) return pass(`not looked at: ${strange.path}: ${strange.message}`.slice(0, 256))
  const old = request.operation === 'UPDATE' && isServed(request.oldObject, deps) ? request.oldObject : undefined
  if (old !== undefined && isDeepStrictEqual(fields(old).spec, fields(request.object).spec)) return pass()
  const verdict = judge(request, request.object, deps)
  if (verdict.ok) return pass(...verdict.value)
  const { reason, message } = verdict
  const before = old === undefined ? undefined : judge(request, old, deps)
  if (before && !before.ok && before.reason === reason && before.message === message)
    return pass(`${reason}, as before: ${message}`)
  return accept({ uid, refusal: verdict, warnings: [] })
}

/**
 * What the schema of this version does not take, the API server lets no one apply: it comes from somebody else, and has no bounds, or of another version
 * of the CRDs, and is not ours to judge.
 */
const problemsOf = ({ kind, object }: Fields) =>
  checkSchema((schemas as Record<string, unknown>)[String(fields(kind).kind)] as Schema, fields(object).spec, 'spec')

/** The whole answer, as admission.k8s.io/v1 has it. */
export const reviewed = ({ uid, refusal, warnings }: Answer): object => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  response: {
    uid,
    allowed: refusal === undefined,
    ...(refusal && {
      status: { status: 'Failure', code: 422, reason: refusal.reason, message: refusal.message },
    }),
    ...(warnings.length > 0 && { warnings }),
  },
})

/** Gives the warnings. */
type Judge = (request: Fields, object: unknown, deps: ReviewDeps) => Verdict<string[]>

/** undefined: what was asked for is none of ours to judge. */
function judgeOf({ kind: given, operation, subResource }: Fields): Judge | undefined {
  const { group, version, kind } = fields(given)
  const written = operation === 'CREATE' || operation === 'UPDATE'
  if (!written || text(subResource) !== undefined || group !== 'carillon.dev' || version !== 'v1alpha1')
    return undefined
  if (kind === 'EventSubscription') return judgeSubscription
  return kind === 'EventSink' ? judgeSink : undefined
}

const metadataOf = (object: unknown) => fields(fields(object).metadata)

function isServed(object: unknown, { class: own, watchNamespaces, policy }: ReviewDeps): boolean {
  const { labels, namespace } = metadataOf(object)
  if (fields(labels)['carillon.dev/class'] !== own) return false
  const of = text(namespace) ?? ''
  return watchNamespaces.length === 0 || watchNamespaces.includes(of) || policy().adminNamespaces.has(of)
}

/** With what the API server may fill in only later. */
function named<T>(request: Fields, object: unknown): T {
  const { metadata, ...rest } = fields(object)
  const given = fields(metadata)
  const name = text(given.name) ?? text(request.name) ?? 'unnamed'
  const namespace = text(given.namespace) ?? text(request.namespace) ?? ''
  const creationTimestamp = text(given.creationTimestamp) ?? new Date(0).toISOString()
  return { ...rest, metadata: { uid: '', ...given, name, namespace, creationTimestamp } } as T
}

const judgeSubscription: Judge = (request, object, { sources, formats, policy }) => {
  const subscription = named<EventSubscription>(request, object)
  const compiled = compileSubscription(subscription, {
    sources,
    formats,
    policy: policy(),
    maxEventBytes: () => sinkDefaults.limits.maxEventBytes,
    parking: () => undefined,
  })
  if (!compiled.ok) return compiled
  const spec = activationSpec(subscription)
  return spec.ok ? accept([]) : spec
}

const judgeSink: Judge = (request, object, { checkUrl, policy }) => {
  const sink = named<EventSink>(request, object)
  const { http } = sink.spec
  const settings = sinkSettings(sink.spec, policy().defaults)
  if (!settings.ok) return settings
  const url = checkUrl(sinkUrl(sink), serviceOf(sink) !== undefined)
  if (!url.ok) return url
  const tokenURL = http.auth?.oauth2?.tokenURL
  const token = tokenURL === undefined ? accept(undefined) : checkUrl(tokenURL)
  if (!token.ok) return refuse(token.reason, `http.auth.oauth2.tokenURL: ${token.message}`)
  const headers = resolveHeaders(http, anyValue)
  return headers.ok ? accept(warningsOf(sink)) : headers
}

/** In the place of what Secrets hold, which is not read. */
const anyValue = Object.assign(() => accept('secret'), { has: () => true })

function warningsOf({ metadata, spec }: EventSink): string[] {
  const { http, deadLetters } = spec
  const isSecret = http.auth !== undefined || list(http.headers).some((one) => fields(one).valueFrom !== undefined)
  return [
    ...(isSecret && http.url?.startsWith('http://')
      ? ['http.url begins with http://: what auth and headers take from Secrets is sent in clear']
      : []),
    ...(deadLetters?.sinkRef?.name === metadata.name
      ? ['deadLetters.sinkRef names the sink itself: dead letters are kept, and sent to nobody']
      : []),
  ]
}
