import { networkInterfaces } from 'node:os'
import { canonical } from './addresses.ts'

/** What no policy opens: whether an address and port are the API server's, or the operator's own. */
export type Inside = (address: string, port: number) => boolean

/** Addresses of the API server, and the port at which it answers there. */
type ServerPlace = { addresses: ReadonlySet<string>; port: number }

/** Both are asked each time: the API server may move, and the operator's own ports are known only once something listens. */
export function insideOf(apiServer: () => readonly ServerPlace[], ownPorts: () => readonly number[]): Inside {
  return (address, port) => {
    const theirs = apiServer().filter((place) => place.port === port)
    const isOurs = ownPorts().includes(port)
    if (theirs.length === 0 && !isOurs) return false
    const plain = canonical(address) ?? address
    return theirs.some(({ addresses }) => isAmong(addresses, plain)) || (isOurs && isOwn(plain))
  }
}

/** One on this machine is reached by all of its addresses. */
const isAmong = (addresses: ReadonlySet<string>, address: string): boolean =>
  addresses.has(address) || ([...addresses].some(isOwn) && isOwn(address))

/** All of loopback reaches what listens on all addresses; so does what stands for none. */
const isOwn = (address: string): boolean =>
  /^(0\.|127\.|::1?$)/.test(address) ||
  Object.values(networkInterfaces()).some((addresses) => addresses?.some((one) => one.address === address))
