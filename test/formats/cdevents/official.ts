import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { SpecVersion } from '../../../src/formats/cdevents/rules.ts'

/** The specification's own files, which are not part of this repository. */
const data = new URL('../../../../shared/data/cdevents/', import.meta.url)

export const present = existsSync(data)

/** For tests that need them: skips, and says why. */
export const needsData = {
  skip: present ? false : '../shared/data/cdevents is absent: the official files were not tried',
}

export type Example = { file: string; version: SpecVersion; json: string; event: WireObject }

/** An example as its file has it: members that every event has, and more. */
export type WireObject = {
  context: Record<string, unknown> & { type: string }
  subject: Record<string, unknown> & { content: Record<string, unknown> }
}

/** The conformance examples of a version, the custom one among them. */
export function examples(version: SpecVersion): Example[] {
  const folder = new URL(`conformance/v${version}/`, data)
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return [...files, 'custom/conformance.json'].map((file) => {
    const json = readFileSync(new URL(file, folder), 'utf8')
    return { file: `${version}/${file}`, version, json, event: JSON.parse(json) }
  })
}

/** The verdict of the official schemas of standalone links, by type of link. */
export function linkSchemas(version: SpecVersion): ReadonlyMap<string, ValidateFunction> {
  const ajv = new Ajv2020({ strict: false })
  addFormats.default(ajv)
  const file = (type: string) => new URL(`schemas/v${version}/links/link${type.toLowerCase()}.json`, data)
  return new Map(
    ['START', 'PATH', 'RELATION', 'END'].map((type) => [
      type,
      ajv.compile(JSON.parse(readFileSync(file(type), 'utf8'))),
    ]),
  )
}

/** The verdict of the official schema by the type of the event; custom types have one schema for all. */
export function officialSchemas(version: SpecVersion): (type: string) => ValidateFunction {
  const ajv = new Ajv2020({ strict: false, allErrors: false })
  addFormats.default(ajv)
  const folder = new URL(`schemas/v${version}/`, data)
  const read = (path: string) => JSON.parse(readFileSync(new URL(path, folder), 'utf8'))
  for (const file of readdirSync(new URL('links/', folder))) ajv.addSchema(read(`links/${file}`))
  const schemas = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map(read)
  // By type: neither file names nor $id all agree with it.
  const byType = new Map(
    schemas.map((schema) => [schema.properties.context.properties.type.enum[0], ajv.compile(schema)]),
  )
  const custom = ajv.compile(read('custom/schema.json'))
  return (type) => {
    const found = type.startsWith('dev.cdeventsx.') ? custom : byType.get(type)
    if (!found) throw new Error(`there is no official schema for ${type}`)
    return found
  }
}
