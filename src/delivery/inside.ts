import { networkInterfaces } from 'node:os'
import { canonical } from './addresses.ts'

/** What no policy opens: whether an address and port are the API server's, or the operator's own. */
export type Inside = (address: string, port: number) => boolean

/** `apiServer`: its addresses and port. `ownPorts` are asked each time: what they are is known only once something listens. */
export function insideOf(
  apiServer: { addresses: ReadonlySet<string>; port: number },
  ownPorts: () => readonly number[],
): Inside {
  // One on this machine is reached by all of its addresses.
  const isApiServers = (address: string) =>
    apiServer.addresses.has(address) || ([...apiServer.addresses].some(isOwn) && isOwn(address))
  return (address, port) => {
    const [isTheirs, isOurs] = [port === apiServer.port, ownPorts().includes(port)]
    if (!isTheirs && !isOurs) return false
    const plain = canonical(address) ?? address
    return (isTheirs && isApiServers(plain)) || (isOurs && isOwn(plain))
  }
}

/** All of loopback reaches what listens on all addresses; so does what stands for none. */
const isOwn = (address: string): boolean =>
  /^(0\.|127\.|::1?$)/.test(address) ||
  Object.values(networkInterfaces()).some((addresses) => addresses?.some((one) => one.address === address))
