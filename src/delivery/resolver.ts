import { type LookupAddress, Resolver } from 'node:dns'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { type LookupBounds, lookupTurns } from './lookup-turns.ts'
import { candidates, readHosts, readResolvConf, type SearchList } from './names.ts'

/** Resolves a host name to all of its addresses, for a namespace: none has more than its share of the lookups that are under way. */
export type Resolve = (
  host: string,
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
  namespace?: string,
) => void

export type ResolverOptions = {
  /** As `dns.Resolver` takes them; those of resolv.conf when left out. */
  servers?: readonly string[]
  hostsFile?: string
  resolvConf?: string
  /** How long one question to one server may take, ms; it is asked twice. */
  timeoutMs?: number
  bounds?: LookupBounds
}

/** The two files are looked at again after this long. */
const fileAgeMs = 10_000

/** Addresses of the other family are waited for this long, once there are some of one (RFC 8305 §3). */
const otherFamilyMs = 50

/** So many addresses of each family are kept of a name. An answer by TCP holds thousands, and all that is kept is judged. */
export const keptAddresses = 64

/** Answers that say of a name that there is nothing; the search list goes on. Each outweighs those after it. */
const nothing = ['ESERVFAIL', 'EREFUSED', 'ENODATA', 'ENOTFOUND']

/**
 * Resolves host names without a thread. `getaddrinfo` has four threads for the whole process, and a DNS server that hangs keeps each of
 * them for seconds: a few sinks with such names would hold up all others. As there, /etc/hosts comes first, then DNS with the search
 * list of resolv.conf (what makes `service.namespace` a name in a pod). However many ask for a name at a time, it is asked for once;
 * many names take turns.
 */
export function createResolver(options: ResolverOptions = {}): Resolve {
  const files = filesReader(options)
  const lookup = async (host: string) => {
    const { hosts, search, resolver } = files()
    const known = hosts.get(host.toLowerCase().replace(/\.$/, ''))
    return known ?? (await searchFor(resolver, candidates(host, search)))
  }
  const inTurn = lookupTurns(lookup, () => failed('ETIMEOUT'), options.bounds)
  return (host, callback, namespace = '') => {
    inTurn(host, namespace).then(
      (addresses) => callback(null, addresses),
      (error: Error) => callback(error, []),
    )
  }
}

type Files = { hosts: Map<string, LookupAddress[]>; search: SearchList; resolver: Resolver }

function filesReader(options: ResolverOptions): () => Files {
  const { hostsFile = '/etc/hosts', resolvConf = '/etc/resolv.conf', timeoutMs = 2000 } = options
  let read: (Files & { at: number; conf: string }) | undefined
  return () => {
    const at = performance.now()
    if (read && at - read.at < fileAgeMs) return read
    const conf = contents(resolvConf)
    const resolver = read?.conf === conf ? read.resolver : openResolver(timeoutMs, options.servers)
    read = { at, conf, resolver, hosts: readHosts(contents(hostsFile)), search: readResolvConf(conf) }
    return read
  }
}

function openResolver(timeout: number, servers: readonly string[] | undefined): Resolver {
  const resolver = new Resolver({ timeout, tries: 2 })
  if (servers) resolver.setServers(servers)
  return resolver
}

function contents(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // there need not be one
  }
}

async function searchFor(resolver: Resolver, names: readonly string[]): Promise<LookupAddress[]> {
  let failure: NodeJS.ErrnoException | undefined
  for (const name of names) {
    const { addresses, error } = await bothFamilies(resolver, name)
    if (!error) return addresses
    failure = worse(failure, error)
    if (!nothing.includes(codeOf(error))) break
  }
  throw failure ?? failed('ENOTFOUND')
}

type Found = { addresses: LookupAddress[]; error?: NodeJS.ErrnoException }

async function bothFamilies(resolver: Resolver, name: string): Promise<Found> {
  const [four, six] = [ask(resolver, name, 4), ask(resolver, name, 6)]
  const { first, other } = await Promise.race([
    four.then((found) => ({ first: found, other: six })),
    six.then((found) => ({ first: found, other: four })),
  ])
  const second = first.error ? await other : await within(otherFamilyMs, other)
  if (!second) return first
  const addresses = [...first.addresses, ...second.addresses].sort((a, b) => a.family - b.family)
  if (addresses.length > 0) return { addresses }
  return { addresses, error: worse(first.error, second.error ?? failed('ENODATA')) }
}

function ask(resolver: Resolver, name: string, family: 4 | 6): Promise<Found> {
  return new Promise((resolve) => {
    const answer = (error: NodeJS.ErrnoException | null, found: string[]) => {
      if (error) return resolve({ addresses: [], error: failed(codeOf(error), error) })
      const addresses = found
        .slice(0, keptAddresses)
        .filter((address) => isIP(address) === family)
        .map((address) => ({ address, family }))
      resolve(addresses.length > 0 ? { addresses } : { addresses, error: failed('ENODATA') })
    }
    if (family === 4) resolver.resolve4(name, answer)
    else resolver.resolve6(name, answer)
  })
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, ms, undefined)))
  const first = await Promise.race([promise, late])
  clearTimeout(timer)
  return first
}

/** A server that can't be reached, or talks nonsense, is none of the sink's: such codes are told apart from those of its connection. */
function codeOf({ code = '' }: NodeJS.ErrnoException): string {
  if (nothing.includes(code) || code === 'ETIMEOUT' || code === 'EAI_AGAIN') return code
  return code === 'EBADNAME' ? 'ENOTFOUND' : 'EAI_AGAIN'
}

const failed = (code: string, cause?: Error): NodeJS.ErrnoException =>
  Object.assign(new Error(`the name could not be resolved (${code})`, { cause }), { code })

function worse(one: NodeJS.ErrnoException | undefined, other: NodeJS.ErrnoException): NodeJS.ErrnoException {
  return one && nothing.indexOf(one.code ?? '') <= nothing.indexOf(other.code ?? '') ? one : other
}
