import assert from 'node:assert/strict'
import { validate as judge } from '../../../src/formats/cdevents/validate.ts'
import type { EncodedEvent, EncodeInput } from '../../../src/formats/format.ts'
import { cdevents } from '../../../src/formats/mapping/format.ts'
import { defaultOptions, type FormatOptions } from '../../../src/formats/options.ts'
import { officialSchemas, present } from '../cdevents/official.ts'
import { attributesOf } from '../runs.ts'

export type SpecVersion = FormatOptions['cdevents']['specVersion']

export const versions: readonly SpecVersion[] = ['0.4.1', '0.5.1']

/** The specification's own schemas, where they are there. */
const official = present ? new Map(versions.map((version) => [version, officialSchemas(version)])) : undefined

export const optionsOf = (
  specVersion: SpecVersion,
  more: Partial<FormatOptions['cdevents']> = {},
): { options: FormatOptions } => ({
  options: { ...defaultOptions, cdevents: { ...defaultOptions.cdevents, specVersion, ...more } },
})

/**
 * Encodes, and holds what comes to the official schema (where present), to what the Go SDK asks besides, to the CloudEvents binding, and to
 * what is true of every event.
 */
export function encode(given: EncodeInput): readonly EncodedEvent[] {
  const { events } = cdevents.encode(given)
  const { specVersion } = given.options.cdevents
  for (const event of events) {
    const attributes = attributesOf(event)
    const data = JSON.parse(event.data ?? '')
    const validate = official?.get(specVersion)?.(event.type)
    if (validate) assert.ok(validate(data), JSON.stringify(validate.errors))
    // The one event that the vocabulary has, and the Go SDK does not take as it is (docs/cdevents.md).
    const isFailedBuild =
      /^dev\.cdevents\.build\.finished\./.test(event.type) && !('artifactId' in data.subject.content)
    assert.deepEqual(judge(data, isFailedBuild ? given.options.cdevents.profile : 'sdk-go'), [])
    const { id, source, type, timestamp } = data.context
    assert.deepEqual(
      { id, source, type, subject: data.subject.id, time: timestamp },
      {
        id: attributes.id,
        source: attributes.source,
        type: attributes.type,
        subject: attributes.subject,
        time: attributes.time,
      },
    )
    assert.deepEqual([event.id, event.type, event.subject], [id, type, data.subject.id])
    assert.equal(data.context[specVersion === '0.4.1' ? 'version' : 'specversion'], specVersion)
    assert.equal('schemaUri' in data.context, false)
    assert.match(data.context.chainId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    for (const link of data.context.links ?? []) assert.deepEqual(link.tags, {})
  }
  return events
}

/** The one event of a milestone, and its data. */
export function only(given: EncodeInput) {
  const [event, ...more] = encode(given)
  assert.ok(event)
  assert.equal(more.length, 0)
  return { event, data: JSON.parse(event.data ?? '') }
}
