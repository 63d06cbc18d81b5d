import { BlockList, isIP, isIPv4 } from 'node:net'
import { accept, refuse, type Verdict } from '../api/verdict.ts'

/** What is refused unless an admin allows it: all that the IANA special-purpose registries don't call global. */
const deniedV4 = [
  '0.0.0.0/8', // this network; reaches the local host
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier-grade NAT; some clouds' metadata
  '127.0.0.0/8',
  '168.63.129.16/32', // a public address by its looks: the host of Azure's machines, with what they are set up with
  '169.254.0.0/16', // link-local: metadata of most clouds
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]

/** Only 2000::/3 is global unicast. What carries an IPv4 address inside (NAT64, 6to4, Teredo) would reach it unseen. */
const deniedV6 = [
  '::/3', // unspecified, loopback, IPv4-compatible and -translated, NAT64 64:ff9b::/96 and 64:ff9b:1::/48, 100::/64
  '4000::/2', // 5f00::/16 among others
  '8000::/1', // fc00::/7 (fd00:ec2::254), fe80::/10, fec0::/10, ff00::/8
  '2001::/23', // Teredo, benchmarking, ORCHID
  '2001:db8::/32',
  '2002::/16', // 6to4
  '3fff::/20',
]

/** Metadata services of clouds among the addresses that anybody may have at home. */
export const metadataV6 = [
  'fd00:ec2::/32', // AWS: ::254, and ::23, which gives out the credentials of Pods
  'fd00:42::42/128', // Scaleway
  'fd20:ce::254/128', // Google
]

/**
 * Of these, a range passes only what it was written for: one that lies within. `0.0.0.0/0` or `10.0.0.0/8` is not meant to open metadata services,
 * loopback, or what carries an IPv4 address inside.
 */
const guarded = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '100.100.100.200/32', // metadata of Alibaba Cloud
  '168.63.129.16/32', // of Azure
  '192.0.0.192/32', // of Oracle
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/96', // unspecified, loopback and IPv4-compatible
  '::ffff:0:0:0/96', // translated
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2001::/32',
  '2002::/16',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
  ...metadataV6,
]

/** What is refused to nobody: all but the denied ranges, as `cidr` without `except`, for rules of networks (NetworkPolicy's ipBlock). */
export function publicRanges(): { cidr: string; except: readonly string[] }[] {
  const global = '2000::/3'
  return [
    { cidr: '0.0.0.0/0', except: deniedV4 },
    { cidr: global, except: deniedV6.filter((range) => liesWithin(range, global)) },
  ]
}

/**
 * Says of a plain IP address whether a connection to it may be made. `trusted`: the name that resolved to it is an allowed one, so that it passes
 * though it is private.
 */
export type AddressPolicy = (address: string, trusted?: boolean) => boolean

/**
 * The policy of a list of allowed CIDRs: what it names passes, but for what is guarded; what is denied by default does not; all else does.
 * IPv4-mapped addresses (`::ffff:10.0.0.1`) are judged as the IPv4 address that they reach.
 */
export function compileAddressPolicy(allowCidrs: readonly string[]): Verdict<AddressPolicy> {
  const [allowed, within, denied, special] = [newRanges(), newRanges(), newRanges(), newRanges()]
  for (const cidr of allowCidrs) {
    const verdict = addCidr(allowed, cidr)
    if (!verdict.ok) return verdict
    if (guarded.some((range) => liesWithin(cidr, range))) addCidr(within, cidr)
  }
  for (const cidr of [...deniedV4, ...deniedV6]) addCidr(denied, cidr)
  for (const cidr of guarded) addCidr(special, cidr)
  return accept((address, trusted = false) => {
    const plain = canonical(address)
    if (plain === undefined) return false
    const family = isIPv4(plain) ? 'ipv4' : 'ipv6'
    if (special[family].check(plain, family)) return within[family].check(plain, family)
    return trusted || allowed[family].check(plain, family) || !denied[family].check(plain, family)
  })
}

/** Whether all of one range is in another. */
function liesWithin(cidr: string, range: string): boolean {
  const [address = '', bits] = cidr.split('/')
  const [, most] = range.split('/')
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6'
  const ranges = newRanges()
  addCidr(ranges, range)
  return Number(bits) >= Number(most) && ranges[family].check(address, family)
}

/** Apart, because a BlockList holds IPv4 addresses to be within the IPv6 range of their mapped forms. */
type Ranges = { ipv4: BlockList; ipv6: BlockList }

const newRanges = (): Ranges => ({ ipv4: new BlockList(), ipv6: new BlockList() })

function addCidr(ranges: Ranges, cidr: string): Verdict {
  const [address = '', bits = '', ...rest] = cidr.split('/')
  const family = isIP(address)
  const most = family === 4 ? 32 : 128
  if (family === 0 || rest.length > 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > most) {
    return refuse(
      'InvalidCIDR',
      `'${cidr}' is no CIDR; write an IPv4 or IPv6 range such as 10.0.0.0/8, 192.168.1.5/32 or fd00::/8`,
    )
  }
  if (family === 6 && canonical(address)?.includes('.')) {
    return refuse('InvalidCIDR', `'${cidr}' is an IPv4-mapped range; write it as IPv4, such as 10.0.0.0/8`)
  }
  const name = family === 4 ? 'ipv4' : 'ipv6'
  ranges[name].addSubnet(address, Number(bits), name)
  return accept(undefined)
}

/** One spelling for each address: mapped forms as IPv4, IPv6 as the URL standard writes it, without a zone. */
export function canonical(address: string): string | undefined {
  const family = isIP(address)
  if (family === 4) return address
  if (family === 0) return undefined
  const host = new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1)
  const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(host)
  if (!mapped) return host
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
