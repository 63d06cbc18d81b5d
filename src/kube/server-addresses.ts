import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { ClusterOptions } from './kubeconfig.ts'

/** Addresses, and the port at which the API server answers there. */
export type ServerPlace = { addresses: ReadonlySet<string>; port: number }

export type ServerAddresses = Disposable & {
  /** As they are known now; none of a name that could not be resolved yet. */
  places(): readonly ServerPlace[]
}

export type ServerAddressesOptions = {
  /** All addresses of a name; rejects where it can't be resolved. */
  resolve?: (host: string) => Promise<readonly { address: string }[]>
  /** How often names are resolved anew, ms. */
  everyMs?: number
  /** The same while one of them was never resolved. */
  soonMs?: number
  /** An address that a name was not resolved to for so long, ms, is no longer the API server's: some answers name a few of many. */
  keptMs?: number
  now?: () => number
}

type Known = { host: string; port: number; seen: Map<string, number> }

/**
 * The addresses behind URLs of the API server: the kubeconfig's, and KUBERNETES_SERVICE_HOST's of the pod. Names are resolved now and from time to
 * time; one that can't be resolved keeps what was known of it. Disposing of it ends that.
 */
export async function serverAddresses(
  servers: readonly string[],
  {
    resolve = (host) => lookup(host, { all: true }),
    everyMs = 60_000,
    soonMs = 2_000,
    keptMs = 3_600_000,
    now = Date.now,
  }: ServerAddressesOptions = {},
): Promise<ServerAddresses> {
  const known = servers.map(readServer)
  const names = known.filter(({ host }) => isIP(host) === 0)
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  const look = async ({ host, seen }: Known): Promise<void> => {
    const found = await resolve(host).catch(() => undefined)
    if (!found) return
    const at = now()
    for (const { address } of found) seen.set(address, at)
    for (const [address, last] of seen) if (at - last > keptMs) seen.delete(address)
  }
  const lookAtAll = async (): Promise<void> => {
    await Promise.all(names.map(look))
    if (isOver || names.length === 0) return
    timer = setTimeout(lookAtAll, names.some(({ seen }) => seen.size === 0) ? soonMs : everyMs)
  }
  await lookAtAll()
  return {
    places: () => known.map(({ port, seen }) => ({ port, addresses: new Set(seen.keys()) })),
    [Symbol.dispose]() {
      isOver = true
      clearTimeout(timer)
    },
  }
}

function readServer(server: string): Known {
  const { hostname, port, protocol } = new URL(server)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const seen = new Map(isIP(host) === 0 ? [] : [[host, 0]])
  return { host, port: Number(port || (protocol === 'https:' ? 443 : 80)), seen }
}

/** All that is known to be the API server: the URL that is used, and what a pod is told by KUBERNETES_SERVICE_HOST and _PORT. */
export function serversOf(server: string, { service }: Pick<ClusterOptions, 'service'>): string[] {
  if (!service) return [server]
  const { host, port } = service
  const told = URL.parse(`https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`)?.href
  return told ? [server, told] : [server]
}
