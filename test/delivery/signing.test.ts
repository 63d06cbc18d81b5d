import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { credentialLabel, keyReader } from '../../src/delivery/read-key.ts'
import { compileSigner } from '../../src/delivery/signing.ts'
import { startSink } from '../controlplane/sink.ts'
import { Clock } from './clock.ts'
import { Running, rowsOf } from './running.ts'

const key = (bytes: number) => `whsec_${randomBytes(bytes).toString('base64')}`

function compiled(data: Record<string, string>) {
  const encoded = Object.entries(data).map(([name, value]) => [name, Buffer.from(value).toString('base64')])
  const metadata = { name: 'qe', labels: { [credentialLabel]: 'true' } }
  const secrets = new Map([['qe', { metadata, data: Object.fromEntries(encoded) }]])
  return compileSigner({ secretRef: { name: 'qe' } }, keyReader(secrets, 'team-a', true))
}

function signer(data: Record<string, string>) {
  const made = compiled(data)
  assert.ok(made.ok, made.ok ? '' : made.message)
  return made.value
}

/** As a receiver verifies it that uses the library of the Standard Webhooks project. */
const verify = (secret: string, body: string, headers: Record<string, string>) =>
  new Webhook(secret).verify(body, headers)

const roundTrip = (secret: string, body: string) =>
  verify(secret, body, signer({ whsec: secret })('m-1', body, Date.now()))

describe('a signature', () => {
  it('is verified by the library of Standard Webhooks, with keys of 24 to 64 bytes, over odd bodies and none', () => {
    for (const bytes of [24, 32, 64])
      for (const body of ['{"a":1}', '{"text":"größer ✓ 𝄞 . \\u0000"}', '[]'])
        assert.deepEqual(roundTrip(key(bytes), body), JSON.parse(body))
  })

  it('is refused for another body, id, key, or time', () => {
    const secret = key(32)
    const headers = signer({ whsec: secret })('m-1', '{}', Date.now())
    assert.throws(() => verify(secret, '{"a":1}', headers))
    assert.throws(() => verify(secret, '{}', { ...headers, 'webhook-id': 'm-2' }))
    assert.throws(() => verify(key(32), '{}', headers))
    const old = signer({ whsec: secret })('m-1', '{}', Date.now() - 600_000)
    assert.throws(() => verify(secret, '{}', old), /too old/)
  })

  it('is made with both keys while they are changed: receivers with either take it', () => {
    const [next, previous] = [key(32), key(24)]
    const headers = signer({ whsec: next, 'whsec-previous': previous })('m-1', '{}', Date.now())
    for (const secret of [next, previous]) assert.deepEqual(verify(secret, '{}', headers), {})
    assert.equal(headers['webhook-signature']?.split(' ').length, 2)
  })
})

describe('a signing key that is not usable', () => {
  const table: [name: string, data: Record<string, string>, message: RegExp][] = [
    ['missing', {}, /^Secret qe has no key whsec\.$/],
    ['without its prefix', { whsec: randomBytes(32).toString('base64') }, /^Key whsec .* whsec_ and 24 to 64/],
    ['too short', { whsec: key(23) }, /^Key whsec /],
    ['too long', { whsec: key(65) }, /^Key whsec /],
    ['no base64', { whsec: 'whsec_%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%' }, /^Key whsec /],
    ['its predecessor is not', { whsec: key(32), 'whsec-previous': 'whsec_' }, /^Key whsec-previous /],
  ]
  for (const [name, data, message] of table)
    it(name, () => {
      const made = compiled(data)
      assert.ok(!made.ok)
      assert.match(made.message, message)
      for (const value of Object.values(data)) assert.ok(value === 'whsec_' || !made.message.includes(value))
    })
})

describe('what a sink receives is signed', () => {
  const secret = key(32)
  const sign = signer({ whsec: secret })
  for (const mode of ['binary', 'structured', 'batch'] as const)
    it(`in mode ${mode}, under an id that is the same at each attempt`, async () => {
      await using sink = await startSink({
        behaviour: (request) => ({ kind: 'answer', status: request.attempt === 1 ? 503 : 204 }),
      })
      const batch = { maxEvents: 10, maxDelayMs: 0 }
      const clock = new Clock({ runs: true })
      await using running = new Running(sink.url, {
        ...{ sink: { mode, ...(mode === 'batch' && { batch }) }, clock, access: { sign } },
      })
      await running.enqueue(...rowsOf('o1', ['e1']))
      const [first, second] = await sink.waitFor((received) => received.length > 1, { what: 'a second attempt' })
      for (const request of [first, second])
        verify(secret, request?.body ?? '', request?.headers as Record<string, string>)
      assert.equal(first?.headers['webhook-id'], second?.headers['webhook-id'])
      assert.equal(first?.headers['webhook-id'], 'e1')
    })
})
