import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { accept } from '../../src/api/verdict.ts'
import { examine, type Texts } from '../../src/delivery/certificates.ts'
import { compileEgress } from '../../src/delivery/egress.ts'
import { fetchToken } from '../../src/delivery/token-endpoint.ts'
import { certificate } from './certificates.ts'
import { type Listener, listen } from './sockets.ts'
import { reply, toLoopback } from './transports/sending.ts'

const now = 1_000_000
const authority = (name: string) => ({ name, ...certificate({ name, ca: true }) })
const [own, publicOne, foreign] = ['Own CA', 'Public CA', 'Foreign CA'].map(authority) as [Ca, Ca, Ca]
type Ca = ReturnType<typeof authority>
const hosts = ['login.example']
const identity = certificate({ name: 'team-a' }, own)

const egress = compileEgress({ allowCidrs: ['127.0.0.0/8'] }, toLoopback)
assert.ok(egress.ok)

/** Asks with the authorities of a sink that refers to these texts. */
async function ask({ port }: Listener, texts?: Texts) {
  const spec = { tokenURL: `https://login.example:${port}/token`, secretRef: { name: 'qe' } }
  const authorities = texts && authoritiesIn(texts)
  const context = { egress: (egress.ok && egress.value) || assert.fail(), now: () => now, authorities }
  const token = await fetchToken(spec, { id: 'me', secret: 'hunter2' }, context)
  return token.ok ? token.value.value : token.message
}
function authoritiesIn(texts: Texts) {
  const examined = examine(texts, { asksOthers: true })
  assert.ok(examined.ok)
  return examined.material.authorities
}

const token = reply(200, 'content-type: application/json\r\n', '{"access_token":"tok","expires_in":60}')
const by = (issuer: Ca, to?: Date) =>
  certificate({ name: 'login', hosts, ...(to && { from: new Date(0), to }) }, issuer)

describe('the certificate of a token endpoint', () => {
  const usual = getCACertificates('default')
  before(() => setDefaultCACertificates([publicOne.cert]))
  after(() => setDefaultCACertificates(usual))

  it('may be of an authority that the sink brings, from Secret or ConfigMap', async () => {
    await using listener = await listen(token, by(own))
    assert.equal(await ask(listener, { 'ca.crt': own.cert }), 'tok')
    assert.equal(await ask(listener, { bundle: own.cert }), 'tok')
    assert.equal(await ask(listener, { 'ca.crt': own.cert, 'tls.crt': identity.cert, 'tls.key': identity.key }), 'tok')
    assert.equal(listener.connections, 3)
  })

  it('may be of a public one, whatever the sink brings', async () => {
    await using listener = await listen(token, by(publicOne))
    assert.equal(await ask(listener), 'tok')
    assert.equal(await ask(listener, { 'ca.crt': own.cert }), 'tok')
    assert.equal(listener.requests.length, 2)
  })

  it('of anybody else is refused before the client secret is sent, and told to be the token endpoint’s', async () => {
    const refused = /could not be asked: The certificate of the token endpoint is signed by a CA that is not trusted\.$/
    await using listener = await listen(token, by(foreign))
    assert.match(await ask(listener), refused)
    assert.match(await ask(listener, { 'ca.crt': own.cert }), refused)
    await using ofOwn = await listen(token, by(own))
    assert.match(await ask(ofOwn), refused)
    assert.deepEqual([...listener.requests, ...ofOwn.requests], [])
  })

  it('that has expired is said to, and not asked about again', async () => {
    await using listener = await listen(token, by(own, new Date(1_000_000)))
    assert.match(await ask(listener, { 'ca.crt': own.cert }), /The certificate of the token endpoint has expired\.$/)
  })

  it('is all that is asked for: the one of the sink is not shown there', async () => {
    await using listener = await listen(token, { ...by(own), ca: own.cert })
    const texts = { 'ca.crt': own.cert, 'tls.crt': identity.cert, 'tls.key': identity.key }
    assert.match(await ask(listener, texts), /could not be asked: /)
    assert.deepEqual(listener.requests, [])
  })
})

it('a token is had over plain http where the address is', async () => {
  await using listener = await listen(token)
  const spec = { tokenURL: `http://127.0.0.1:${listener.port}/token`, secretRef: { name: 'qe' } }
  const context = { egress: (egress.ok && egress.value) || assert.fail(), now: () => now }
  assert.deepEqual(
    await fetchToken(spec, { id: 'a', secret: 'b' }, context),
    accept({ value: 'tok', expires: now + 60_000 }),
  )
})
