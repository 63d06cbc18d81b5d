import { networkInterfaces } from 'node:os'

/** What no policy opens: whether an address and port are the API server's, or the operator's own. */
export type Inside = (address: string, port: number) => boolean

/** `apiServer`: its addresses and port. `ownPorts` are asked each time: what they are is known only once something listens. */
export function insideOf(
  apiServer: { addresses: ReadonlySet<string>; port: number },
  ownPorts: () => readonly number[],
): Inside {
  return (address, port) =>
    (port === apiServer.port && apiServer.addresses.has(address)) || (ownPorts().includes(port) && isOwn(address))
}

/** All of loopback reaches what listens on all addresses. */
const isOwn = (address: string): boolean =>
  /^(127\.|::1$|::ffff:127\.)/.test(address) ||
  Object.values(networkInterfaces()).some((addresses) => addresses?.some((one) => one.address === address))
