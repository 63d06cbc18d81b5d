import type { Duplex } from 'node:stream'
import type { EgressPolicy } from '../api/policy.ts'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { compileAddressPolicy } from './addresses.ts'
import type { buildConnector } from './egress.ts'
import { compileNoProxy } from './hosts.ts'

/** Asks a proxy for a way through: CONNECT (RFC 9110 §9.3.6). */
export type AskProxy = (
  path: string,
  headers: Record<string, string>,
) => Promise<{ statusCode: number; socket: Duplex }>

/**
 * Why a proxy gave no way through, as the tenant may know it. `refused` is one word for all of its answers about the sink: 403, 502 and 504 would
 * tell a name that is forbidden from one that is not there. `unusable` has nothing to do with the sink: it is away, or wants other credentials.
 */
export type ProxyFailure = 'refused' | 'unusable'

/** Takes in what the proxy answered in full, for the administrator: an HTTP status, `timeout`, or the code of an error. */
export type ProxyFailed = (answer: string) => void

const told: Readonly<Record<ProxyFailure, string>> = {
  refused: "The administrator's proxy did not let the connection through.",
  unusable: "The administrator's proxy can't be used: an administrator has to look at it.",
}

/** A proxy that gave no way through. Its answer and its address are the administrator's to see, not the tenant's. */
export class ProxyRefused extends Error {
  override readonly name = 'ProxyRefused'

  constructor(why: ProxyFailure, options?: ErrorOptions) {
    super(told[why], options)
  }
}

/** A proxy as it is used: what it is connected to at, and told each time; `passes`: what is not for it. */
export type KnownProxy = { origin: string; headers: Record<string, string>; passes(host: string): boolean }

/** Reasons: InvalidURL, InvalidCIDR. The URL may hold a password, so nothing repeats it. */
export function readProxy({ url: text, noProxy }: NonNullable<EgressPolicy['proxy']>): Verdict<KnownProxy> {
  const url = URL.parse(text)
  const headers = url && headersOf(url)
  if (!headers || !/^https?:$/.test(url.protocol))
    return refuse(
      'InvalidURL',
      'The URL of the proxy must have scheme http or https; a % in its user or password is written %25.',
    )
  const ranges = compileAddressPolicy(noProxy.filter((entry) => entry.includes('/')))
  return ranges.ok ? accept({ origin: url.origin, headers, passes: compileNoProxy(noProxy) }) : ranges
}

/** What the user and password of a URL ask for, as Basic; undefined where they are no percent-encoding. */
function headersOf({ username, password }: URL): Record<string, string> | undefined {
  if (username === '' && password === '') return {}
  try {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    return { 'proxy-authorization': `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}` }
  } catch {
    return undefined
  }
}

/** Connects by way of a proxy, for https and http alike; `secure` speaks TLS with the target over the way that was given. */
export const proxyConnector =
  (
    ask: AskProxy,
    headers: Record<string, string>,
    secure: buildConnector.connector,
    failed: ProxyFailed = () => undefined,
  ): buildConnector.connector =>
  (target, callback) => {
    const port = target.port || (target.protocol === 'https:' ? '443' : '80')
    const host =
      target.hostname.includes(':') && !target.hostname.startsWith('[') ? `[${target.hostname}]` : target.hostname
    ask(`${host}:${port}`, { ...headers, host: `${host}:${port}` }).then(
      ({ statusCode, socket }) => {
        if (statusCode !== 200) {
          failed(`${statusCode}`)
          socket.on('error', () => undefined).destroy()
          return callback(new ProxyRefused(statusCode === 407 ? 'unusable' : 'refused'), null)
        }
        if (target.protocol !== 'https:') return callback(null, socket as Parameters<typeof callback>[1] & object)
        secure({ ...target, httpSocket: socket } as buildConnector.Options, callback)
      },
      (error: NodeJS.ErrnoException) => {
        failed(error.name === 'TimeoutError' ? 'timeout' : (error.code ?? error.name))
        callback(ofProxy(error), null)
      },
    )
  }

/**
 * What went wrong on the way to the proxy, as the sink's own client may see it: that takes undici's code for a closed socket as a reason to connect
 * again, at once and for ever.
 */
function ofProxy(error: NodeJS.ErrnoException): Error {
  if (error.name === 'TimeoutError')
    return Object.assign(new Error('no way in time', { cause: error }), { code: 'ETIMEDOUT' })
  // Nothing beneath it is told: `nothing listens there` would be said of the sink.
  return new ProxyRefused(error.code === 'UND_ERR_SOCKET' ? 'refused' : 'unusable', { cause: error })
}
