import type { EgressPolicy } from '../api/policy.ts'
import { accept, type Verdict } from '../api/verdict.ts'
import { compileAddressPolicy } from '../delivery/addresses.ts'
import { readProxy } from '../delivery/proxy.ts'
import type { Given } from './given.ts'

const label = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?'
const name = `${label}(\\.${label})*`
const hostPattern = new RegExp(`^(\\*\\.)?${name}$`, 'i')
/** A host, all below a domain, or everything, as curl and others read NO_PROXY. */
const noProxyPattern = new RegExp(`^(\\*|(\\*?\\.)?${name})$`, 'i')

/** Where connections may go, each entry checked for its shape. What they open is told by the egress guard. */
export function egressOf(given: Given): Verdict<EgressPolicy> {
  const allowCidrs = given.all('allow-cidr')
  const ranges = compileAddressPolicy(allowCidrs)
  if (!ranges.ok) return given.wrong('allow-cidr', `: ${ranges.message}`)
  const allowHosts = given.all('allow-host')
  const wrongHost = allowHosts.find((host) => host.length > 255 || !hostPattern.test(host) || isNumeric(host))
  if (wrongHost !== undefined)
    return given.wrong('allow-host', ` '${wrongHost}' must be a name such as hooks.example.com or *.example.com`)
  const ports = given.all('allow-port')
  const wrongPort = ports.find((port) => !/^[1-9][0-9]{0,4}$/.test(port) || Number(port) > 65535)
  if (wrongPort !== undefined) return given.wrong('allow-port', ` '${wrongPort}' must be a port from 1 to 65535`)
  const proxy = proxyOf(given)
  if (!proxy.ok) return proxy
  return accept({ allowCidrs, allowHosts, allowPorts: ports.map(Number), proxy: proxy.value })
}

/** An address is no name: a range allows it, and says so plainly. */
const isNumeric = (host: string): boolean => /(^|\.)(0x[0-9a-f]*|[0-9]+)$/i.test(host)

/** Its URL may hold a password, so no message repeats it. */
function proxyOf(given: Given): Verdict<EgressPolicy['proxy']> {
  const text = given.one('egress-proxy') || undefined
  const noProxy = given.all('egress-no-proxy')
  if (text === undefined)
    return noProxy.length === 0
      ? accept(undefined)
      : given.wrong('egress-no-proxy', ' goes with --egress-proxy (egress.proxy.url): give both, or none')
  const url = URL.parse(text)
  const isPlain = url && url.hostname !== '' && url.pathname === '/' && url.search === '' && url.hash === ''
  if (!isPlain || !/^https?:\/\/[^\s?#\\]+$/i.test(text))
    return given.wrong(
      'egress-proxy',
      ' must be a URL with scheme http or https and a host, such as http://proxy.example.com:3128',
    )
  const wrong = noProxy.find((entry) => entry.length > 255 || !(noProxyPattern.test(entry) || isRange(entry)))
  if (wrong !== undefined)
    return given.wrong(
      'egress-no-proxy',
      ` '${wrong}' must be a host, a domain such as .example.com, an address or a CIDR`,
    )
  const read = readProxy({ url: text, noProxy })
  return read.ok ? accept({ url: text, noProxy }) : given.wrong('egress-proxy', `: ${read.message}`)
}

const isRange = (entry: string): boolean =>
  [entry, `${entry}/32`, `${entry}/128`].some((cidr) => compileAddressPolicy([cidr]).ok)
