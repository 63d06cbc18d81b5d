import { publicRanges } from '../../src/delivery/addresses.ts'

/** Peers of the chart's NetworkPolicy that stand for public addresses: those that sinks may have without more said. */
export async function generate(): Promise<Map<string, string>> {
  const peers = publicRanges().map(
    ({ cidr, except }) =>
      `- ipBlock:\n    cidr: ${JSON.stringify(cidr)}\n    except:\n${except.map((one) => `    - ${JSON.stringify(one)}\n`).join('')}`,
  )
  const head =
    '# What npm run generate makes of src/delivery/addresses.ts: the addresses that sinks may have by default.\n'
  return new Map([['charts/carillon/network/public.yaml', `${head}${peers.join('')}`]])
}
