import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { validate as judge } from '../../../src/formats/cdevents/validate.ts'
import type { EncodedEvent, EncodeInput } from '../../../src/formats/format.ts'
import { cdevents } from '../../../src/formats/mapping/format.ts'
import { defaultOptions, type FormatOptions } from '../../../src/formats/options.ts'
import { attributesOf } from '../runs.ts'

export type SpecVersion = FormatOptions['cdevents']['specVersion']

export const versions: readonly SpecVersion[] = ['0.4.1', '0.5.1']

const schemas = new URL('../../../../shared/data/cdevents/schemas/', import.meta.url)

/** context.type → the specification's own schema, of each version; undefined where the schemas are not there. */
const official = existsSync(schemas)
  ? new Map(versions.map((version) => [version, compileSchemas(version)]))
  : undefined

export const needsSchemas = {
  skip: official ? false : '../shared/data/cdevents is absent: the official schemas were not tried',
}

/** By context.type. Not by file name or $id, which don't all agree with it. */
function compileSchemas(version: SpecVersion): Map<string, ValidateFunction> {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  const folder = new URL(`v${version}/`, schemas)
  const read = (path: string) => JSON.parse(readFileSync(new URL(path, folder), 'utf8'))
  for (const file of readdirSync(new URL('links/', folder))) ajv.addSchema(read(`links/${file}`))
  const found = new Map<string, ValidateFunction>([['custom', ajv.compile(read('custom/schema.json'))]])
  for (const file of readdirSync(folder)) {
    if (!/^(pipelinerun|taskrun).*\.json$/.test(file)) continue
    const schema = read(file)
    found.set(schema.properties.context.properties.type.enum[0], ajv.compile(schema))
  }
  return found
}

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
    const name = event.type.startsWith('dev.cdeventsx.') ? 'custom' : event.type
    const validate = official?.get(specVersion)?.get(name)
    if (official) assert.ok(validate, `no schema for ${event.type}`)
    if (validate) assert.ok(validate(data), JSON.stringify(validate.errors))
    assert.deepEqual(judge(data, 'sdk-go'), [])
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
