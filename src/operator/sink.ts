import { type SinkDefaults, sinkSettings } from '../api/defaults.ts'
import type { EventSink } from '../api/generated.ts'
import { keyOf } from '../api/object.ts'
import { defaultPolicy, type Policy } from '../api/policy.ts'
import { serviceOf, sinkUrl } from '../api/sink-url.ts'
import type { Refusal, Verdict } from '../api/verdict.ts'
import type { Readiness } from '../status/summarise.ts'
import { requestedAt } from './requests.ts'
import type { SinkState } from './state.ts'

/** What was found out about a sink before it is judged. */
export type SinkChecks = {
  /** Whether the egress guard lets its URL out, as far as that shows without resolving names. */
  url: Verdict<URL>
  /** Of a sink that names a Service: whether it may, as far as the Service alone tells. */
  service?: Verdict<unknown> | undefined
  /** Whether its Secrets hold what its headers and auth refer to. */
  credentials: Verdict<unknown>
}

/** What may become right though the sink stays as it is: a Secret or a Service comes, or somebody changes it. */
export const isLookedAtAgain = ({ kind, reason }: Readiness): boolean =>
  kind === 'waiting' || (kind === 'stalled' && reason === 'ServiceNotAllowed')

/** A sink's state from its spec, what was found out, and what the administrator decides: pure. */
export function judgeSink(
  object: EventSink,
  checks: SinkChecks | Refusal,
  { defaults, egress }: Pick<Policy, 'defaults' | 'egress'> = defaultPolicy,
): SinkState {
  // Of a sink that is not served, nothing is found out.
  if ('ok' in checks) return unusable(object, checks, defaults)
  const settings = sinkSettings(object.spec, defaults)
  if (!settings.ok) return unusable(object, settings, defaults)
  const { mode, batch, timeout, retry, limits, deadLetters, suspend } = settings.value
  const { eventsPerSecond } = limits
  const service = serviceOf(object)
  return {
    object,
    readiness: readiness(checks, suspend),
    maxEventBytes: limits.maxEventBytes,
    maxPending: { rows: limits.maxPending, bytes: limits.maxPendingBytes },
    deadLetters,
    runtime: {
      key: keyOf(object),
      epoch: `${object.metadata.uid} ${object.metadata.generation} ${requestedAt(object) ?? ''}`,
      door: egress,
      url: sinkUrl(object),
      ...(service && { service }),
      mode,
      ...(object.spec.http.validation && { validation: object.spec.http.validation }),
      ...(batch && { batch: { maxEvents: batch.maxEvents, maxDelayMs: batch.maxDelay } }),
      timeoutMs: timeout,
      concurrency: limits.concurrency,
      ...(eventsPerSecond === undefined ? {} : { eventsPerSecond }),
      retry: { maxAgeMs: retry.maxAge, initialDelayMs: retry.initialDelay, maxDelayMs: retry.maxDelay },
      suspend,
      ...(object.spec.allowBody && { allowBody: true }),
      ...(deadLetters.sink === undefined ? {} : { parking: `${object.metadata.namespace ?? ''}/${deadLetters.sink}` }),
    },
  }
}

const unusable = (
  object: EventSink,
  { reason, message }: Refusal,
  { limits, deadLetters }: SinkDefaults,
): SinkState => ({
  object,
  readiness: { kind: 'stalled', reason, message },
  runtime: undefined,
  maxEventBytes: limits.maxEventBytes,
  maxPending: { rows: limits.maxPending, bytes: limits.maxPendingBytes },
  deadLetters,
})

function readiness({ url, service, credentials }: SinkChecks, suspend: boolean): Readiness {
  if (!url.ok) return { kind: 'stalled', reason: url.reason, message: url.message }
  if (service?.ok === false) {
    const { reason, message } = service
    // A Service may come; one that may not be named has to be changed by somebody.
    return { kind: reason === 'ServiceNotAllowed' ? 'stalled' : 'waiting', reason, message }
  }
  if (!credentials.ok) {
    const { reason, message } = credentials
    // A header is wrong in the spec itself; a Secret may come, or be corrected.
    return { kind: reason === 'InvalidHeader' ? 'stalled' : 'waiting', reason, message }
  }
  if (suspend) return { kind: 'ready', reason: 'Suspended', message: 'suspended: deliveries wait' }
  return { kind: 'ready', reason: 'Ready', message: 'ready to deliver' }
}
