import { networkInterfaces } from 'node:os'
import { canonical } from './addresses.ts'

/** What no policy opens: whether an address and port are the API server's, or the operator's own. */
export type Inside = (address: string, port: number) => boolean

/** `apiServer`: its addresses and port. `ownPorts` are asked each time: what they are is known only once something listens. */
export function insideOf(
  apiServer: { addresses: ReadonlySet<string>; port: number },
  ownPorts: () => readonly number[],
): Inside {
  const isItsPort = (port: number) => port === apiServer.port || ownPorts().includes(port)
  return (address, port) => {
    if (!isItsPort(port)) return false
    const plain = canonical(address) ?? address
    return (port === apiServer.port && apiServer.addresses.has(plain)) || (ownPorts().includes(port) && isOwn(plain))
  }
}

/** All of loopback reaches what listens on all addresses. */
const isOwn = (address: string): boolean =>
  /^(127\.|::1$)/.test(address) ||
  Object.values(networkInterfaces()).some((addresses) => addresses?.some((one) => one.address === address))
