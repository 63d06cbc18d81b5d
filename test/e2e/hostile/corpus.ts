import type { HostileCase } from './cases.ts'
import { headers } from './headers.ts'
import { services } from './services.ts'
import { spellings } from './spellings.ts'
import { tokens } from './tokens.ts'
import { allowed, forbidden } from './world.ts'

const host = (address: string): string => (address.includes(':') ? `[${address}]` : address)
const family = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4)

/** Refused by the API server's rules, or by the guard. */
const refused = /^not taken: .* url must|^AddressRefused|^InvalidURL|^PortRefused/

const literals: HostileCase[] = forbidden.map((address) => ({
  name: `the address ${address}`,
  http: { url: `http://${host(address)}/` },
  expect: /^AddressRefused/,
  isReachable: true,
}))

const spelt: HostileCase[] = ['127.0.0.1', '169.254.169.254', '10.0.0.1', '192.168.0.1'].flatMap((address) =>
  spellings(address).map(([name, text]) => ({
    name: `${address} as ${name}, ${text}`,
    http: { url: `http://${text}/` },
    expect: refused,
  })),
)

const named: HostileCase[] = forbidden.map((address, index) => {
  const name = `name-${index}.example.com`
  return {
    name: `a name that is ${address}`,
    http: { url: `http://${name}/` },
    dns: { [`${name} ${family(address)}`]: [[address]] },
    expect: /^AddressRefused/,
    isReachable: true,
  }
})

/** What the resolver says first, and what it says when it is asked again. None may come to the second. */
const flipping: HostileCase[] = forbidden
  .filter((address) => family(address) === 4)
  .flatMap((address, index) => {
    const answers: [what: string, answers: string[][], expect: RegExp][] = [
      ['first right, then', [[allowed], [address]], /^delivered/],
      ['first wrong, then right:', [[address], [allowed]], /^AddressRefused|^delivered/],
      ['beside a right one,', [[address, allowed]], /^AddressRefused|^delivered/],
    ]
    return answers.map(([what, turns, expect], turn) => {
      const name = `flip-${index}-${turn}.example.com`
      return {
        name: `a name that is ${what} ${address}`,
        http: { url: `http://${name}/` },
        dns: { [`${name} 4`]: turns },
        expect,
      }
    })
  })

const shapes: HostileCase[] = [
  ['credentials before the host', `http://${allowed}@169.254.169.254/`],
  ['a password', `http://a:b@${allowed}/`],
  ['a backslash', `http://169.254.169.254\\@${allowed}/`],
  ['a fragment', `http://169.254.169.254#@${allowed}/`],
  ['a tab within', `http://169.254.\t169.254/`],
  ['a line break within', `http://169.254.169.254/\n`],
  ['a space before', ` http://169.254.169.254/`],
  ['a zone', 'http://[fe80::1%25lo]/'],
  ['no slashes', 'http:169.254.169.254'],
  ['three slashes', 'http:///169.254.169.254/'],
  ['another scheme', 'file:///etc/passwd'],
  ['gopher', 'gopher://169.254.169.254:80/_GET'],
  ['ftp', 'ftp://169.254.169.254/'],
  ['data', 'data:text/plain,hello'],
  ['a Unix socket', 'http+unix://%2Fvar%2Frun%2Fdocker.sock/'],
  ['upper case', 'HTTP://169.254.169.254/'],
  ['a port beyond', `http://${allowed}:65536/`],
  ['port 0', `http://${allowed}:0/`],
  ['localhost', 'http://localhost/'],
  ['localhost with a dot', 'http://localhost./'],
  ['LOCALHOST', 'http://LOCALHOST/'],
  ['a name below localhost', 'http://a.localhost/'],
  ['nothing but a dot', 'http://./'],
  ['an empty host', 'http:///'],
  ['an address that overflows', 'http://256.256.256.256/'],
  ['five parts', 'http://127.0.0.0.1/'],
].map(([name = '', url = '']) => ({
  name: `a URL with ${name}`,
  http: { url },
  expect: new RegExp(`${refused.source}|^not taken|^HostNotFound`),
}))

/** A right address, and ports behind which no sink is. */
const doors: HostileCase[] = [22, 23, 25, 53, 110, 143, 2379, 2380, 6379, 6443, 10250].map((port) => ({
  name: `port ${port} of a right address`,
  http: { url: `http://${allowed}:${port}/` },
  expect: /^PortRefused/,
}))

const redirected: HostileCase[] = [301, 302, 303, 307, 308].map((status) => ({
  name: `an answer ${status} that leads to 169.254.169.254`,
  http: { url: `http://${allowed}/redirect/${status}` },
  expect: /^Redirect|^HTTP30|^HTTPStatus|redirects are not followed/,
}))

/** All that is tried through the whole operator. */
export const corpus: HostileCase[] = [
  ...literals,
  ...spelt,
  ...named,
  ...flipping,
  ...shapes,
  ...doors,
  ...redirected,
  ...headers,
  ...tokens,
  ...services,
]
