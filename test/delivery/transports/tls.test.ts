import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { certificate, type Identity } from '../certificates.ts'
import { type Listener, listen } from '../sockets.ts'
import { trusting } from '../trusting.ts'
import { reply, sendTo, summary, toLoopback } from './sending.ts'

describe('TLS', () => {
  const root = { name: 'Test CA', ...certificate({ name: 'Test CA', ca: true }) }
  const good = certificate({ name: 'sink', hosts: ['sink.example'] }, root)
  const hours = (n: number) => new Date(Date.now() + n * 3_600_000)
  const table: [name: string, identity: Identity, expected: number | RegExp, trust?: string][] = [
    ['a certificate of the CA', good, 204],
    [
      'for another host',
      certificate({ name: 'sink', hosts: ['other-host.example'] }, root),
      /^TLSFailed: .*for another host\.$/,
    ],
    [
      'expired',
      certificate({ name: 'sink', hosts: ['sink.example'], from: hours(-2), to: hours(-1) }, root),
      /^TLSFailed: .*has expired\.$/,
    ],
    [
      'not valid yet',
      certificate({ name: 'sink', hosts: ['sink.example'], from: hours(1), to: hours(2) }, root),
      /^TLSFailed: .*not valid yet\.$/,
    ],
    ['self-signed', certificate({ name: 'sink', hosts: ['sink.example'] }), /^TLSFailed: .*self-signed/],
    [
      'of a CA that is not trusted',
      certificate(
        { name: 'sink', hosts: ['sink.example'] },
        { name: 'Other CA', ...certificate({ name: 'Other CA', ca: true }) },
      ),
      /^TLSFailed: .*not trusted\.$/,
    ],
  ]
  for (const [name, identity, expected] of table) {
    it(name, async () => {
      await using listener = await listen(reply(204), identity)
      const found = String(
        summary(await sendTo(`https://sink.example:${listener.port}/`, {}, toLoopback, trusting(root.cert))),
      )
      if (expected instanceof RegExp) assert.match(found, expected)
      else assert.equal(found, String(expected))
      assert.ok(!found.includes('other-host'))
      assert.equal(listener.requests.length, expected === 204 ? 1 : 0)
    })
  }

  it("by Node's own CAs, where none is given", async () => {
    await using listener = await listen(reply(204), good)
    assert.match(
      String(summary(await sendTo(`https://sink.example:${listener.port}/`, {}, toLoopback))),
      /^TLSFailed: /,
    )
  })

  it('spoken to a sink that does not speak it', async () => {
    await using listener = await listen(reply(204))
    // A TLS hello never ends as an HTTP request does: the sink closes by itself.
    const answer = sendTo(`https://sink.example:${listener.port}/`, { timeoutMs: 200 }, toLoopback)
    assert.ok(['Timeout', 'TLSFailed', 'ConnectionReset'].includes(String(summary(await answer)).split(':')[0] ?? ''))
  })

  it('spoken by a sink that is spoken to in plain HTTP', async () => {
    await using listener: Listener = await listen(reply(204), good)
    const answer = await sendTo(`http://sink.example:${listener.port}/`, {}, toLoopback)
    assert.ok(answer.kind === 'failure' && ['ConnectionReset', 'InvalidAnswer'].includes(answer.class))
  })
})
