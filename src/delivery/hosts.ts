import { BlockList, isIP } from 'node:net'
import { domainToASCII } from 'node:url'

/** A host name in the one spelling that names are compared in: lower case, ASCII (IDNA), without dots at its end; the URL standard lets several stand. */
export const plainHost = (host: string): string => (domainToASCII(host) || host).toLowerCase().replace(/\.+$/, '')

/** Whether a host is among `allowHosts`: itself, or below a `*.` entry. */
export function compileHosts(entries: readonly string[]): (host: string) => boolean {
  const exact = new Set(entries.filter((entry) => !entry.startsWith('*.')).map(plainHost))
  const below = entries.filter((entry) => entry.startsWith('*.')).map((entry) => `.${plainHost(entry.slice(2))}`)
  return (host) => {
    const plain = plainHost(host)
    return exact.has(plain) || below.some((domain) => plain.endsWith(domain))
  }
}

/**
 * Domains of clusters and of networks at home, and what is loopback by definition (RFC 6761, 6762, 8375, 9476; ICANN's `internal`). Such a name is
 * never a public receiver's; what it resolves to, or that it does, is nothing that a tenant should learn here.
 */
const inner = [
  'localhost',
  'local',
  'svc',
  'cluster.local',
  'internal',
  'home.arpa',
  'intranet',
  'lan',
  'corp',
  'private',
]

/** Whether a name can only be one of the inside; names of one label are, too. `clusterDomains`: what else the cluster calls itself. */
export function isInnerName(host: string, clusterDomains: readonly string[] = []): boolean {
  const plain = plainHost(host)
  const isBelow = (domain: string) => plain === domain || plain.endsWith(`.${domain}`)
  return !plain.includes('.') || inner.some(isBelow) || clusterDomains.some(isBelow)
}

/** Of NO_PROXY as others have it: `*`, a host with all below it (with or without `.` or `*.` before it), an address or a CIDR. */
export function compileNoProxy(entries: readonly string[]): (host: string) => boolean {
  const ranges = new BlockList()
  const domains: string[] = []
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/')
    const family = isIP(address)
    if (family === 0) domains.push(plainHost(entry.replace(/^\*?\./, '')))
    else ranges.addSubnet(address, Number(bits ?? (family === 4 ? 32 : 128)), family === 4 ? 'ipv4' : 'ipv6')
  }
  if (entries.includes('*')) return () => true
  return (host) => {
    const family = isIP(host)
    if (family !== 0) return ranges.check(host, family === 4 ? 'ipv4' : 'ipv6')
    const plain = plainHost(host)
    return domains.some((domain) => plain === domain || plain.endsWith(`.${domain}`))
  }
}
