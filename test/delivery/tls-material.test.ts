import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { examine } from '../../src/delivery/certificates.ts'
import { credentialLabel, keyReader } from '../../src/delivery/read-key.ts'
import { compileTls, type TlsSpec } from '../../src/delivery/tls-material.ts'
import { certificate } from './certificates.ts'
import { eventOf } from './events.ts'
import { type Act, listen } from './sockets.ts'
import { open, reply, sendTo, summary, toLoopback } from './transports/sending.ts'

const now = Date.now()
const hours = (n: number) => new Date(now + n * 3_600_000)
const root = { name: 'Test CA', ...certificate({ name: 'Test CA', ca: true }) }
const server = certificate({ name: 'sink', hosts: ['sink.example'] }, root)
const team = certificate({ name: 'team-a' }, root)
const other = certificate({ name: 'other' }, root)

const fromSecret: TlsSpec = { certSecretRef: { name: 'qe' } }
const fromMap: TlsSpec = { caConfigMapRef: { name: 'bundle' } }

function compiled(spec: TlsSpec, data: Record<string, string> | undefined, map?: Record<string, string>) {
  const encoded = Object.entries(data ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')])
  const metadata = { name: 'qe', labels: { [credentialLabel]: 'true' } }
  const secrets = new Map(data ? [['qe', { metadata, data: Object.fromEntries(encoded) }]] : [])
  const read = keyReader(secrets, 'team-a', true)
  return compileTls(spec, read, map && { data: map }, { namespace: 'team-a', sink: 'qe', now })
}

function material(...of: Parameters<typeof compiled>) {
  const made = compiled(...of)
  assert.ok(made.ok, made.ok ? '' : made.message)
  return made.value
}

describe('certificates of a sink', () => {
  it('are those of its Secret and its ConfigMap, both trusted', async () => {
    const far = { name: 'Far CA', ...certificate({ name: 'Far CA', ca: true }) }
    const pair = { 'tls.crt': team.cert, 'tls.key': team.key }
    const commented = { 'ca.crt': `# of the platform\n${far.cert}${other.cert}` }
    const tls = material({ ...fromSecret, ...fromMap }, { ...pair, 'ca.crt': root.cert }, commented)
    for (const authority of [root, far]) {
      const identity = certificate({ name: 'sink', hosts: ['sink.example'] }, authority)
      await using listener = await listen(reply(204), { ...identity, ca: root.cert })
      const answer = await sendTo(`https://sink.example:${listener.port}/`, {}, toLoopback, { tls })
      assert.equal(summary(answer), 204, authority.name)
    }
    assert.equal(material({}, undefined), undefined)
  })

  it('are read from what is marked as a certificate, and from nothing else that OpenSSL would take', async () => {
    const hidden = root.cert.replaceAll('CERTIFICATE', 'X509 CERTIFICATE')
    const tls = material(fromSecret, { 'ca.crt': `${other.cert}${hidden}` })
    await using listener = await listen(reply(204), server)
    const answer = await sendTo(`https://sink.example:${listener.port}/`, {}, toLoopback, { tls })
    assert.match(String(summary(answer)), /^TLSFailed/)
  })

  it('make a context of the authorities alone where a token endpoint is to be asked by them', () => {
    const pair = { 'tls.crt': team.cert, 'tls.key': team.key }
    const table: [Record<string, string>, asksOthers: boolean, authorities: 'none' | 'the same' | 'its own'][] = [
      [{ 'ca.crt': root.cert }, false, 'the same'],
      [{ 'ca.crt': root.cert }, true, 'the same'],
      [{ ...pair, 'ca.crt': root.cert }, false, 'none'],
      [{ ...pair, 'ca.crt': root.cert }, true, 'its own'],
      [pair, true, 'none'],
    ]
    for (const [texts, asksOthers, expected] of table) {
      const examined = examine(texts, { asksOthers })
      assert.ok(examined.ok)
      const { authorities, context } = examined.material
      const found = !authorities ? 'none' : authorities.context === context ? 'the same' : 'its own'
      assert.equal(found, expected, JSON.stringify([Object.keys(texts), asksOthers]))
    }
  })

  it('are taken where one of those trusted is valid', () => {
    const old = certificate({ name: 'Old CA', ca: true, from: hours(-2), to: hours(-1) })
    assert.ok(material(fromSecret, { 'ca.crt': `${old.cert}${root.cert}` }))
    assert.ok(material({ ...fromSecret, ...fromMap }, { 'ca.crt': old.cert }, { 'ca.crt': root.cert }))
  })

  it('have another form where anything in them is another', () => {
    const forms = [
      material(fromSecret, { 'ca.crt': root.cert }),
      material(fromSecret, { 'ca.crt': other.cert }),
      material(fromSecret, { 'tls.crt': team.cert, 'tls.key': team.key }),
      material(fromSecret, { 'tls.crt': other.cert, 'tls.key': other.key }),
    ].map((one) => one?.form)
    assert.equal(new Set(forms).size, 4)
    assert.equal(material(fromSecret, { 'ca.crt': root.cert })?.form, forms[0])
  })
})

describe('certificates that are not usable', () => {
  const expired = certificate({ name: 'team-a', from: hours(-2), to: hours(-1) }, root)
  const early = certificate({ name: 'team-a', from: hours(1), to: hours(2) }, root)
  const old = certificate({ name: 'Old CA', ca: true, from: hours(-2), to: hours(-1) })
  const coming = certificate({ name: 'Coming CA', ca: true, from: hours(1), to: hours(2) })
  const weak = certificate({ name: 'team-a', curve: 'prime192v1' }, root)
  const long = certificate({ name: 'team-a', rsa: 4608 }, root)
  const pair = (cert: string, key: string) => ({ 'tls.crt': cert, 'tls.key': key })
  const encrypted = createPrivateKey(team.key)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hunter2' })
    .toString()
  const table: [
    string,
    TlsSpec,
    Record<string, string> | undefined,
    Record<string, string> | undefined,
    string,
    RegExp,
  ][] = [
    [
      'an RSA key that takes seconds to sign',
      fromSecret,
      pair(long.cert, long.key),
      undefined,
      'SecretInvalid',
      /Key tls\.key .*an RSA key of 2048 to 4096 bits/,
    ],
    ['no Secret', fromSecret, undefined, undefined, 'SecretNotFound', /Secret qe was not found/],
    ['a Secret with neither', fromSecret, { token: 't' }, undefined, 'SecretInvalid', /no key ca\.crt/],
    [
      'a key alone',
      fromSecret,
      { 'tls.key': team.key, 'ca.crt': root.cert },
      undefined,
      'SecretInvalid',
      /no key tls\.crt/,
    ],
    ['a certificate alone', fromSecret, { 'tls.crt': team.cert }, undefined, 'SecretInvalid', /no key tls\.key/],
    [
      'a PEM that is no PEM',
      fromSecret,
      { 'ca.crt': 'certificate' },
      undefined,
      'SecretInvalid',
      /^Key ca\.crt .* PEM/,
    ],
    [
      'a PEM with nothing in it',
      fromSecret,
      { 'ca.crt': root.cert.replace(/\n[A-Za-z0-9+/]{64}/, '') },
      undefined,
      'SecretInvalid',
      /^Key ca\.crt /,
    ],
    [
      'a certificate where a key is due',
      fromSecret,
      pair(team.cert, team.cert),
      undefined,
      'SecretInvalid',
      /^Key tls\.key .* private key in PEM/,
    ],
    [
      'the key of another',
      fromSecret,
      pair(team.cert, other.key),
      undefined,
      'SecretInvalid',
      /^Key tls\.key .* of the certificate in tls\.crt/,
    ],
    [
      'a key with a passphrase',
      fromSecret,
      pair(team.cert, encrypted),
      undefined,
      'SecretInvalid',
      /^Key tls\.key .* without a passphrase/,
    ],
    [
      'a key that is too short for OpenSSL',
      fromSecret,
      pair(weak.cert, weak.key),
      undefined,
      'SecretInvalid',
      /^Key tls\.crt .* EC keys of 224/,
    ],
    [
      'a bundle of too many',
      fromSecret,
      { 'ca.crt': root.cert.repeat(301) },
      undefined,
      'SecretInvalid',
      /^Key ca\.crt .* at most 300 certificates/,
    ],
    [
      'a bundle that is too large',
      fromMap,
      undefined,
      { 'ca.crt': `${root.cert}# ${' '.repeat(600_000)}` },
      'ConfigMapInvalid',
      /^Key ca\.crt of ConfigMap bundle .* 512 KiB/,
    ],
    [
      'an expired one',
      fromSecret,
      pair(expired.cert, expired.key),
      undefined,
      'SecretInvalid',
      /^Key tls\.crt .* ended on \d{4}-/,
    ],
    [
      'one that is not valid yet',
      fromSecret,
      pair(early.cert, early.key),
      undefined,
      'SecretInvalid',
      /^Key tls\.crt .* begins on \d{4}-/,
    ],
    [
      'an authority that ended',
      fromSecret,
      { 'ca.crt': old.cert },
      undefined,
      'SecretInvalid',
      /^Key ca\.crt .* last ended on \d{4}-/,
    ],
    [
      'authorities that ended or are to come',
      fromMap,
      undefined,
      { 'ca.crt': `${old.cert}${coming.cert}` },
      'ConfigMapInvalid',
      /^Key ca\.crt of ConfigMap bundle .* next begins on \d{4}-/,
    ],
    [
      'no ConfigMap',
      fromMap,
      undefined,
      undefined,
      'ConfigMapNotFound',
      /ConfigMap bundle was not found in namespace team-a; create it with key ca\.crt/,
    ],
    ['a ConfigMap without the key', fromMap, undefined, { other: '' }, 'ConfigMapInvalid', /has no key ca\.crt/],
    [
      'a ConfigMap with something else',
      fromMap,
      undefined,
      { 'ca.crt': 'x' },
      'ConfigMapInvalid',
      /^Key ca\.crt of ConfigMap bundle .* PEM/,
    ],
  ]
  for (const [name, spec, data, map, reason, message] of table)
    it(name, () => {
      const made = compiled(spec, data, map)
      assert.ok(!made.ok)
      assert.equal(made.reason, reason)
      assert.match(made.message, message)
      for (const value of Object.values({ ...data, ...map }))
        assert.ok(value.length < 20 || !made.message.includes(value.slice(30, 90)))
    })
})

describe('a sink that would keep others waiting by its handshakes', () => {
  const rsa = certificate({ name: 'sink', hosts: ['sink.example'], rsa: 2048 }, root)
  const trusting = { tls: material(fromSecret, { 'ca.crt': root.cert }) }
  const to = (port: number) => `https://sink.example:${port}/`
  /** That the server itself works: Node's own defaults speak with it. */
  const speaks = (port: number) =>
    new Promise<string | undefined>((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', servername: 'sink.example', ca: root.cert }, () => {
        resolve(socket.getCipher().standardName)
        socket.destroy()
      }).on('error', reject)
    })

  it('does not choose the group of a Diffie-Hellman exchange', async () => {
    const choosing = { maxVersion: 'TLSv1.2' as const, ciphers: 'DHE-RSA-AES128-GCM-SHA256', dhparam: 'auto' as const }
    await using listener = await listen(reply(204), { ...rsa, ...choosing })
    assert.match((await speaks(listener.port)) ?? '', /^TLS_DHE_/)
    for (const access of [trusting, {}])
      assert.match(
        String(summary(await sendTo(to(listener.port), {}, toLoopback, access))),
        /^(TLSFailed|ConnectionReset)/,
      )
    assert.deepEqual(listener.requests, [])
  })

  it('takes our events by any other, with TLS 1.2 too', async () => {
    await using listener = await listen(reply(204), { ...rsa, maxVersion: 'TLSv1.2' })
    assert.equal(summary(await sendTo(to(listener.port), {}, toLoopback, trusting)), 204)
  })

  it('may not begin another on the same connection', async () => {
    const { promise: outcome, resolve } = Promise.withResolvers<string>()
    const again: Act = (socket) =>
      void (socket as TLSSocket).renegotiate({ rejectUnauthorized: false }, (error) => {
        resolve(error ? 'refused' : 'done')
        socket.destroy()
      })
    await using listener = await listen(again, { ...rsa, maxVersion: 'TLSv1.2' })
    const answer = await sendTo(to(listener.port), { timeoutMs: 2_000 }, toLoopback, trusting)
    assert.notEqual(summary(answer), 204)
    assert.notEqual(await Promise.race([outcome, Promise.resolve('no answer')]), 'done')
  })
})

describe('a sink that asks who is there', () => {
  const asking = { ...server, ca: root.cert }
  const to = (port: number) => `https://sink.example:${port}/`
  const shown = (identity: { cert: string; key: string }) => ({
    tls: material(fromSecret, { 'ca.crt': root.cert, 'tls.crt': identity.cert, 'tls.key': identity.key }),
  })

  it('takes what the certificate of its authority is shown for, and nothing without', async () => {
    await using listener = await listen(reply(204), asking)
    assert.equal(summary(await sendTo(to(listener.port), {}, toLoopback, shown(team))), 204)
    const without = { tls: material(fromSecret, { 'ca.crt': root.cert }) }
    assert.match(
      String(summary(await sendTo(to(listener.port), {}, toLoopback, without))),
      /^(TLSFailed|ConnectionReset|Disconnected)/,
    )
    const stranger = certificate(
      { name: 'team-a' },
      { name: 'Other CA', ...certificate({ name: 'Other CA', ca: true }) },
    )
    const answer = await sendTo(to(listener.port), {}, toLoopback, shown(stranger))
    assert.match(String(summary(answer)), /^(TLSFailed|ConnectionReset|Disconnected)/)
    assert.equal(listener.requests.length, 1)
  })

  it('is met anew with certificates that were changed, on new connections', async () => {
    const subjects: string[] = []
    await using listener = await listen((socket, request) => {
      const { getPeerCertificate } = socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }
      subjects.push(getPeerCertificate.call(socket).subject.CN)
      reply(200)(socket, request)
    }, asking)
    await using transport = open(to(listener.port), { connections: 1 }, toLoopback)
    const signal = new AbortController().signal
    for (const identity of [team, team, other])
      assert.equal(summary(await transport.send(eventOf('1'), { headers: {}, signal, ...shown(identity) })), 200)
    assert.deepEqual(subjects, ['team-a', 'team-a', 'other'])
    assert.equal(listener.connections, 2)
  })
})
