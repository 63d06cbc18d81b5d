import type { HostileCase } from './cases.ts'
import { allowed, forbidden } from './world.ts'

const url = `http://${allowed}/`
const secret = (namespace: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'client', namespace, labels: { 'carillon.dev/credential': 'true' } },
  stringData: { 'client-id': 'id', 'client-secret': 'secret' },
})
const oauth2 = (tokenURL: string) => ({ url, auth: { oauth2: { tokenURL, secretRef: { name: 'client' } } } })

/** Token URLs that lead where no sink may. */
export const tokens: HostileCase[] = [
  ...forbidden.map((address) => ({
    name: `a token URL at ${address}`,
    http: oauth2(`http://${address.includes(':') ? `[${address}]` : address}/token`),
    beside: (namespace: string) => [secret(namespace)],
    expect: /^(AddressRefused|TokenUnavailable): .*refused/,
  })),
  ...['2130706433', '0xa9fea9fe', '[::ffff:10.0.0.1]', '192.168.1'].map((host) => ({
    name: `a token URL at ${host}`,
    http: oauth2(`http://${host}/token`),
    beside: (namespace: string) => [secret(namespace)],
    expect: /^(AddressRefused|TokenUnavailable): .*refused/,
  })),
  {
    name: 'a token URL at a name that is 169.254.169.254',
    http: oauth2('http://token.example.com/token'),
    dns: { 'token.example.com 4': [['169.254.169.254']] },
    beside: (namespace: string) => [secret(namespace)],
    expect: /^(AddressRefused|TokenUnavailable): .*refused/,
  },
]
