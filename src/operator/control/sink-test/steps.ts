import type { Refusal, Verdict } from '../../../api/verdict.ts'
import type { Answer } from '../../../delivery/attempt.ts'
import { decide } from '../../../delivery/decide.ts'
import type { SinkRuntime } from '../../../delivery/sink.ts'
import type { SinkTestStep } from '../api.ts'
import { adviceOf } from './advice.ts'

/** One request as it went; `connected`: there was a connection for it. */
export type Exchanged = { answer: Answer; connected: boolean }

/** What was found out on the way, as far as it went. */
export type Trial = {
  sink: Pick<SinkRuntime, 'mode' | 'retry' | 'service' | 'validation'>
  url: Verdict<URL>
  credentials?: Verdict<unknown> | undefined
  /** To the validation request; its answer is that of the attempt, where the sink did not agree. */
  asked?: (Exchanged & { agreed: boolean }) | undefined
  sent?: Exchanged | undefined
  /** The last answer, whatever it was to. */
  heard?: Answer | undefined
}

type Name = SinkTestStep['step']

/** Classes of failures that say of themselves where it ended. */
const places: Readonly<Record<string, Name>> = {
  HostNotFound: 'address',
  DNSFailed: 'address',
  AddressRefused: 'address',
  PortRefused: 'url',
  ServiceNotFound: 'address',
  ServiceNotAllowed: 'address',
  ServiceNotReady: 'address',
  ServiceUnreadable: 'address',
  InvalidURL: 'url',
  TLSFailed: 'tls',
  CredentialsMissing: 'credentials',
  InvalidHeader: 'request',
  InvalidEvent: 'request',
}

/** What was tried, step by step, in the order in which a delivery goes; what comes after a step that failed was not tried. */
export function stepsOf(trial: Trial, now: number): SinkTestStep[] {
  const { sink, url } = trial
  const names: Name[] = ['url', 'credentials', 'address', 'connection']
  if (url.ok && url.value.protocol === 'https:') names.push('tls')
  if (sink.validation) names.push('validation')
  names.push('request', 'answer')
  const failed = failureOf(trial, names, now)
  const end = failed ? names.indexOf(failed.step) : names.length
  return names.map((step, at) => {
    if (failed && at === end) return { ...failed, result: 'failed' }
    return { step, result: at < end ? 'ok' : 'skipped', ...(at < end && { message: saidOf(step, trial) }) }
  })
}

type Failed = { step: Name; reason: string; message: string; advice?: string }

function failureOf({ sink, url, credentials, asked, sent }: Trial, names: Name[], now: number): Failed | undefined {
  if (!url.ok) return refused('url', url)
  if (credentials && !credentials.ok) return refused('credentials', credentials)
  if (asked && !asked.agreed) return at(asked, 'validation')
  return sent && at(sent, 'answer')

  function at({ answer, connected }: Exchanged, last: Name): Failed | undefined {
    const outcome = decide(answer, {
      attempts: 0,
      firstAttempt: undefined,
      now,
      random: () => 1,
      retry: sink.retry,
      canShrink: false,
    })
    if (outcome.kind === 'delivered') return undefined
    const place = answer.kind === 'response' || connected ? last : placeOf(answer.class, names)
    return refused(place, outcome)
  }
}

/** Where an attempt ended that got no connection: whoever hangs up on TLS does so while it is being agreed upon. */
function placeOf(kind: string, names: readonly Name[]): Name {
  const place = places[kind] ?? (kind === 'ConnectionReset' ? 'tls' : 'connection')
  return names.includes(place) ? place : 'connection'
}

function refused(step: Name, { reason, message }: Pick<Refusal, 'reason' | 'message'>): Failed {
  const advice = adviceOf(reason)
  return { step, reason, message, ...(advice && { advice }) }
}

function saidOf(step: Name, { sink, url, asked, sent }: Trial): string {
  switch (step) {
    case 'url':
      return url.ok ? `${url.value.origin}${url.value.pathname}` : ''
    case 'address':
      return sink.service ? `Pods of Service ${sink.service.name}` : 'permitted'
    case 'validation':
      return asked ? `agreed to events from ${sink.validation?.origin}` : ''
    case 'request':
      return `POST, mode ${sink.mode}`
    case 'answer':
      return sent?.answer.kind === 'response' ? `HTTP ${sent.answer.status}` : ''
    default:
      return ''
  }
}
