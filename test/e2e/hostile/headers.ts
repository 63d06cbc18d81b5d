import type { HostileCase } from './cases.ts'
import { allowed } from './world.ts'

const url = `http://${allowed}/`

/** Names that belong to the protocol, to the event, to proxies or to credentials. */
const names = [
  'Host',
  'Connection',
  'Content-Length',
  'Content-Type',
  'Transfer-Encoding',
  'TE',
  'Trailer',
  'Upgrade',
  'Expect',
  'Keep-Alive',
  'Cookie',
  'Authorization',
  'Proxy-Authorization',
  'Forwarded',
  'X-Forwarded-For',
  'ce-id',
  'CE-Source',
  'webhook-signature',
  'Carillon-Subscription',
  'bad name',
  'bad:name',
  'bad\r\nname',
]

const values = ['a\r\nHost: 169.254.169.254', 'a\nb', 'a\u0000b', 'ä']

const fromSecret: HostileCase[] = values.map((value, index) => ({
  name: `a header's value from a Secret, ${JSON.stringify(value)}`,
  http: { url, headers: [{ name: 'X-Key', valueFrom: { secretKeyRef: { name: `header-${index}`, key: 'key' } } }] },
  beside: (namespace) => [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `header-${index}`, namespace, labels: { 'carillon.dev/credential': 'true' } },
      stringData: { key: value },
    },
  ],
  expect: /^SecretInvalid: Key key of Secret header-\d/,
}))

/** Headers that would make of a request another one. */
export const headers: HostileCase[] = [
  ...names.map((name) => ({
    name: `a header ${JSON.stringify(name)}`,
    http: { url, headers: [{ name, value: '169.254.169.254' }] },
    expect: /^not taken: .*header/,
  })),
  ...values.map((value) => ({
    name: `a header's value ${JSON.stringify(value)}`,
    http: { url, headers: [{ name: 'X-Team', value }] },
    expect: /^not taken: .*header's value/,
  })),
  ...fromSecret,
]
