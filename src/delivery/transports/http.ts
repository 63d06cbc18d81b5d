import packageJson from '../../../package.json' with { type: 'json' }
import { nameUuid } from '../../formats/attributes.ts'
import { type HttpMessage, toBatch, toBinary, toStructured } from '../../formats/binding.ts'
import type { Answer } from '../attempt.ts'
import type { AgentOptions, Dispatcher, Egress } from '../egress.ts'
import { type Asked, originHeader, type Validation, validationHeaders } from '../validation.ts'
import { Agents } from './agents.ts'
import { Exchange } from './exchange.ts'
import type { SendOptions, Transport } from './transport.ts'

export type HttpOptions = {
  /** Of the sink. */
  namespace?: string
  url: string
  /** With `batch` an event that goes alone, by `send`, is structured. */
  mode: 'binary' | 'structured' | 'batch'
  /** Who sends: whom the sink was asked for is named in each request. */
  validation?: Validation | undefined
  /** The whole attempt: connecting, sending, the answer's head and body. */
  timeoutMs: number
  /** Within the attempt, how long connecting may take; 5 s when left out. */
  connectTimeoutMs?: number
  connections: number
  egress: Egress
  /** Of a Service's Pods; left out, whatever the URL's host resolves to is connected to. */
  endpoints?: AgentOptions['endpoints']
  /** Wall clock, ms since the epoch: signatures tell it. `Date.now` when left out. */
  now?: () => number
}

const encoders = { binary: toBinary, structured: toStructured, batch: toStructured }

const userAgent = `carillon/${packageJson.version}`

/** A connection that is not made by then won't be: who drops packets must not hold an attempt for as long as who thinks. */
const maxConnectMs = 5_000

/** Events over HTTP/1.1, a POST each or several in one (CloudEvents HTTP binding). Never throws, and never follows a redirect. */
export function httpTransport(options: HttpOptions): Transport {
  const {
    url,
    namespace,
    mode,
    timeoutMs,
    connectTimeoutMs = maxConnectMs,
    connections,
    egress,
    endpoints,
    validation,
    now = Date.now,
  } = options
  const target = egress.check(url, endpoints !== undefined)
  if (!target.ok) return unreachable(ofGuard.find((one) => one === target.reason) ?? 'InvalidURL', target.message)
  const agents = new Agents((tls) =>
    egress.agent({
      namespace,
      connections,
      connectTimeoutMs: Math.min(timeoutMs, connectTimeoutMs),
      tls,
      endpoints,
    }),
  )
  const { origin, pathname, search } = target.value
  const path = pathname + search
  const encode = encoders[mode]
  const sender: Readonly<Record<string, string>> = validation ? { [originHeader]: validation.origin } : {}
  let underWay = 0
  /** Of an exchange: once the last one is over, connections are kept open only where there are not too many. */
  const begin = <T>(resolve: (answer: T) => void) => {
    underWay += 1
    return (answer: T) => {
      underWay -= 1
      resolve(answer)
      if (underWay === 0 && namespace !== undefined && egress.isCrowded(namespace)) agents.rest()
    }
  }
  const dispatch = (
    message: Omit<Dispatcher.DispatchOptions, 'origin' | 'path'>,
    tls: SendOptions['tls'],
    exchange: Exchange,
  ) => agents.of(tls).dispatch({ origin, path, ...message }, exchange)
  const post = <T>(make: (of: T) => HttpMessage, of: T, ids: readonly string[], send: SendOptions): Promise<Answer> => {
    const { headers, sign, signal, tls } = send
    if (signal.aborted) return Promise.resolve(failure('Aborted', 'The attempt was called off.'))
    if (!isSendable(headers)) return Promise.resolve(failure('InvalidHeader', badHeader))
    const message = encoded(make, of)
    if (!message || !isSendable(message.headers)) return Promise.resolve(failure('InvalidEvent', badEvent))
    const signature = sign?.(ids.length === 1 ? (ids[0] ?? '') : nameUuid(['batch', ...ids]), message.body ?? '', now())
    return new Promise((resolve) => {
      const exchange = new Exchange(begin(resolve), timeoutMs, send)
      const all = flatten({ ...message.headers, ...signature, ...sender }, headers)
      dispatch({ method: 'POST', headers: all, body: message.body ?? null }, tls, exchange)
    })
  }
  return {
    send: (event, send) => post(encode, event, [event.id], send),
    sendBatch: (events, send) =>
      post(
        toBatch,
        events,
        events.map(({ id }) => id),
        send,
      ),
    ask(of, send) {
      const { headers, signal, tls } = send
      if (signal.aborted) return Promise.resolve(unasked('Aborted', 'The attempt was called off.'))
      if (!isSendable(headers)) return Promise.resolve(unasked('InvalidHeader', badHeader))
      return new Promise((resolve) => {
        const answered = begin(resolve)
        const exchange: Exchange = new Exchange((answer) => answered(heard(answer, exchange)), timeoutMs, send)
        dispatch({ method: 'OPTIONS', headers: flatten(validationHeaders(of), common(headers)) }, tls, exchange)
      })
    },
    [Symbol.asyncDispose]: () => agents[Symbol.asyncDispose](),
  }
}

/** Undefined where the event's stored attributes are no attributes: a poison event must not stop those behind it. */
function encoded<T>(encode: (of: T) => HttpMessage, of: T): HttpMessage | undefined {
  try {
    return encode(of)
  } catch {
    return undefined
  }
}

const heard = (answer: Answer, exchange: Exchange): Asked => ({
  answer,
  allowedOrigin: exchange.header('webhook-allowed-origin'),
  allowedRate: exchange.header('webhook-allowed-rate'),
})

const unasked = (...why: Parameters<typeof failure>): Asked => ({
  answer: failure(...why),
  allowedOrigin: undefined,
  allowedRate: undefined,
})

/** Headers of the sink, without those that speak of the event. */
const common = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('carillon-')))

/** What the guard says of URLs that make sense. */
const ofGuard = ['AddressRefused', 'PortRefused'] as const
type Unreachable = 'InvalidURL' | (typeof ofGuard)[number]

const badHeader = "A header of the sink's spec cannot be sent: names are tokens, values hold printable ASCII only."
const badEvent = 'The event cannot be sent: an attribute does not fit into a header.'

const failure = (kind: Unreachable | 'Aborted' | 'InvalidHeader' | 'InvalidEvent', message: string): Answer => ({
  kind: 'failure',
  class: kind,
  message,
  durationMs: 0,
})

/** The way to an address that is none: each attempt says why. */
const unreachable = (kind: Unreachable, message: string): Transport => ({
  send: async () => failure(kind, message),
  sendBatch: async () => failure(kind, message),
  ask: async () => unasked(kind, message),
  [Symbol.asyncDispose]: async () => undefined,
})

const unsendable = /[^\t\x20-\x7e]/
const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/

function isSendable(headers: Readonly<Record<string, string>>): boolean {
  for (const name in headers) if (unsendable.test(headers[name] ?? '') || !token.test(name)) return false
  return true
}

/** Names and values in turn, as undici takes them fastest. The event's own headers can't be replaced by others. */
function flatten(event: Readonly<Record<string, string>>, others: Readonly<Record<string, string>>): string[] {
  const flat = ['user-agent', userAgent]
  for (const name in event) flat.push(name, event[name] ?? '')
  for (const name in others)
    if (!Object.hasOwn(event, name) && name !== 'user-agent') flat.push(name, others[name] ?? '')
  return flat
}
