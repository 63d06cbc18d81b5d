import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { accept, refuse } from '../../../src/api/verdict.ts'
import { budgetOf } from '../../../src/operator/admission/budget.ts'
import { bundleOf, type Kept, lives, renew } from '../../../src/operator/admission/renewal.ts'
import { type AdmissionServerOptions, type Result, serveAdmission } from '../../../src/operator/admission/server.ts'

const identityOf = ({ leaf }: Kept) => ({
  cert: leaf.certificate.toString(),
  key: leaf.key.export({ type: 'pkcs8', format: 'pem' }) as string,
})

const made = () => renew(undefined, ['127.0.0.1'], Date.now(), lives)

async function serving(given: Partial<AdmissionServerOptions> = {}) {
  const answered: Result[] = []
  const errors: object[] = []
  const server = await serveAdmission({
    host: '127.0.0.1',
    port: 0,
    review: (body) =>
      body === undefined
        ? refuse('ReviewInvalid', 'no review')
        : accept({ uid: 'u', refusal: undefined, warnings: [] }),
    monotonic: () => performance.now(),
    answered: (result) => answered.push(result),
    log: { error: (fields) => errors.push(fields) },
    ...given,
  })
  return { ...server, answered, errors }
}

type Server = Awaited<ReturnType<typeof serving>>

async function post(
  { port }: Server,
  ca: string,
  body: string | Buffer,
  { path = '/admission', method = 'POST', agent = false as Agent | false } = {},
): Promise<{ status: number; body: string }> {
  const sent = request({ host: '127.0.0.1', port, ca, path, method, agent })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return { status: response.statusCode ?? 0, body: text }
}

test('answers a review, and says of what is none why', async () => {
  const kept = made()
  await using server = await serving()
  server.serve(identityOf(kept))
  const ca = bundleOf(kept)
  const { status, body } = await post(server, ca, '{}')
  assert.equal(status, 200)
  assert.deepEqual(JSON.parse(body).response, { uid: 'u', allowed: true })
  const wrong: [body: string | Buffer, status: number, options?: object][] = [
    ['{"kind":', 400],
    ['', 400],
    [Buffer.from([0xff, 0xfe, 0]), 400],
    ['{}', 404, { path: '/' }],
    ['', 404, { method: 'GET' }],
    [Buffer.alloc(3 * 2 ** 20 + 1, 0x20), 413],
  ]
  for (const [sent, expected, options] of wrong)
    assert.equal((await post(server, ca, sent, options)).status, expected, `${sent.length} bytes`)
  assert.equal((await post(server, ca, '{}')).status, 200)
  assert.deepEqual(server.answered, ['allowed', ...wrong.map(() => 'invalid'), 'allowed'])
  assert.deepEqual(server.errors, [])
})

test('a review that fails is told in the log, and the next one is answered', async () => {
  const kept = made()
  let fails = true
  const review = () => {
    if (fails) throw new Error('a fault of ours')
    return accept({ uid: 'u', refusal: refuse('FilterInvalid', 'no'), warnings: [] })
  }
  await using server = await serving({ review })
  server.serve(identityOf(kept))
  const { status, body } = await post(server, bundleOf(kept), '{}')
  assert.equal(status, 500)
  assert.doesNotMatch(body, /a fault of ours/)
  fails = false
  assert.equal((await post(server, bundleOf(kept), '{}')).status, 200)
  assert.deepEqual(server.answered, ['failed', 'denied'])
  assert.equal(server.errors.length, 1)
})

test('what is being connected goes on when the certificate is another, and whoever connects then sees that', async () => {
  const [first, second] = [made(), made()]
  await using server = await serving()
  server.serve(identityOf(first))
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  assert.equal((await post(server, bundleOf(first), '{}', { agent })).status, 200)
  server.serve(identityOf(second))
  // The same agent keeps its connection, and with it the certificate that it has seen.
  assert.equal((await post(server, bundleOf(first), '{}', { agent })).status, 200)
  agent.destroy()
  assert.equal((await post(server, bundleOf(second), '{}')).status, 200)
  await assert.rejects(post(server, bundleOf(first), '{}'), /certificate/)
})

test('before there is a certificate nobody gets in, and nothing breaks', async () => {
  const kept = made()
  await using server = await serving()
  await assert.rejects(post(server, bundleOf(kept), '{}'))
  server.serve(identityOf(kept))
  assert.equal((await post(server, bundleOf(kept), '{}')).status, 200)
})

test('whoever speaks no TLS, or goes in the middle, is forgotten', async () => {
  const kept = made()
  await using server = await serving()
  server.serve(identityOf(kept))
  const plain = connectPlain(server.port, '127.0.0.1')
  plain.on('error', () => undefined)
  plain.end('GET / HTTP/1.1\r\n\r\n')
  await once(plain, 'close')
  const socket: TLSSocket = connect({ host: '127.0.0.1', port: server.port, ca: bundleOf(kept) })
  await once(socket, 'secureConnect')
  socket.write('POST /admission HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{')
  socket.destroy()
  assert.equal((await post(server, bundleOf(kept), '{}')).status, 200)
})

test('whoever sends a body slowly is cut off', async () => {
  const kept = made()
  await using server = await serving()
  server.serve(identityOf(kept))
  const socket: TLSSocket = connect({ host: '127.0.0.1', port: server.port, ca: bundleOf(kept) })
  await once(socket, 'secureConnect')
  socket.on('error', () => undefined)
  socket.write('POST /admission HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{')
  socket.resume()
  await once(socket, 'close')
  assert.equal((await post(server, bundleOf(kept), '{}')).status, 200)
})

test('an address that is taken is told', async () => {
  await using server = await serving()
  await assert.rejects(serving({ port: server.port }), { code: 'EADDRINUSE' })
})

test('reviews that take too long are refused until there is time again', async () => {
  const kept = made()
  let clock = 0
  const review = () => {
    clock += 1_500
    return accept({ uid: 'u', refusal: undefined, warnings: [] })
  }
  await using server = await serving({ review, monotonic: () => clock })
  server.serve(identityOf(kept))
  for (const expected of [200, 200, 503, 503]) assert.equal((await post(server, bundleOf(kept), '{}')).status, expected)
  clock += 2_000
  assert.equal((await post(server, bundleOf(kept), '{}')).status, 200)
  assert.deepEqual(server.answered, ['allowed', 'allowed', 'busy', 'busy', 'allowed'])
})

test('the budget of reviews is filled again as time goes by, and never beyond', () => {
  let clock = 0
  const budget = budgetOf(() => clock)
  const spend = (ms: number) => {
    const done = budget.spend()
    clock += ms
    done()
  }
  clock += 1_000_000
  spend(1_900)
  assert.ok(budget.left())
  spend(1_000)
  assert.ok(!budget.left())
  clock += 4_000
  assert.ok(budget.left())
})
