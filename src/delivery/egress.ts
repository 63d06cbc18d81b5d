import { isIP, type LookupFunction } from 'node:net'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import type { EgressPolicy } from '../api/policy.ts'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { type AddressPolicy, compileAddressPolicy } from './addresses.ts'
import { permittedEndpoints } from './pod-addresses.ts'
import { createResolver, type Resolve } from './resolver.ts'
import { type ReadEndpoints, serviceConnector } from './service-connector.ts'
import type { TlsMaterial } from './tls-material.ts'

export type { buildConnector, Dispatcher } from 'undici'

/** The one door out: all connections to places that tenants name go through it. */
export type Egress = {
  /** Whether a URL may be a sink's at all, as far as that can be said without resolving it. */
  check(url: string): Verdict<URL>
  agent(options: AgentOptions): Dispatcher
}

export type AgentOptions = {
  connections: number
  connectTimeoutMs: number
  /** Certificates trusted instead of Node's own, and what the other side is shown. */
  tls?: Omit<TlsMaterial, 'form'> | undefined
  /** Where connections go instead of what the host resolves to, and never by a proxy: the Pods of a Service. */
  endpoints?: ReadEndpoints | undefined
}

/** A connection that policy forbids. The message names the host, and no address that a name resolved to: that would be an oracle. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
}

const schemes = new Set(['http:', 'https:'])

/**
 * Compiles a policy; a bad CIDR is refused. By default only global addresses are reached: a literal in the URL is judged as the
 * WHATWG URL standard reads it (`2130706433`, `0x7f.1` and `127.1` are 127.0.0.1), and each address that a name resolves to is
 * judged when connecting. What was judged is what is dialled; nothing is resolved twice.
 */
export function compileEgress(
  policy: Pick<EgressPolicy, 'allowCidrs'>,
  resolve: Resolve = createResolver(),
): Verdict<Egress> {
  const addresses = compileAddressPolicy(policy.allowCidrs)
  if (!addresses.ok) return addresses
  return accept({
    check: (url) => checkUrl(url, addresses.value),
    agent: (options) => createAgent(options, addresses.value, resolve),
  })
}

function checkUrl(text: string, permits: AddressPolicy): Verdict<URL> {
  const url = URL.parse(text)
  if (!url || !schemes.has(url.protocol) || url.hostname === '') {
    return refuse(
      'InvalidURL',
      'The URL has to be absolute, with scheme http or https and a host, such as https://example.com/hook.',
    )
  }
  if (url.username !== '' || url.password !== '') {
    return refuse('InvalidURL', 'The URL must not hold credentials; use spec.http.auth, with a Secret.')
  }
  const host = bare(url.hostname)
  if (isIP(host) !== 0 && !permits(host)) return refuse('AddressRefused', refusal(host))
  return accept(url)
}

const refusal = (host: string): string =>
  `Connections to ${host} are refused by the egress policy (not a public address); an admin can allow its range with --allow-cidr.`

const bare = (hostname: string): string => (hostname.startsWith('[') ? hostname.slice(1, -1) : hostname)

/** Idle connections outlive pauses between events; a server's own Keep-Alive hint goes first. */
const keepAliveMs = 15_000

function createAgent(options: AgentOptions, permits: AddressPolicy, resolve: Resolve): Dispatcher {
  const { connectTimeoutMs, endpoints, tls } = options
  const dial = (timeout: number) =>
    buildConnector({
      timeout,
      allowH2: false,
      lookup: guardedLookup(permits, resolve),
      ...(tls?.ca !== undefined && { ca: tls.ca }),
      ...(tls?.cert !== undefined && { cert: tls.cert, key: tls.key }),
    })
  const permitted = permittedEndpoints(permits)
  return new Agent({
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: keepAliveMs,
    // Attempts have a deadline of their own, over all of their parts.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: endpoints
      ? serviceConnector({ endpoints, permitted, dial, connectTimeoutMs, random: Math.random })
      : literalsChecked(dial(connectTimeoutMs), permits),
  })
}

/** Node connects to literals without asking the lookup. */
const literalsChecked =
  (connect: buildConnector.connector, permits: AddressPolicy): buildConnector.connector =>
  (target, callback) => {
    const host = bare(target.hostname)
    if (isIP(host) !== 0 && !permits(host)) return callback(new AddressRefused(refusal(host)), null)
    connect(target, callback)
  }

/** A lookup that knows only addresses which may be reached; Node dials what it returns. */
function guardedLookup(permits: AddressPolicy, resolve: Resolve): LookupFunction {
  return (host, options, callback) => {
    resolve(host, (error, found) => {
      if (error) return callback(error, '', 0)
      const wanted =
        options.family === 4 || options.family === 6 ? found.filter((one) => one.family === options.family) : found
      const passed = wanted.filter((one) => permits(one.address))
      const [first] = passed
      if (!first) return callback(new AddressRefused(refusal(host)), '', 0)
      if (options.all) callback(null, passed)
      else callback(null, first.address, first.family)
    })
  }
}
