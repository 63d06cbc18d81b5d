import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'

/** What resolv.conf(5) says of names that are not whole: domains to try, and how many dots make a name whole. */
export type SearchList = { domains: readonly string[]; ndots: number }

const lines = (text: string): string[][] =>
  text.split('\n').map((line) =>
    line
      .replace(/[#;].*/, '')
      .split(/\s+/)
      .filter(Boolean),
  )

/** As in resolv.conf(5): the last of `search` and `domain` counts; `ndots` is 1 unless set, 15 at most. */
export function readResolvConf(text: string): SearchList {
  let domains: string[] = []
  let ndots = 1
  for (const [key, ...values] of lines(text)) {
    if (key === 'search' || key === 'domain') domains = values.map((domain) => domain.replace(/\.$/, ''))
    if (key !== 'options') continue
    for (const value of values) {
      const dots = /^ndots:(\d{1,3})$/.exec(value)?.[1]
      if (dots !== undefined) ndots = Math.min(15, Number(dots))
    }
  }
  return { domains: domains.filter(Boolean), ndots }
}

/**
 * The domains of the cluster, by the search list that the kubelet gives to pods (`NS.svc.DOMAIN svc.DOMAIN DOMAIN`, then the node's own), as
 * names are compared: lower case.
 */
export const clusterDomains = ({ domains }: SearchList): string[] =>
  domains.flatMap((domain) => /^svc\.(.+)$/.exec(domain.toLowerCase())?.[1] ?? [])

const loopback = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]

/** As in hosts(5), IPv4 first; `localhost` is loopback also where the file does not say so (RFC 6761 §6.3). */
export function readHosts(text: string): Map<string, LookupAddress[]> {
  const hosts = new Map<string, LookupAddress[]>()
  for (const [address = '', ...names] of lines(text)) {
    const family = isIP(address)
    if (family === 0) continue
    for (const name of names) {
      const key = name.toLowerCase()
      hosts.set(
        key,
        [...(hosts.get(key) ?? []), { address, family }].sort((a, b) => a.family - b.family),
      )
    }
  }
  if (!hosts.has('localhost')) hosts.set('localhost', loopback)
  return hosts
}

/** The names to ask for in turn, as in resolv.conf(5): one that ends with a dot is whole; one with enough dots is tried as it is first. */
export function candidates(host: string, { domains, ndots }: SearchList): string[] {
  if (host.endsWith('.')) return [host.slice(0, -1)]
  const searched = domains.map((domain) => `${host}.${domain}`)
  const dots = host.split('.').length - 1
  return dots >= ndots ? [host, ...searched] : [...searched, host]
}
