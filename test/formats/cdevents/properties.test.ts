import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { buildLoose } from '../../../src/formats/cdevents/build.ts'
import { toCloudEvent } from '../../../src/formats/cdevents/cloudevents.ts'
import { fromHttp, toBinary, toStructured } from '../../../src/formats/cdevents/http.ts'
import { lint } from '../../../src/formats/cdevents/lint.ts'
import { parse } from '../../../src/formats/cdevents/parse.ts'
import { specVersions } from '../../../src/formats/cdevents/rules.ts'
import { validateLink } from '../../../src/formats/cdevents/standalone-links.ts'
import { validate, validateText } from '../../../src/formats/cdevents/validate.ts'
import { needsData, officialSchemas } from './official.ts'
import { anything, events } from './random.ts'
import { differences } from './verdicts.ts'

const seed = Date.now() & 0x7fffffff

test('what is built of right content is valid in both versions, and read again as it was', (t) => {
  t.diagnostic(`seed ${seed}`)
  fc.assert(
    fc.property(events, fc.constantFrom(...specVersions), (event, version) => {
      const before = structuredClone(event)
      const built = buildLoose(version, event)
      assert.deepEqual(validate(built), [])
      assert.deepEqual(validateText(JSON.stringify(built)), [])
      const parsed = parse(built)
      assert.deepEqual([parsed.kind, parsed.kind === 'event' && parsed.event], ['event', event])
      const ce = toCloudEvent(built)
      for (const message of [toBinary(ce), toStructured(ce)]) {
        const received = parse(fromHttp(message))
        assert.deepEqual(received.mismatches, [])
        assert.ok(received.kind === 'event')
        assert.deepEqual(received.event, event)
      }
      assert.deepEqual(event, before, 'the input is untouched')
    }),
    { seed, numRuns: 1000 },
  )
})

test('it gets the same verdict from the official schemas and from the Go SDK', needsData, async (t) => {
  t.diagnostic(`seed ${seed}`)
  const samples = fc.sample(events, { seed, numRuns: 1000 })
  const built = samples.flatMap((event) =>
    specVersions.map((version) => ({ version, event: buildLoose(version, event) })),
  )
  const official = { '0.4.1': officialSchemas('0.4.1'), '0.5.1': officialSchemas('0.5.1') }
  for (const { version, event } of built) {
    const schema = official[version](event.context.type)
    assert.ok(schema(JSON.parse(JSON.stringify(event))), JSON.stringify([event, schema.errors]))
  }
  const found = await differences(built.map(({ version, event }) => ({ what: JSON.stringify(event), version, event })))
  assert.deepEqual([...found], [])
  assert.ok(built.some(({ event }) => validate(event, 'sdk-go').length === 0))
})

test('nothing that is given to read or to judge makes them throw', (t) => {
  t.diagnostic(`seed ${seed}`)
  const types = [
    'dev.cdevents.pipelinerun.started.0.3.0',
    'dev.cdevents.testcaserun.queued.0.2.0',
    'dev.cdevents.x.y.1.0.0',
    'dev.cdeventsx.a-b.c.0.1.0',
  ]
  const near = fc.record(
    {
      context: fc.record(
        {
          type: fc.oneof(fc.constantFrom(...types), anything),
          id: anything,
          source: anything,
          timestamp: anything,
          links: fc.array(anything),
          version: anything,
        },
        { requiredKeys: ['type'] },
      ),
      subject: fc.oneof(fc.record({ id: anything, content: anything }, { requiredKeys: [] }), anything),
      customData: anything,
    },
    { requiredKeys: ['context'] },
  )
  const carried = fc.record(
    { specversion: anything, id: anything, time: anything, data: fc.oneof(near, anything), data_base64: anything },
    { requiredKeys: ['data'] },
  )
  fc.assert(
    fc.property(fc.oneof(anything, near, carried), (value) => {
      for (const profile of ['schema', 'sdk-go'] as const) {
        assert.ok(Array.isArray(validate(value, profile)))
        assert.match(parse(value, profile).kind, /^(event|newer|invalid)$/)
      }
      assert.ok(Array.isArray(lint(value)))
      assert.ok(Array.isArray(validateLink(value)))
    }),
    { seed, numRuns: 3000 },
  )
})

test('nor does any text, header or body', (t) => {
  t.diagnostic(`seed ${seed}`)
  const text = fc.string({ unit: 'binary' })
  const headers = fc.dictionary(
    fc.constantFrom('ce-specversion', 'ce-id', 'content-type', 'x'),
    fc.oneof(text, fc.constant('application/cloudevents+json')),
  )
  fc.assert(
    fc.property(text, fc.oneof(text, fc.json()), headers, (any, body, received) => {
      assert.ok(Array.isArray(validateText(any)))
      assert.notEqual(parse(body).kind, 'event')
      assert.notEqual(parse(fromHttp({ headers: received, body })).kind, 'event')
    }),
    { seed, numRuns: 1000 },
  )
})
