import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { HTTP } from 'cloudevents'
import fc from 'fast-check'
import { encodeHeaderValue, type HttpMessage, toBatch, toBinary, toStructured } from '../../src/formats/binding.ts'
import type { EncodedEvent } from '../../src/formats/format.ts'

const attributes = {
  specversion: '1.0',
  id: '9c85b419-9625-5129-b763-87766ef6ecbf',
  source: '/clusters/c-1/namespaces/team-a/tekton',
  type: 'dev.carillon.tekton.taskrun.finished.v1',
  subject: 'taskrun/build',
  time: '2026-03-04T07:47:05.000Z',
  datacontenttype: 'application/json',
  sequence: '00177261042500090',
}

const event = (more: Record<string, string> = {}, data?: unknown): EncodedEvent => ({
  id: attributes.id,
  type: attributes.type,
  subject: attributes.subject,
  attributes: JSON.stringify({ ...attributes, ...more }),
  data: data === undefined ? undefined : JSON.stringify(data),
})

test('header values are percent-encoded as HTTP binding §3.1.3.2 says', () => {
  const table: [string, string][] = [
    ['', ''],
    ['taskrun/build', 'taskrun/build'],
    ["!#$&'()*+,-./:;<=>?@[\\]^_`{|}~", "!#$&'()*+,-./:;<=>?@[\\]^_`{|}~"],
    ['a b', 'a%20b'],
    ['a"b', 'a%22b'],
    ['100%', '100%25'],
    ['%20', '%2520'],
    ['Euro € 😀', 'Euro%20%E2%82%AC%20%F0%9F%98%80'],
    ['ü', '%C3%BC'],
    ['a\r\nX-Forged: 1', 'a%0D%0AX-Forged:%201'],
    ['\u0000\u007f', '%00%7F'],
    ['a\ud800b', 'a%EF%BF%BDb'],
    ['a\udc00\ud800b', 'a%EF%BF%BD%EF%BF%BDb'],
  ]
  for (const [value, header] of table) assert.equal(encodeHeaderValue(value), header, JSON.stringify(value))
})

test('binary mode: ce- headers, the data as the body, its media type as content-type', () => {
  const { headers, body } = toBinary(event({ team: 'a b' }, { a: 1 }))
  assert.equal(body, '{"a":1}')
  assert.deepEqual(headers, {
    'ce-specversion': '1.0',
    'ce-id': attributes.id,
    'ce-source': attributes.source,
    'ce-type': attributes.type,
    'ce-subject': attributes.subject,
    'ce-time': attributes.time,
    'ce-sequence': attributes.sequence,
    'ce-team': 'a%20b',
    'content-type': 'application/json',
  })
})

test('binary mode without data has neither body nor content-type', () => {
  const { headers, body } = toBinary(event())
  assert.equal(body, undefined)
  assert.equal('content-type' in headers, false)
})

test('structured mode: one JSON object, with data where there is some', () => {
  const { headers, body } = toStructured(event({ team: 'a b' }, { a: 1 }))
  assert.deepEqual(headers, { 'content-type': 'application/cloudevents+json; charset=utf-8' })
  assert.deepEqual(JSON.parse(body), { ...attributes, team: 'a b', data: { a: 1 } })
  assert.deepEqual(JSON.parse(toStructured(event()).body), attributes)
  assert.deepEqual(JSON.parse(toStructured(event({}, null)).body), { ...attributes, data: null })
})

test('the CloudEvents SDK decodes both modes to what was encoded', () => {
  const data = { run: { params: ['a'] }, text: 'ü "quoted"' }
  // The SDK leaves percent-encoding in headers as it is, so the values here need none.
  for (const { headers, body } of [toBinary(event({ team: 'a' }, data)), toStructured(event({ team: 'a' }, data))]) {
    const decoded = HTTP.toEvent({ headers, body })
    assert.ok(!Array.isArray(decoded))
    const { id, source, type, subject, time, datacontenttype, sequence, team, data: got } = decoded
    const sdk = { specversion: decoded.specversion, id, source, type, subject, time, datacontenttype, sequence }
    assert.deepEqual({ ...sdk, time: new Date(time ?? '').toISOString() }, attributes)
    assert.equal(team, 'a')
    assert.deepEqual(got, data)
  }
})

test('batched mode: structured events in one array, which the CloudEvents SDK decodes', () => {
  const events = [event({ team: 'a' }, { a: 1 }), event({ id: 'other' }), event({}, 'text')]
  const { headers, body } = toBatch(events)
  assert.deepEqual(headers, { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' })
  assert.deepEqual(
    JSON.parse(body),
    events.map((one) => JSON.parse(toStructured(one).body)),
  )
  const decoded = HTTP.toEvent({ headers, body })
  assert.ok(Array.isArray(decoded))
  assert.deepEqual(
    decoded.map(({ id, team, data }) => [id, team, data]),
    [
      [attributes.id, 'a', { a: 1 }],
      ['other', undefined, undefined],
      [attributes.id, undefined, 'text'],
    ],
  )
  assert.equal(toBatch([]).body, '[]')
})

test('what was encoded is what an HTTP server decodes, for any text', async () => {
  const received: { headers: IncomingHttpHeaders; body: string }[] = []
  const server = createServer(async (incoming, response) => {
    received.push({ headers: incoming.headers, body: (await buffer(incoming)).toString('utf8') })
    response.writeHead(204).end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const send = async ({ headers, body }: HttpMessage) => {
    const outgoing = request({ host: '127.0.0.1', port, method: 'POST', headers }).end(body)
    const [response] = await once(outgoing, 'response')
    await buffer(response)
    return received.pop() ?? assert.fail('nothing was received')
  }
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.string(),
    fc.constant('\ud800'),
  )
  const params = { numRuns: 60, seed: Number(process.env.SEED ?? Date.now() & 0x7fffffff) }
  try {
    await fc.assert(
      fc.asyncProperty(value, fc.option(fc.jsonValue(), { nil: undefined }), async (text, data) => {
        const sent = event({ team: text }, data)
        const binary = await send(toBinary(sent))
        assert.equal(decodeURIComponent(String(binary.headers['ce-team'])), text.toWellFormed())
        assert.equal(binary.body, sent.data ?? '')
        assert.equal(binary.headers['content-type'], data === undefined ? undefined : 'application/json')
        const structured = await send(toStructured(sent))
        const expected = {
          ...JSON.parse(sent.attributes),
          ...(sent.data !== undefined && { data: JSON.parse(sent.data) }),
        }
        assert.deepEqual(JSON.parse(structured.body), expected)
      }),
      params,
    )
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
