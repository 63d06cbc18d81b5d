import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { accept } from '../../src/api/verdict.ts'
import { type CredentialSpec, resolveHeaders, secretsNeeded } from '../../src/delivery/credentials.ts'
import { readOwnCredentials } from '../../src/delivery/own-credentials.ts'
import { readAccess } from '../../src/delivery/read-access.ts'
import { credentialLabel, keyReader, type Secret } from '../../src/delivery/read-key.ts'
import { accountOf, bundleOf, credentialOf, type Keys, keysOf } from '../../src/delivery/wanted.ts'

const base64 = (value: string) => Buffer.from(value).toString('base64')
const allowed = { [credentialLabel]: 'true' }
const secret = (data: Record<string, string>, labels: Record<string, string> = allowed): Secret => ({
  metadata: { name: 'qe', labels, ...{ annotations: { large: 'x'.repeat(1000) } } },
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
})
const megabyte = 'x'.repeat(1024 * 1024 - 100)

describe('what is kept of a Secret', () => {
  const keys: Keys = [
    ['key', 4],
    ['token', 4],
  ]
  const metadata = { name: 'qe', labels: allowed }
  const table: [name: string, Secret, requireLabel: boolean, kept: Secret][] = [
    ['what is wanted', secret({ token: 'abcd', key: '', other: 'x' }), true, secret({ key: '', token: 'abcd' })],
    ['nothing of keys that are not there', secret({ other: 'x' }), true, { metadata, data: {} }],
    ['nothing where there is no data', { metadata }, true, { metadata, data: {} }],
    [
      'that a value is longer than can be used',
      secret({ token: 'abcde', key: 'a' }),
      true,
      { ...secret({ key: 'a' }), tooLong: ['token'] },
    ],
    ['no data without the label', secret({ token: 'a' }, { app: 'x' }), true, { metadata: { name: 'qe' } }],
    [
      'no data with another value of the label',
      secret({ token: 'a' }, { [credentialLabel]: 'yes', app: 'x' }),
      true,
      { metadata: { name: 'qe', labels: { [credentialLabel]: 'yes' } } },
    ],
    [
      'data without the label where that is not asked for',
      secret({ token: 'a' }, { app: 'x' }),
      false,
      { metadata: { name: 'qe' }, data: { token: base64('a') } },
    ],
  ]
  for (const [name, given, requireLabel, { metadata: kept, ...more }] of table)
    it(name, () => {
      const found = credentialOf(given, { keys, requireLabel })
      const { annotations: _, ...rest } = kept as typeof kept & { annotations?: unknown }
      assert.deepEqual(found, { metadata: rest, ...more })
    })

  it('is no member of what all objects have', () => {
    const odd = JSON.parse(`{"metadata":{"name":"qe"},"data":{"__proto__":"${base64('a')}"}}`) as Secret
    const wanted: Keys = [
      ['__proto__', 4],
      ['constructor', 4],
    ]
    const { data = {} } = credentialOf(odd, { keys: wanted, requireLabel: false })
    assert.deepEqual(Object.entries(data), [['__proto__', base64('a')]])
  })
})

describe('what is kept of others', () => {
  it('of a ConfigMap its key, or that its value is too long', () => {
    const data = { 'ca.crt': 'abcd', other: megabyte }
    assert.deepEqual(bundleOf({ data }, [['ca.crt', 4]]), { data: { 'ca.crt': 'abcd' } })
    assert.deepEqual(bundleOf({ data }, [['ca.crt', 3]]), { data: {}, tooLong: ['ca.crt'] })
    assert.deepEqual(bundleOf({}, [['ca.crt', 3]]), { data: {} })
  })

  it('of a ServiceAccount who it is, and its audiences', () => {
    const annotations = { 'carillon.dev/audience': 'a, b', other: megabyte }
    const kept = { metadata: { uid: 'u', annotations: { 'carillon.dev/audience': 'a, b' } } }
    assert.deepEqual(accountOf({ metadata: { uid: 'u', annotations } }), kept)
    assert.deepEqual(accountOf({ metadata: { uid: 'u' } }), { metadata: { uid: 'u' } })
  })

  it('the most that is wanted of a key, in one order', () => {
    assert.deepEqual(
      keysOf([
        ['b', 1],
        ['a', 2],
        ['b', 3],
        ['a', 1],
      ]),
      [
        ['a', 2],
        ['b', 3],
      ],
    )
  })
})

describe('a value that is too long', () => {
  const from = (key: string): CredentialSpec => ({
    headers: [{ name: 'X-A', valueFrom: { secretKeyRef: { name: 'qe', key } } }],
  })
  const secretRef = { name: 'qe' }
  const access = (spec: CredentialSpec, data: Record<string, string>) =>
    readAccess(
      spec,
      'team-a',
      {
        secret: async (_namespace, _name, wanted) => credentialOf(secret(data), wanted),
        configMap: async (_namespace, _name, keys) => bundleOf({ data }, keys),
        oauth2: () => assert.fail('oauth2'),
        serviceAccount: () => assert.fail('serviceAccount'),
      },
      { sink: 'qe', fresh: false, requireLabel: true, now: 0 },
    )
  const table: [string, CredentialSpec, Record<string, string>, message: RegExp][] = [
    ['header', from('key'), { key: megabyte }, /^Key key of Secret qe .* at most 16 KiB\.$/],
    ['token', { auth: { bearer: { secretRef } } }, { token: megabyte }, /^Key token .* at most 16 KiB\.$/],
    [
      'password',
      { auth: { basic: { secretRef } } },
      { username: 'u', password: megabyte },
      /^Key password .* at most 16 KiB\.$/,
    ],
    [
      'client-secret',
      { auth: { oauth2: { tokenURL: 'https://a.example/', secretRef } } },
      { 'client-id': 'u', 'client-secret': megabyte },
      /^Key client-secret .* at most 16 KiB\.$/,
    ],
    ['whsec', { signing: { secretRef } }, { whsec: megabyte }, /^Key whsec .* whsec_ and 24 to 64 random bytes/],
    [
      'whsec-previous',
      { signing: { secretRef } },
      { whsec: `whsec_${base64('x'.repeat(32))}`, 'whsec-previous': megabyte },
      /^Key whsec-previous .* whsec_ and 24 to 64 random bytes/,
    ],
    ['ca.crt', { certSecretRef: { name: 'qe' } }, { 'ca.crt': megabyte }, /^Key ca\.crt of Secret qe .* 512 KiB/],
    [
      'tls.crt',
      { certSecretRef: { name: 'qe' } },
      { 'tls.crt': megabyte, 'tls.key': 'x' },
      /^Key tls\.crt of Secret qe .* 512 KiB/,
    ],
    [
      'tls.key',
      { certSecretRef: { name: 'qe' } },
      { 'tls.crt': 'x', 'tls.key': megabyte },
      /^Key tls\.key of Secret qe .* a private key in PEM, at most 512 KiB\.$/,
    ],
    [
      'a ConfigMap’s',
      { caConfigMapRef: { name: 'bundle' } },
      { 'ca.crt': megabyte },
      /^Key ca\.crt of ConfigMap bundle .* at most 300 certificates in PEM, 512 KiB together\.$/,
    ],
  ]
  for (const [name, spec, data, message] of table)
    it(`is told as such: ${name}`, async () => {
      const verdict = await access(spec, data)
      assert.match(verdict.ok ? 'ok' : verdict.message, message)
    })

  it('is told as such: a subscription’s own', async () => {
    const own = (data: Record<string, string>) =>
      readOwnCredentials('team-a', 'qe', async (_namespace, _name, wanted) => credentialOf(secret(data), wanted), {
        fresh: false,
        requireLabel: true,
      })
    for (const [key, data] of [
      ['token', { token: megabyte, username: 'u', password: 'p' }],
      ['username', { username: megabyte, password: 'p' }],
    ] as const) {
      const verdict = await own(data)
      assert.match(verdict.ok ? 'ok' : verdict.message, new RegExp(`^Key ${key} of Secret qe .* at most 16 KiB`))
    }
  })

  it('beside those that are used is no matter; nor is a line end after the longest', async () => {
    const longest = 'x'.repeat(16 * 1024)
    const verdict = await access(from('key'), { key: `${longest}\r\n`, other: megabyte })
    assert.deepEqual(verdict.ok && verdict.value.headers, { 'x-a': longest })
  })

  it('is missing nowhere: whoever looks for the key finds it', () => {
    const found = credentialOf(secret({ key: megabyte }), { keys: [['key', 1]], requireLabel: true })
    const read = keyReader(new Map([['qe', found]]), 'team-a', true)
    assert.equal(read.has('qe', 'key'), true)
    assert.equal(read.has('qe', 'other'), false)
    assert.deepEqual([...secretsNeeded(from('key')).keys()], ['qe'])
    assert.notDeepEqual(resolveHeaders(from('key'), read), accept({}))
  })
})
