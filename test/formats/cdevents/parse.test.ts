import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HTTP, CloudEvent as Peer } from 'cloudevents'
import { build, end, path, relation } from '../../../src/formats/cdevents/build.ts'
import { fromCloudEvent, toCloudEvent } from '../../../src/formats/cdevents/cloudevents.ts'
import type { EventOf } from '../../../src/formats/cdevents/event.ts'
import { decodeHeader, encodeHeader, fromHttp, toBinary } from '../../../src/formats/cdevents/http.ts'
import { parse } from '../../../src/formats/cdevents/parse.ts'
import { nameOf, subjectTypeOf, typeOf } from '../../../src/formats/cdevents/vocabulary.ts'

const finished: EventOf<'testsuiterun.finished'> = {
  name: 'testsuiterun.finished',
  id: '1',
  source: 'https://cluster.example/tekton',
  timestamp: '2026-11-22T18:40:00.123Z',
  chainId: '271069a8-fc18-44f1-b38f-9d70a1695819',
  links: [path('0'), relation('TRIGGER', 'x'), end('0')],
  subject: { id: 'ns/suite', content: { environment: { id: '/prod' }, outcome: 'failure' } },
}

test('an event is written as each version has it', () => {
  const links = [
    { linkType: 'PATH', from: { contextId: '0' }, tags: {} },
    { linkType: 'RELATION', linkKind: 'TRIGGER', target: { contextId: 'x' }, tags: {} },
    { linkType: 'END', from: { contextId: '0' }, tags: {} },
  ]
  const { id, source, timestamp, chainId } = finished
  const environment = { id: '/prod' }
  assert.deepEqual(build('0.5.1', finished), {
    context: {
      specversion: '0.5.1',
      id,
      source,
      type: 'dev.cdevents.testsuiterun.finished.0.3.0',
      timestamp,
      chainId,
      links,
    },
    subject: { id: 'ns/suite', content: { environment, outcome: 'failure' } },
  })
  assert.deepEqual(build('0.4.1', finished), {
    context: {
      version: '0.4.1',
      id,
      source,
      type: 'dev.cdevents.testsuiterun.finished.0.2.0',
      timestamp,
      chainId,
      links,
    },
    subject: { id: 'ns/suite', type: 'testSuiteRun', content: { environment, outcome: 'fail' } },
  })
})

test('the types know every event', () => {
  const { name: _, subject: __, ...rest } = finished
  const built = build('0.4.1', {
    ...rest,
    name: 'pipelinerun.started',
    subject: { id: 'x', content: { pipelineName: 'p', uri: 'https://x.example' } },
  })
  built.context.type satisfies 'dev.cdevents.pipelinerun.started.0.2.0'
  built.subject.content.url satisfies string
  // @ts-expect-error: that is what 0.5.1 calls it
  assert.equal(built.subject.content.uri, undefined)
  const incomplete = { ...rest, name: 'pipelinerun.started' as const, subject: { id: 'x', content: { uri: 'x:y' } } }
  // @ts-expect-error: pipelineName is required
  build('0.5.1', incomplete)
  const content = { environment: { id: 'e' }, outcome: 'pass' } as const
  const old = { ...rest, name: 'testsuiterun.finished' as const, subject: { id: 'x', content } }
  // @ts-expect-error: that is the word of 0.4.1
  build('0.4.1', old)
  assert.throws(() => typeOf('0.5.1', 'taskrun.queued' as 'taskrun.started'), RangeError)
  const read = parse(built)
  assert.ok(read.kind === 'event' && read.event.name === 'pipelinerun.started')
  read.event.subject.content.uri satisfies string
})

test('names, types and subject types', () => {
  assert.equal(typeOf('0.4.1', 'change.created'), 'dev.cdevents.change.created.0.3.0')
  assert.equal(typeOf('0.5.1', 'dev.cdeventsx.a-b.c.0.1.0'), 'dev.cdeventsx.a-b.c.0.1.0')
  assert.equal(subjectTypeOf('testoutput.published'), 'testOutput')
  assert.equal(subjectTypeOf('dev.cdeventsx.a-b.c.0.1.0'), 'a-b')
  assert.equal(nameOf('dev.cdevents.artifact.published'), 'artifact.published')
  assert.equal(nameOf('dev.cdevents.artifact.published.9.9.9'), 'artifact.published')
  assert.equal(nameOf('dev.cdevents.taskrun.queued'), undefined)
  assert.equal(nameOf('dev.cdevents.constructor.name'), undefined)
})

describe('versions that are not known', () => {
  const wire = build('0.5.1', finished)
  const as = (type: string, more: object = {}, context: object = {}) =>
    parse({
      ...wire,
      context: { ...wire.context, ...context, type },
      subject: { ...wire.subject, content: { ...wire.subject.content, ...more } },
    })

  test('of a later minor version, what can be read is read, and what is new is told', () => {
    const read = as('dev.cdevents.testsuiterun.finished.0.4.0', { flaky: true }, { specversion: '0.7.0' })
    assert.ok(read.kind === 'newer')
    assert.deepEqual([read.version, read.specVersion, read.event.name], ['0.5.1', '0.7.0', 'testsuiterun.finished'])
    assert.deepEqual(read.event.subject.content, { environment: { id: '/prod' }, outcome: 'failure', flaky: true })
    assert.deepEqual(
      read.problems.map(({ path }) => path),
      ['/subject/content/flaky'],
    )
  })

  test('an event that is not known is read as it is', () => {
    const read = as('dev.cdevents.approval.created.0.1.0', {}, { specversion: '0.6.0' })
    assert.ok(read.kind === 'newer')
    assert.deepEqual([read.event.name, read.problems], ['approval.created', []])
  })

  test('of a later minor version of 0.4, words and names are those of 0.4.1', () => {
    const old = build('0.4.1', finished)
    const read = parse({ ...old, context: { ...old.context, type: 'dev.cdevents.testsuiterun.finished.0.2.1' } })
    assert.ok(read.kind === 'newer')
    assert.deepEqual([read.version, read.event.subject.content.outcome, read.problems], ['0.4.1', 'failure', []])
  })

  test('an earlier one, another major one, and one without what tells it apart are invalid', () => {
    for (const read of [
      as('dev.cdevents.testsuiterun.finished.0.1.0'),
      as('dev.cdevents.testsuiterun.finished.1.0.0'),
      as('dev.cdevents.testsuiterun.finished'),
      as('dev.cdevents.approval.created.0.1.0', {}, { id: '' }),
      as('com.example.other'),
    ]) {
      assert.ok(read.kind === 'invalid' && read.problems.length > 0)
    }
  })

  test('a known type is held to its schema whatever version it says that it is of', () => {
    assert.equal(as(wire.context.type, {}, { specversion: '0.6.0' }).kind, 'event')
    assert.equal(as(wire.context.type, { flaky: true }, { specversion: '0.6.0' }).kind, 'invalid')
  })
})

describe('a CloudEvent around it', () => {
  const ce = toCloudEvent(build('0.5.1', finished), 'https://cdevents.dev/0.5.1/schema/testsuiterun-finished-event')
  const told = (value: unknown) => fromCloudEvent(value).mismatches.map(({ path, message }) => `${path} ${message}`)

  test('has what the binding asks for', () => {
    const { data: _, ...attributes } = ce
    assert.deepEqual(attributes, {
      specversion: '1.0',
      id: '1',
      source: 'https://cluster.example/tekton',
      type: 'dev.cdevents.testsuiterun.finished.0.3.0',
      subject: 'ns/suite',
      time: '2026-11-22T18:40:00.123Z',
      datacontenttype: 'application/json',
      dataschema: 'https://cdevents.dev/0.5.1/schema/testsuiterun-finished-event',
    })
  })

  test('that says otherwise than the CDEvent is told, and the event read', () => {
    assert.deepEqual(told({ ...ce, id: '2', subject: undefined }), [
      "/context/id differs from the CloudEvent's id",
      '/subject/id is not told: the CloudEvent has no subject',
    ])
    const read = parse({ ...ce, type: 'x' })
    assert.deepEqual([read.kind, read.mismatches.map(({ rule }) => rule)], ['event', ['binding']])
  })

  test('may write the time otherwise', () => {
    assert.deepEqual(told({ ...ce, time: '2026-11-22T19:40:00.123+01:00' }), [])
    assert.deepEqual(told({ ...ce, time: new Date(finished.timestamp) }), [])
    assert.deepEqual(told({ ...ce, time: 'x' }), ["/context/timestamp differs from the CloudEvent's time"])
  })

  test('may hold it as text, or as base64', () => {
    const { data, ...rest } = ce
    const json = JSON.stringify(data)
    for (const carried of [{ data: json }, { data_base64: Buffer.from(json).toString('base64') }]) {
      const read = parse({ ...rest, ...carried })
      assert.deepEqual([read.kind, read.mismatches], ['event', []])
    }
    for (const carried of [{ data: '{' }, { data_base64: '&' }, { data_base64: 'ew==' }]) {
      assert.equal(parse({ ...rest, ...carried }).kind, 'invalid')
    }
  })

  test('is read by the cloudevents package, and its messages are read here', () => {
    const sent = HTTP.toEvent(toBinary(ce)) as Peer
    const read = parse({ ...sent.toJSON() })
    assert.deepEqual([read.kind, read.mismatches], ['event', []])
    for (const message of [HTTP.binary(new Peer({ ...ce })), HTTP.structured(new Peer({ ...ce }))]) {
      const received = parse(
        fromHttp({ headers: message.headers as Record<string, string>, body: message.body as string }),
      )
      assert.deepEqual([received.kind, received.mismatches], ['event', []])
    }
  })

  test('is none where neither headers nor body say so', () => {
    assert.equal(fromHttp({ headers: { 'Content-Type': 'application/json' }, body: '{}' }), undefined)
    assert.equal(fromHttp({ headers: { 'content-type': 'application/cloudevents+json' }, body: '[]' }), undefined)
    assert.equal(parse(undefined).kind, 'invalid')
  })
})

test('header values are percent-encoded where the HTTP binding demands it', () => {
  const rows = [
    ['pkg:oci/a@sha256%3A1', 'pkg:oci/a@sha256%253A1'],
    ['a "b" ü €😀\n', 'a%20%22b%22%20%C3%BC%20%E2%82%AC%F0%9F%98%80%0A'],
    ["!#$&'()*+,-./:;<=>?@[\\]^_`{|}~", "!#$&'()*+,-./:;<=>?@[\\]^_`{|}~"],
  ] as const
  for (const [value, header] of rows) {
    assert.equal(encodeHeader(value), header)
    assert.equal(decodeHeader(header), value)
  }
  assert.equal(encodeHeader('\ud800'), '%EF%BF%BD')
  assert.equal(decodeHeader('%zz%FF%C3%BC'), '%zz%FF%C3%BC')
  assert.equal(decodeHeader('"a \\"b\\""'), 'a "b"')
})
