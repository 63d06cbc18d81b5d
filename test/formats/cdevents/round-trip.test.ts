import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { buildLoose } from '../../../src/formats/cdevents/build.ts'
import { fromCloudEvent, schemaOf, toCloudEvent } from '../../../src/formats/cdevents/cloudevents.ts'
import type { LooseEvent, Wire } from '../../../src/formats/cdevents/event.ts'
import { fromHttp, toBinary, toStructured } from '../../../src/formats/cdevents/http.ts'
import { type Parsed, parse } from '../../../src/formats/cdevents/parse.ts'
import { type SpecVersion, specVersions } from '../../../src/formats/cdevents/rules.ts'
import { validate } from '../../../src/formats/cdevents/validate.ts'
import { eventOfType } from '../../../src/formats/cdevents/vocabulary.ts'
import { examples, needsData, officialSchemas, present } from './official.ts'

const other: Record<SpecVersion, SpecVersion> = { '0.4.1': '0.5.1', '0.5.1': '0.4.1' }

function read(input: unknown): Extract<Parsed, { kind: 'event' }> {
  const parsed = parse(input)
  assert.ok(parsed.kind === 'event', JSON.stringify(parsed))
  return parsed
}

for (const version of present ? specVersions : []) {
  describe(`the official examples of ${version}`, () => {
    const official = officialSchemas(other[version])
    for (const { file, json, event } of examples(version)) {
      const { type } = event.context
      // The custom example of 0.4.1 says that it is of a draft of 0.5.0.
      const says = event.context.version ?? event.context.specversion
      const expected = {
        ...event,
        context: { ...event.context, [version === '0.4.1' ? 'version' : 'specversion']: version },
      }

      test(`${file} is read, and built again as it was`, () => {
        const parsed = read(json)
        assert.deepEqual([parsed.version, parsed.specVersion, parsed.mismatches], [version, says, []])
        assert.equal(parsed.event.name, eventOfType(type)?.name ?? type)
        assert.deepEqual(buildLoose(version, parsed.event as LooseEvent), expected)
      })

      test(`${file} goes into a CloudEvent and comes out of it, in either mode`, () => {
        const ce = toCloudEvent(event as unknown as Wire, schemaOf(version, read(event).event.name))
        assert.deepEqual(fromCloudEvent(ce), { event, mismatches: [] })
        for (const message of [toBinary(ce), toStructured(ce)]) {
          const received = fromHttp(message)
          assert.deepEqual(received, { ...ce })
          assert.deepEqual(read(received), read(json))
          assert.deepEqual(read(JSON.stringify(received)), read(json))
        }
      })

      test(`${file} is valid as an event of the other version too, where that asks for no more`, () => {
        const built = buildLoose(other[version], read(event).event as LooseEvent)
        const isValid = official(built.context.type)(JSON.parse(JSON.stringify(built)))
        assert.equal(validate(built).length === 0, isValid)
        assert.ok(isValid, JSON.stringify(validate(built)))
        const back = buildLoose(version, read(built).event as LooseEvent)
        assert.deepEqual(back, expected)
      })
    }
  })
}

test('the schema of each event is where the specification has it', needsData, () => {
  for (const version of specVersions) {
    const official = officialSchemas(version)
    for (const { event } of examples(version)) {
      const schema = official(event.context.type).schema as { $id: string }
      assert.equal(schemaOf(version, read(event).event.name), schema.$id)
    }
  }
})
