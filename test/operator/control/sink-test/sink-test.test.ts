// By the real socket, to real receivers.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import type { EventSink } from '../../../../src/api/generated.ts'
import { accept, refuse, type Verdict } from '../../../../src/api/verdict.ts'
import { testSink } from '../../../../src/cli/sinks.ts'
import { ask } from '../../../../src/cli/socket.ts'
import type { Access } from '../../../../src/delivery/access.ts'
import { compileEgress } from '../../../../src/delivery/egress.ts'
import { keyReader } from '../../../../src/delivery/read-key.ts'
import { compileSigner } from '../../../../src/delivery/signing.ts'
import { httpTransport } from '../../../../src/delivery/transports/http.ts'
import type { SinkTestAnswer } from '../../../../src/operator/control/api.ts'
import { sinkTester } from '../../../../src/operator/control/sink-test/sink-test.ts'
import { serveControl } from '../../../../src/operator/control/socket.ts'
import { judgeSink } from '../../../../src/operator/sink.ts'
import { type Behaviour, type Sink, startSink } from '../../../controlplane/sink.ts'
import { certificate } from '../../../delivery/certificates.ts'
import { listen } from '../../../delivery/sockets.ts'
import { trusting } from '../../../delivery/trusting.ts'

let directory: string
let receiver: Sink
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'carillon-sink-test-'))
  receiver = await startSink()
})
afterEach(async () => {
  rmSync(directory, { recursive: true, force: true })
  await receiver[Symbol.asyncDispose]()
})

const nothing = () => undefined
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing }
const uuid = '00000000-0000-4000-8000-000000000001'

type Http = EventSink['spec']['http']
type Given = { http?: Partial<Http>; suspend?: boolean; access?: Verdict<Access>; cidrs?: string[]; known?: boolean }

/** An operator that knows the sink `team-a/qe`, and what it is told by the socket. */
async function operator({ http = {}, suspend, access, cidrs = ['127.0.0.0/8'], known = true }: Given = {}) {
  const egress = compileEgress({ allowCidrs: cidrs })
  assert.ok(egress.ok)
  const checkUrl = (url: string) => egress.value.check(url)
  const object = {
    apiVersion: 'carillon.dev/v1alpha1',
    kind: 'EventSink',
    metadata: { name: 'qe', namespace: 'team-a', uid: 'u', resourceVersion: '1', generation: 1 },
    spec: { http: { url: `${receiver.url}/hook`, timeout: '5s', ...http }, ...(suspend && { suspend }) },
  } as unknown as EventSink
  const state = judgeSink(object, { url: checkUrl(object.spec.http.url ?? ''), credentials: accept(undefined) })
  const handler = sinkTester({
    sink: (key) => (known && key === 'team-a/qe' ? state : undefined),
    checkUrl,
    access: async () => access ?? accept({ headers: {} }),
    transport: (sink) => httpTransport({ ...sink, connections: 1, egress: egress.value }),
    cluster: { uri: '/clusters/c' },
    log: silent,
    now: () => Date.UTC(2026, 0, 1),
    uuid: () => uuid,
  })
  const served = await serveControl({
    directory,
    version: '1',
    handlers: { 'POST /v1/sinks/test': handler },
    log: silent,
  })
  assert.ok(served.ok)
  const of = { dataDir: directory, version: '1' }
  return {
    test: (sink = 'team-a/qe') => ask<SinkTestAnswer>(of, 'POST', '/v1/sinks/test', { sink }),
    /** What somebody at a terminal sees. */
    async shown(output: 'text' | 'json' = 'text') {
      let [printed, noted] = ['', '']
      const print = (text: string) => {
        printed += text
      }
      const note = (line: string) => {
        noted += line
      }
      const around = { version: '1', now: 0, out: { print, note } }
      const ended = await testSink({ name: 'sinks test', dataDir: directory, sink: 'team-a/qe', output }, around)
      return { ended, printed, noted }
    },
    [Symbol.asyncDispose]: () => served.value[Symbol.asyncDispose](),
  }
}

const failureOf = (answer: Verdict<SinkTestAnswer>) => {
  assert.ok(answer.ok, 'message' in answer ? answer.message : '')
  const { steps, ok } = answer.value
  const failed = steps.find(({ result }) => result === 'failed')
  assert.equal(ok, failed === undefined)
  return failed
}

test('a sink is sent one signed event in its mode, with its headers', async () => {
  const whsec = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
  const secret = { metadata: { name: 's' }, data: { whsec: Buffer.from(whsec).toString('base64') } }
  const signer = compileSigner({ secretRef: { name: 's' } }, keyReader(new Map([['s', secret]]), 'team-a', false))
  assert.ok(signer.ok)
  const access = accept({ headers: { authorization: 'Bearer t0ken' }, sign: signer.value })
  for (const mode of ['binary', 'structured', 'batch'] as const) {
    await using carillon = await operator({ http: { mode }, access })
    assert.equal(failureOf(await carillon.test()), undefined)
    const got = receiver.received.at(-1)
    assert.deepEqual([got?.method, got?.path, got?.headers.authorization], ['POST', '/hook', 'Bearer t0ken'])
    const body = JSON.parse(got?.body ?? '')
    const event =
      mode === 'binary' ? { type: got?.headers['ce-type'], id: got?.headers['ce-id'], data: body } : [body].flat()[0]
    assert.deepEqual([event.type, event.id], ['dev.carillon.test.v1', uuid])
    assert.deepEqual([event.data.namespace, event.data.name], ['team-a', 'qe'])
    assert.equal(Array.isArray(body), mode === 'batch')
    // Who verifies it looks at its own clock: the signature is of now, whatever the event says.
    new Webhook(whsec).verify(got?.body ?? '', got?.headers as Record<string, string>)
  }
  assert.equal(receiver.received.length, 3)
  assert.equal(receiver.received[0]?.headers['ce-source'], '/clusters/c/carillon')
})

test('a sink that is to be asked first is', async () => {
  const http = { validation: { origin: 'carillon.example.com', requestRate: 60 } }
  receiver.behave(({ method }): Behaviour => {
    const headers = { 'webhook-allowed-origin': 'carillon.example.com', 'webhook-allowed-rate': '1' }
    return method === 'OPTIONS' ? { kind: 'answer', status: 200, headers } : { kind: 'answer', status: 202 }
  })
  {
    await using carillon = await operator({ http })
    assert.equal(failureOf(await carillon.test()), undefined)
    assert.deepEqual(
      receiver.received.map(({ method }) => method),
      ['OPTIONS', 'POST'],
    )
    assert.equal(receiver.received[1]?.headers['webhook-request-origin'], 'carillon.example.com')
  }
  const headers = { 'content-type': 'text/html' }
  receiver.behave({ kind: 'answer', status: 200, headers, body: '<h1>Welcome</h1>' })
  await using carillon = await operator({ http })
  const answer = await carillon.test()
  const failed = failureOf(answer)
  assert.deepEqual([failed?.step, failed?.reason], ['validation', 'ValidationRefused'])
  assert.ok(answer.ok)
  assert.deepEqual([answer.value.status, answer.value.text], [200, '<h1>Welcome</h1>'])
  assert.deepEqual(
    receiver.received.slice(2).map(({ method }) => method),
    ['OPTIONS'],
  )
})

const answers: [what: string, Behaviour, step: string, reason: string, status: number | undefined][] = [
  ['refuses', { kind: 'answer', status: 422 }, 'answer', 'HTTP422', 422],
  ['knows no such path', { kind: 'answer', status: 404 }, 'answer', 'NotFound', 404],
  ['takes no POST', { kind: 'answer', status: 405 }, 'answer', 'HTTP405', 405],
  ['redirects', { kind: 'answer', status: 308, headers: { location: '/elsewhere' } }, 'answer', 'Redirected', 308],
  ['fails', { kind: 'answer', status: 500 }, 'answer', 'HTTP500', 500],
  ['hangs', { kind: 'hang' }, 'answer', 'Timeout', undefined],
  ['hangs up', { kind: 'reset' }, 'answer', 'ConnectionReset', undefined],
]
for (const [what, behaviour, step, reason, status] of answers)
  test(`a receiver that ${what} is told of`, async () => {
    receiver.behave(behaviour)
    await using carillon = await operator({ http: behaviour.kind === 'hang' ? { timeout: '100ms' } : {} })
    const answer = await carillon.test()
    const failed = failureOf(answer)
    assert.deepEqual([failed?.step, failed?.reason], [step, reason])
    assert.ok(failed?.advice || /not followed/.test(failed?.message ?? ''))
    assert.ok(answer.ok && answer.value.status === status)
    assert.equal(receiver.received.length, 1)
  })

test('nothing is sent where the way there is closed', async () => {
  const cases: [Given, step: string, reason: string][] = [
    [{ cidrs: [] }, 'url', 'AddressRefused'],
    [{ cidrs: ['10.0.0.0/8'], http: { url: `http://localhost:${receiver.port}/` } }, 'address', 'AddressRefused'],
    [
      { access: refuse('SecretNotFound', 'Secret qe was not found in namespace team-a.') },
      'credentials',
      'SecretNotFound',
    ],
    [{ http: { url: 'http://127.0.0.1:1/' } }, 'connection', 'ConnectionRefused'],
    [{ http: { url: `https://127.0.0.1:${receiver.port}/` } }, 'tls', 'TLSFailed'],
    [{ access: accept({ headers: { 'x-a': 'ä' } }) }, 'request', 'InvalidHeader'],
  ]
  for (const [given, step, reason] of cases) {
    await using carillon = await operator(given)
    const failed = failureOf(await carillon.test())
    assert.deepEqual([failed?.step, failed?.reason], [step, reason])
  }
  assert.equal(receiver.received.length, 0)
})

test('a certificate for another host ends it, before a byte of the event', async () => {
  const { cert, key } = certificate({ name: 'other', hosts: ['other.example.com'] })
  await using listening = await listen(() => assert.fail('a request'), { cert, key })
  const access = accept({ headers: {}, ...trusting(cert) })
  await using carillon = await operator({ http: { url: `https://localhost:${listening.port}/` }, access })
  const failed = failureOf(await carillon.test())
  assert.deepEqual([failed?.step, failed?.reason, listening.requests], ['tls', 'TLSFailed', []])
  assert.match(failed?.message ?? '', /for another host/)
})

test('what the receiver wrote is shown without secrets, and no more than 256 characters of it', async () => {
  const headers = { 'content-type': 'text/plain' }
  receiver.behave({ kind: 'answer', status: 200, headers, body: `you sent t0p-secret \u001b[2J ${'x'.repeat(400)}` })
  await using carillon = await operator({ access: accept({ headers: { authorization: 'Bearer t0p-secret' } }) })
  const answer = await carillon.test()
  assert.ok(answer.ok)
  assert.match(answer.value.text ?? '', /^you sent \*\*\* \[2J x+$/)
  assert.equal(answer.value.text?.length, 256)
  const { ended, printed, noted } = await carillon.shown()
  assert.ok(ended.ok)
  assert.match(printed, /^STEP +RESULT +DETAIL\nurl +ok +http:\/\/127\.0\.0\.1:\d+\/hook\ncredentials +ok\n/)
  assert.match(printed, /^answer +ok +HTTP 200$/m)
  assert.match(printed, /^Event: +00000000-0000-4000-8000-000000000001 \(dev\.carillon\.test\.v1\)$/m)
  assert.match(printed, /^Status: +200\nDuration: +\d+ ms\nAnswer: +you sent \*\*\*/m)
  assert.doesNotMatch(printed + noted, /t0p-secret|\p{Cc}(?<!\n)/u)
})

test('a failure ends the command with what it is and what to do; JSON has the same', async () => {
  receiver.behave({ kind: 'answer', status: 401 })
  await using carillon = await operator({ suspend: true })
  const { ended, printed, noted } = await carillon.shown()
  assert.ok(!ended.ok)
  assert.equal(
    ended.message,
    'team-a/qe: answer failed (Unauthorized): The sink answered 401. To do: mend the token or password in the Secret',
  )
  assert.match(printed, /^answer +FAILED +Unauthorized: The sink answered 401\.$/m)
  assert.match(noted, /suspended/)
  const json = await carillon.shown('json')
  assert.deepEqual(json.ended, ended)
  assert.deepEqual([JSON.parse(json.printed).ok, JSON.parse(json.printed).status], [false, 401])
})

test('a sink has one test at a time', async () => {
  receiver.behave({ kind: 'hang' })
  await using carillon = await operator({ http: { timeout: '1s' } })
  const first = carillon.test()
  await receiver.waitFor(({ length }) => length === 1, { what: 'the first test' })
  assert.deepEqual(
    await carillon.test(),
    refuse('SinkTestUnderWay', 'EventSink team-a/qe is being tested: wait for its end'),
  )
  assert.equal(failureOf(await first)?.reason, 'Timeout')
  receiver.behave({ kind: 'answer', status: 204 })
  assert.equal(failureOf(await carillon.test()), undefined)
})

test('who goes away ends the test', async () => {
  receiver.behave({ kind: 'hang' })
  await using carillon = await operator({ http: { timeout: '5m' } })
  const body = JSON.stringify({ sink: 'team-a/qe' })
  const socketPath = join(directory, 'control.sock')
  const asking = request({ socketPath, method: 'POST', path: '/v1/sinks/test' }).on('error', () => asking.destroy())
  asking.end(body)
  await receiver.waitFor(({ length }) => length === 1, { what: 'the test' })
  receiver.behave({ kind: 'answer', status: 204 })
  asking.destroy()
  let answer = await carillon.test()
  while (!answer.ok && answer.reason === 'SinkTestUnderWay') answer = await carillon.test()
  assert.equal(failureOf(answer), undefined)
})

test('what is no sink, or none that can be sent to, is refused', async () => {
  {
    await using carillon = await operator({ known: false })
    const none = refuse('SinkNotFound', 'there is no EventSink team-a/qe that this operator serves')
    assert.deepEqual(await carillon.test(), none)
    assert.deepEqual(await carillon.test('qe'), refuse('RequestInvalid', 'sink must be namespace/name'))
  }
  await using carillon = await operator({ http: { timeout: 'soon' } })
  const answer = await carillon.test()
  assert.ok(!answer.ok)
  assert.equal(answer.reason, 'SinkNotReady')
  assert.match(answer.message, /EventSink team-a\/qe can't be sent to: .*DurationInvalid/)
})
