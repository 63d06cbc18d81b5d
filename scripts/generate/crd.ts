import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'

/** The parts of a structural schema that the CRDs use (apiextensions.k8s.io/v1 JSONSchemaProps). */
export type Schema = {
  type?: 'object' | 'array' | 'string' | 'integer' | 'boolean'
  description?: string
  properties?: Record<string, Schema>
  additionalProperties?: Schema
  items?: Schema
  required?: string[]
  enum?: string[]
  default?: unknown
  format?: string
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  maxProperties?: number
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map'
  'x-kubernetes-list-map-keys'?: string[]
  'x-kubernetes-validations'?: { rule: string; message: string }[]
}

/** A CustomResourceDefinition with its one version, and the YAML text that it was read from. */
export type Crd = {
  path: string
  text: string
  group: string
  version: string
  kind: string
  plural: string
  shortNames: string[]
  columns: { name: string; description?: string }[]
  schema: Schema
}

/** The CRDs of the repository, the source of truth for types, docs and chart. */
const crdPaths = ['crds/carillon.dev_eventsinks.yaml', 'crds/carillon.dev_eventsubscriptions.yaml']

export const readCrds = (): Promise<Crd[]> => Promise.all(crdPaths.map(readCrd))

async function readCrd(path: string): Promise<Crd> {
  const text = await readFile(new URL(`../../${path}`, import.meta.url), 'utf8')
  const { spec } = parse(text)
  if (spec.versions.length !== 1) throw new Error(`${path}: one version is expected, found ${spec.versions.length}`)
  const [version] = spec.versions
  return {
    path,
    text,
    group: spec.group,
    version: version.name,
    kind: spec.names.kind,
    plural: spec.names.plural,
    shortNames: spec.names.shortNames,
    columns: version.additionalPrinterColumns,
    schema: version.schema.openAPIV3Schema,
  }
}

/** Every schema node below `schema` with its dotted path; items of a list are `[]`, values of a map `{}`. */
export function* walk(schema: Schema, path = ''): Generator<[path: string, schema: Schema]> {
  yield [path, schema]
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    yield* walk(child, path ? `${path}.${name}` : name)
  if (schema.items) yield* walk(schema.items, `${path}[]`)
  if (schema.additionalProperties) yield* walk(schema.additionalProperties, `${path}{}`)
}
