import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CredentialSpec, resolveHeaders, secretsNeeded } from '../../src/delivery/credentials.ts'
import { credentialLabel, keyReader, type Secret } from '../../src/delivery/read-key.ts'

const base64 = (value: string | Buffer) => Buffer.from(value).toString('base64')
const secret = (
  name: string,
  data: Record<string, string | Buffer>,
  labels: Record<string, string> = { [credentialLabel]: 'true' },
): Secret => ({
  metadata: { name, labels },
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
})
const byName = (secrets: Secret[]) => new Map(secrets.map((one) => [one.metadata.name, one]))
const having = Object.assign((...secrets: Secret[]) => keyReader(byName(secrets), 'team-a', true), {
  unlabelled: (...secrets: Secret[]) => keyReader(byName(secrets), 'team-a', false),
})
const bearer: CredentialSpec = { auth: { bearer: { secretRef: { name: 'qe' } } } }
const basic: CredentialSpec = { auth: { basic: { secretRef: { name: 'qe' } } } }
const header = (name: string, value: string): CredentialSpec => ({ headers: [{ name, value }] })
const headerFrom = (name: string, key = 'key'): CredentialSpec => ({
  headers: [{ name, valueFrom: { secretKeyRef: { name: 'qe', key } } }],
})
const hidden = 'hunter2-secret-value'

describe('the headers of a sink', () => {
  const table: [name: string, CredentialSpec, Secret[], Record<string, string>][] = [
    ['none', {}, [], {}],
    ['a plain value', header('X-Team', 'a'), [], { 'x-team': 'a' }],
    ['an empty value', header('X-Team', ''), [], { 'x-team': '' }],
    ['a value from a Secret', headerFrom('X-Key'), [secret('qe', { key: 'k e y' })], { 'x-key': 'k e y' }],
    [
      'an own scheme of authorization',
      headerFrom('Authorization'),
      [secret('qe', { key: 'Splunk abc' })],
      { authorization: 'Splunk abc' },
    ],
    ['bearer', bearer, [secret('qe', { token: 'abc.def' })], { authorization: 'Bearer abc.def' }],
    [
      'bearer, the token with a line end',
      bearer,
      [secret('qe', { token: 'abc\r\n' })],
      { authorization: 'Bearer abc' },
    ],
    [
      'basic (RFC 7617 §2)',
      basic,
      [secret('qe', { username: 'Aladdin', password: 'open sesame' })],
      { authorization: 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==' },
    ],
    [
      'basic in UTF-8 (RFC 7617 §2.1)',
      basic,
      [secret('qe', { username: 'test', password: '123\u00a3\n' })],
      { authorization: 'Basic dGVzdDoxMjPCow==' },
    ],
    [
      'a password with colons',
      basic,
      [secret('qe', { username: 'u', password: 'a:b' })],
      { authorization: `Basic ${base64('u:a:b')}` },
    ],
    [
      'all together',
      {
        ...bearer,
        headers: [
          { name: 'X-A', value: '1' },
          { name: 'X-B', valueFrom: { secretKeyRef: { name: 'other', key: 'k' } } },
        ],
      },
      [secret('qe', { token: 't' }), secret('other', { k: 'v' })],
      { 'x-a': '1', 'x-b': 'v', authorization: 'Bearer t' },
    ],
  ]
  for (const [name, spec, secrets, headers] of table) {
    it(name, () => assert.deepEqual(resolveHeaders(spec, having(...secrets)), { ok: true, value: headers }))
  }

  it('name the Secrets that they need, each once, and of each the keys that can be used', () => {
    const [a, b] = [headerFrom('X-A', 'ca.crt'), headerFrom('X-B', 'b')].map(({ headers = [] }) => headers)
    const [value, pem] = [16 * 1024 + 2, 512 * 1024]
    const secretRef = { name: 'other' }
    const needed = secretsNeeded({
      ...bearer,
      headers: [...(a ?? []), ...(b ?? [])],
      certSecretRef: { name: 'qe' },
      signing: { secretRef },
    })
    assert.deepEqual(
      [...needed],
      [
        [
          'qe',
          [
            ['b', value],
            ['ca.crt', pem],
            ['tls.crt', pem],
            ['tls.key', pem],
            ['token', value],
          ],
        ],
        [
          'other',
          [
            ['whsec', value],
            ['whsec-previous', value],
          ],
        ],
      ],
    )
    const oauth2 = { tokenURL: 'https://a.example', secretRef }
    const keysOf = (spec: CredentialSpec) =>
      secretsNeeded(spec)
        .values()
        .toArray()
        .flat()
        .map(([key]) => key)
    assert.deepEqual(keysOf({ auth: { oauth2 } }), ['client-id', 'client-secret'])
    assert.deepEqual(keysOf(basic), ['password', 'username'])
    assert.deepEqual(keysOf({}), [])
  })
})

describe('credentials that cannot be used', () => {
  const table: [name: string, CredentialSpec, Secret[], reason: string, message: RegExp][] = [
    [
      'no such Secret',
      bearer,
      [],
      'SecretNotFound',
      /^Secret qe was not found in namespace team-a; create it with key token and the label carillon\.dev\/credential: "true"\.$/,
    ],
    [
      'no label',
      bearer,
      [secret('qe', { token: hidden }, {})],
      'SecretNotLabelled',
      /kubectl -n team-a label secret qe carillon\.dev\/credential=true$/,
    ],
    [
      'a label that is not true',
      bearer,
      [secret('qe', { token: hidden }, { [credentialLabel]: 'yes' })],
      'SecretNotLabelled',
      /kubectl/,
    ],
    ['a missing key', bearer, [secret('qe', { Token: hidden })], 'SecretInvalid', /no key token/],
    [
      'a key of the prototype',
      headerFrom('X-A', 'constructor'),
      [secret('qe', {})],
      'SecretInvalid',
      /no key constructor/,
    ],
    [
      'no data',
      bearer,
      [{ metadata: { name: 'qe', labels: { [credentialLabel]: 'true' } } }],
      'SecretInvalid',
      /no key token/,
    ],
    ['an empty token', bearer, [secret('qe', { token: '' })], 'SecretInvalid', /token.*not empty/],
    ['a token of line ends', bearer, [secret('qe', { token: '\n\n' })], 'SecretInvalid', /token.*not empty/],
    [
      'a binary token',
      bearer,
      [secret('qe', { token: Buffer.from([0xff, 0xfe, 0x00]) })],
      'SecretInvalid',
      /token.*not binary/,
    ],
    [
      'a token on two lines',
      bearer,
      [secret('qe', { token: `${hidden}\nx-forged: 1` })],
      'SecretInvalid',
      /token.*without spaces/,
    ],
    [
      'a token with spaces',
      bearer,
      [secret('qe', { token: `Bearer ${hidden}` })],
      'SecretInvalid',
      /token.*without spaces/,
    ],
    [
      'a token of a megabyte',
      bearer,
      [secret('qe', { token: hidden.repeat(50_000) })],
      'SecretInvalid',
      /token.*16 KiB/,
    ],
    ['a token with a NUL', bearer, [secret('qe', { token: `${hidden}\0` })], 'SecretInvalid', /token/],
    [
      'a username with a colon',
      basic,
      [secret('qe', { username: `${hidden}:`, password: hidden })],
      'SecretInvalid',
      /username.*without a colon/,
    ],
    ['no password', basic, [secret('qe', { username: hidden })], 'SecretInvalid', /no key password/],
    [
      'a password on two lines',
      basic,
      [secret('qe', { username: 'u', password: `${hidden}\r\nx: y` })],
      'SecretInvalid',
      /password.*one line/,
    ],
    [
      'a header value on two lines',
      headerFrom('X-A'),
      [secret('qe', { key: `${hidden}\r\nx: y` })],
      'SecretInvalid',
      /key.*one line/,
    ],
    [
      'a header value that is not ASCII',
      headerFrom('X-A'),
      [secret('qe', { key: `${hidden}ü` })],
      'SecretInvalid',
      /printable ASCII/,
    ],
    [
      'values of Secrets that are too long together',
      { headers: ['A', 'B', 'C', 'D', 'E'].flatMap((name) => headerFrom(name, name.toLowerCase()).headers ?? []) },
      [secret('qe', { ...Object.fromEntries(['a', 'b', 'c', 'd'].map((key) => [key, 'x'.repeat(16_384)])), e: 'x' })],
      'SecretInvalid',
      /^Key e of Secret qe .* shorter: values of headers from Secrets are 64 KiB together at most\.$/,
    ],
    ['a plain value on two lines', header('X-A', `${hidden}\r\nx: y`), [], 'InvalidHeader', /X-A.*one line/],
    ['a name that is no token', header('X A', hidden), [], 'InvalidHeader', /name of a header/],
    ['a name on two lines', header('X\r\nA', hidden), [], 'InvalidHeader', /name of a header/],
    ['no name', header('', hidden), [], 'InvalidHeader', /name of a header/],
    ['a plain Authorization', header('Authorization', hidden), [], 'InvalidHeader', /from a Secret/],
    [
      'the same header twice',
      {
        headers: [
          { name: 'X-A', value: '1' },
          { name: 'x-a', value: '2' },
        ],
      },
      [],
      'InvalidHeader',
      /twice/,
    ],
    [
      'auth and a header Authorization',
      { ...headerFrom('authorization'), ...bearer },
      [secret('qe', { key: hidden, token: hidden })],
      'InvalidHeader',
      /not both/,
    ],
    ...[
      'Host',
      'content-length',
      'Content-Type',
      'Transfer-Encoding',
      'connection',
      'TE',
      'trailer',
      'upgrade',
      'Expect',
      'cookie',
      'ce-id',
      'CE-Source',
      'webhook-id',
      'Carillon-Subscription',
      'Proxy-Authorization',
      'X-Forwarded-For',
      'user-agent',
    ].map((name): [string, CredentialSpec, Secret[], string, RegExp] => [
      `header ${name}`,
      header(name, hidden),
      [],
      'InvalidHeader',
      /belongs to the protocol or to the event/,
    ]),
  ]
  for (const [name, spec, secrets, reason, message] of table) {
    it(`${name}: ${reason}`, () => {
      const verdict = resolveHeaders(spec, having(...secrets))
      assert.ok(!verdict.ok)
      assert.equal(verdict.reason, reason)
      assert.match(verdict.message, message)
      assert.ok(!verdict.message.includes(hidden) && verdict.message.length <= 256)
    })
  }

  it('the label is not asked for where the admin switched that off', () => {
    assert.ok(resolveHeaders(bearer, having.unlabelled(secret('qe', { token: 't' }, {}))).ok)
  })
})
