import type { LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { Agent, buildConnector, type Dispatcher, Pool } from 'undici'
import type { EgressPolicy } from '../api/policy.ts'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { type AddressPolicy, compileAddressPolicy } from './addresses.ts'
import { boundAnswers } from './answer-bound.ts'
import { clientOptions, type TlsMaterial } from './certificates.ts'
import { compileHosts, isInnerName } from './hosts.ts'
import type { Inside } from './inside.ts'
import { OpenConnections } from './open-connections.ts'
import { permittedEndpoints } from './pod-addresses.ts'
import { portRefusal } from './ports.ts'
import { type AskProxy, type KnownProxy, type ProxyFailed, proxyConnector, readProxy } from './proxy.ts'
import { createResolver, keptAddresses, type Resolve } from './resolver.ts'
import { type ReadEndpoints, serviceConnector } from './service-connector.ts'

export type { buildConnector, Dispatcher } from 'undici'

/** The one door out: all connections to places that tenants name go through it. */
export type Egress = {
  /**
   * Whether a URL may be a sink's at all, as far as that can be said without resolving it. `toService`: its host and port are a Service's name, and
   * where connections go is told by its endpoints.
   */
  check(url: string, toService?: boolean): Verdict<URL>
  agent(options: AgentOptions): Dispatcher
  /** Whether so many connections are open for sinks of a namespace that those with nothing to send have to be closed at once. */
  isCrowded(namespace: string): boolean
}

export type AgentOptions = {
  /** Whose sink it is: its names are looked up within that namespace's share. */
  namespace?: string | undefined
  connections: number
  connectTimeoutMs: number
  /** How long a connection stays open with nothing to send, at most; 15 s when left out. */
  idleMs?: number
  /** Certificates trusted instead of Node's own, and what the other side is shown. */
  tls?: Pick<TlsMaterial, 'context'> | undefined
  /** Where connections go instead of what the host resolves to, and never by a proxy: the Pods of a Service. */
  endpoints?: ReadEndpoints | undefined
}

/** A connection that policy forbids. The message names the host, and no address that a name resolved to: that would be an oracle. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
}

/** So long a connection to the proxy may take. */
const proxyConnectMs = 5_000

/** To the proxy under its own name: undici takes the Host header's for the server's, and a CONNECT names the sink there (RFC 9112 §3.2). */
function toProxy(): Connector {
  const connect = buildConnector({ timeout: proxyConnectMs, allowH2: false, ...clientOptions })
  return ({ servername: _ofSink, ...target }, callback) => connect(target, callback)
}

const schemes = new Set(['http:', 'https:'])

/** A policy, compiled, and what it stands on. */
type Guard = {
  /** Of an address that a name, or a literal, stands for, at a port. */
  permits(address: string, port: number, trusted: boolean): boolean
  addresses: AddressPolicy
  inside: Inside
  isTrusted(host: string): boolean
  isInnerName(host: string): boolean
  /** Whether nobody inside may be reached at all: then names are asked for as they are, without what a cluster adds to them. */
  isOutward: boolean
  allowPorts: readonly number[]
  resolve: Resolve
  /** Its connections end with the tunnels that they become. */
  proxy: (KnownProxy & { pool: Pool; failed: ProxyFailed }) | undefined
}

/**
 * Compiles a policy; a bad CIDR or proxy is refused. By default only global addresses are reached: a literal in the URL is judged as the
 * WHATWG URL standard reads it (`2130706433`, `0x7f.1` and `127.1` are 127.0.0.1), and each address that a name resolves to is
 * judged when connecting. What was judged is what is dialled; nothing is resolved twice. `clusterDomains` are names of the inside besides the
 * usual ones.
 */
export function compileEgress(
  policy: Pick<EgressPolicy, 'allowCidrs'> & Partial<EgressPolicy>,
  resolve: Resolve = createResolver(),
  inside: Inside = () => false,
  clusterDomains: readonly string[] = [],
  proxyFailed: ProxyFailed = () => undefined,
): Verdict<Egress> {
  const addresses = compileAddressPolicy(policy.allowCidrs)
  if (!addresses.ok) return addresses
  const { allowCidrs, allowHosts = [], allowPorts = [] } = policy
  const proxy = policy.proxy ? readProxy(policy.proxy) : accept(undefined)
  if (!proxy.ok) return proxy
  const guard: Guard = {
    permits: (address, port, trusted) => addresses.value(address, trusted) && !inside(address, port),
    addresses: addresses.value,
    inside,
    isTrusted: compileHosts(allowHosts),
    isInnerName: (host) => isInnerName(host, clusterDomains),
    isOutward: allowCidrs.length === 0,
    allowPorts,
    resolve,
    proxy: proxy.value && {
      ...proxy.value,
      failed: proxyFailed,
      pool: new Pool(proxy.value.origin, { allowH2: false, connect: toProxy() }),
    },
  }
  const connections = new OpenConnections()
  return accept({
    check: (url, toService = false) => checkUrl(url, guard, toService),
    agent: (options) => createAgent(options, guard, connections),
    isCrowded: (namespace) => connections.isCrowded(namespace),
  })
}

function checkUrl(text: string, guard: Guard, toService: boolean): Verdict<URL> {
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
  if (toService) return accept(url)
  const host = bare(url.hostname)
  const port = portOf(url)
  const isRefused = isIP(host) !== 0 ? !guard.permits(host, port, false) : isInner(host, guard)
  if (isRefused) return refuse('AddressRefused', refusal(host))
  return portRefusal(port, guard.allowPorts) ?? accept(url)
}

/** A name of the inside is refused unasked while nothing inside is allowed: whether there is such a name is nobody's to learn. */
const isInner = (host: string, guard: Guard): boolean =>
  guard.isOutward && guard.isInnerName(host) && !guard.isTrusted(host)

const portOf = ({ port, protocol }: { port: string; protocol: string }): number =>
  Number(port || (protocol === 'https:' ? 443 : 80))

function refusal(host: string): string {
  const refused = `Connections to ${host} are refused by the egress policy (not a public address)`
  if (isIP(host) !== 0) return `${refused}; an admin can allow its range with --allow-cidr.`
  const told = `${refused}; an admin can allow the name with --allow-host, or its range with --allow-cidr.`
  return serviceName.test(host) ? `${told} A Service of the sink's own namespace is named by http.serviceRef.` : told
}

const serviceName = /\.svc\.?$|\.svc\.|\.cluster\.local\.?$/

const bare = (hostname: string): string => (hostname.startsWith('[') ? hostname.slice(1, -1) : hostname)

/** Idle connections outlive pauses between events; a server's own Keep-Alive hint may shorten that, and never lengthen it. */
const keepAliveMs = 15_000

function createAgent(options: AgentOptions, guard: Guard, open: OpenConnections): Dispatcher {
  const { namespace = '', connectTimeoutMs, endpoints } = options
  const permitted = permittedEndpoints(guard.addresses, guard.inside, guard.allowPorts)
  const direct = endpoints
    ? serviceConnector({ endpoints, permitted, dial: dialer(options, guard), connectTimeoutMs, random: Math.random })
    : guarded(dialer(options, guard)(connectTimeoutMs), guard)
  return new Agent({
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: options.idleMs ?? keepAliveMs,
    keepAliveMaxTimeout: options.idleMs ?? keepAliveMs,
    // Attempts have a deadline of their own, over all of their parts.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: open.counted(
      namespace,
      boundAnswers(endpoints || !guard.proxy ? direct : throughProxy(direct, options, guard, guard.proxy)),
    ),
  })
}

type Connector = buildConnector.connector
type Dial = (timeoutMs: number) => Connector

/** Dials, by the guard's lookup; a connector for each port, as it depends on that, too, what may be reached. */
const dialer =
  ({ namespace, tls }: AgentOptions, guard: Guard): Dial =>
  (timeout) => {
    const byPort = new Map<number, Connector>()
    const connectorTo = (port: number): Connector => {
      const known = byPort.get(port)
      const connector =
        known ??
        buildConnector({ timeout, allowH2: false, lookup: guardedLookup(guard, port, namespace), ...materialOf(tls) })
      byPort.set(port, connector)
      return connector
    }
    return (target, callback) => connectorTo(portOf(target))(target, callback)
  }

const materialOf = (tls: AgentOptions['tls']) => (tls ? { secureContext: tls.context } : clientOptions)

/** Node connects to literals without asking the lookup. */
const guarded =
  (connect: Connector, guard: Guard): Connector =>
  (target, callback) => {
    const host = bare(target.hostname)
    const isRefused = isIP(host) !== 0 ? !guard.permits(host, portOf(target), false) : isInner(host, guard)
    if (isRefused) return callback(new AddressRefused(refusal(host)), null)
    connect(target, callback)
  }

/** A lookup that knows only addresses which may be reached; Node dials what it returns. */
function guardedLookup(guard: Guard, port: number, namespace: string | undefined): LookupFunction {
  return (host, options, callback) => {
    const judge: Parameters<Resolve>[1] = (error, found) => {
      if (error) return callback(error, '', 0)
      const trusted = guard.isTrusted(host)
      const wanted =
        options.family === 4 || options.family === 6 ? found.filter((one) => one.family === options.family) : found
      const passed = atMostOf(wanted.filter((one) => guard.permits(one.address, port, trusted)))
      const [first] = passed
      if (!first) return callback(new AddressRefused(refusal(host)), '', 0)
      if (options.all) callback(null, passed)
      else callback(null, first.address, first.family)
    }
    guard.resolve(askedFor(host, guard), judge, namespace)
  }
}

/** So many addresses of each family are dialled, one after the other, in an attempt. */
const dialledAddresses = 8

const atMostOf = (found: readonly LookupAddress[]): LookupAddress[] =>
  [4, 6].flatMap((family) => found.filter((one) => one.family === family).slice(0, dialledAddresses))

/** A dot at its end makes a name whole: what a cluster's search list would add is of the inside. */
const askedFor = (host: string, { isOutward, isTrusted }: Guard): string =>
  isOutward && !isTrusted(host) && !host.endsWith('.') ? `${host}.` : host

/**
 * By way of the administrator's proxy, but for what it is not for. What is asked of it is judged as if it were connected to from here; a name
 * that can't be resolved here is the proxy's to judge.
 */
function throughProxy(
  direct: Connector,
  { connectTimeoutMs, namespace, tls }: AgentOptions,
  guard: Guard,
  { headers: own, failed, passes, pool }: NonNullable<Guard['proxy']>,
): Connector {
  const secure = buildConnector({ timeout: connectTimeoutMs, allowH2: false, ...materialOf(tls) })
  // A proxy that keeps silent would hold the sink's connection for minutes.
  const ask: AskProxy = (path, headers) =>
    pool.connect({ path, headers, signal: AbortSignal.timeout(connectTimeoutMs) })
  const connect = proxyConnector(ask, own, secure, failed)
  const onward = guarded((target, callback) => {
    const host = bare(target.hostname)
    if (isIP(host) !== 0) return connect(target, callback)
    const judge: Parameters<Resolve>[1] = (error, found) => {
      const trusted = guard.isTrusted(host)
      // Of a name that has more than was kept, nobody knows what the proxy would choose.
      const isRefused =
        !error &&
        (found.length >= keptAddresses || found.some(({ address }) => !guard.permits(address, portOf(target), trusted)))
      if (isRefused) callback(new AddressRefused(refusal(host)), null)
      else connect(target, callback)
    }
    guard.resolve(askedFor(host, guard), judge, namespace)
  }, guard)
  return (target, callback) => (passes(bare(target.hostname)) ? direct : onward)(target, callback)
}
