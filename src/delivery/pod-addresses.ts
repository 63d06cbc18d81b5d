import { BlockList, isIPv4 } from 'node:net'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { type AddressPolicy, metadataV6 } from './addresses.ts'
import type { Inside } from './inside.ts'
import { portRefusal } from './ports.ts'
import type { Endpoint } from './service-endpoints.ts'

/** Where clusters have their Pods: private addresses, and those that carriers share, as some clouds' clusters do. */
const podRanges = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']

/** Metadata services of clouds that lie in these. No Pod has them; a status that says so is not to be trusted. */
const metadata = ['100.100.100.200/32', ...metadataV6]

/** Of a Service's endpoints those that may be connected to. Refused where there is none: AddressRefused, PortRefused. */
export function permittedEndpoints(
  permits: AddressPolicy,
  inside: Inside = () => false,
  allowPorts: readonly number[] = [],
): (endpoints: readonly Endpoint[]) => Verdict<Endpoint[]> {
  const isPermitted = podAddressPolicy(permits)
  return (endpoints) => {
    const reachable = endpoints.filter(({ address, port }) => isPermitted(address) && !inside(address, port))
    if (reachable.length === 0) return refuse('AddressRefused', addressRefusal)
    const permitted = reachable.filter(({ port }) => portRefusal(port, allowPorts) === undefined)
    const [first] = reachable
    const refusal = first && portRefusal(first.port, allowPorts)
    return permitted.length === 0 && refusal ? refusal : accept(permitted)
  }
}

const addressRefusal =
  "Connections to the Service's Pods are refused by the egress policy (their addresses are loopback, link-local or otherwise special); an admin can allow their range with --allow-cidr."

/**
 * The policy for addresses that are known to be a Pod's own: what the guard lets through, and private ones besides. Loopback, link-local and
 * the rest of what the guard refuses stay refused, unless an admin allows them.
 */
export function podAddressPolicy(permits: AddressPolicy): AddressPolicy {
  const [inside, outside] = [blockList(podRanges), blockList(metadata)]
  return (address) => {
    const family = familyOf(address)
    return permits(address) || (inside.check(address, family) && !outside.check(address, family))
  }
}

const familyOf = (address: string) => (isIPv4(address) ? 'ipv4' : 'ipv6')

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [network = '', bits = ''] = range.split('/')
    list.addSubnet(network, Number(bits), familyOf(network))
  }
  return list
}
