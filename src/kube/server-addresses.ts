import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'

/** The addresses and the port behind the API server's URL; none where its name can't be resolved for now. */
export async function serverAddresses(server: string): Promise<{ addresses: ReadonlySet<string>; port: number }> {
  const { hostname, port, protocol } = new URL(server)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const found = isIP(host) !== 0 ? [{ address: host }] : await lookup(host, { all: true }).catch(() => [])
  const addresses = new Set(found.map(({ address }) => address))
  return { addresses, port: Number(port || (protocol === 'https:' ? 443 : 80)) }
}
