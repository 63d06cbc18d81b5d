/** The parts of a structural schema that the CRDs use (apiextensions.k8s.io/v1 JSONSchemaProps). */
export type Schema = {
  type?: string
  properties?: Record<string, Schema>
  additionalProperties?: Schema
  items?: Schema
  required?: string[]
  enum?: unknown[]
  default?: unknown
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  maxProperties?: number
  'x-kubernetes-list-type'?: string
  'x-kubernetes-list-map-keys'?: string[]
  'x-kubernetes-validations'?: { rule: string; message: string }[]
}

/** What is wrong with a value; `path` as the API server writes it: `spec.events[0].kind`. */
export type SchemaProblem = { path: string; message: string }

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value with the defaults that the API server would fill in: those of objects that are there, or are defaults themselves. */
export function withDefaults(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) return schema.items ? value.map((item) => withDefaults(schema.items ?? {}, item)) : value
  if (!isFields(value)) return value
  const filled: Record<string, unknown> = {}
  for (const [name, child] of Object.entries(value)) {
    const of = childOf(schema, name)
    filled[name] = of ? withDefaults(of, child) : child
  }
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    if (child.default !== undefined && filled[name] === undefined) filled[name] = withDefaults(child, child.default)
  return filled
}

const childOf = (schema: Schema, name: string): Schema | undefined =>
  schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : schema.additionalProperties

/** All that the API server would refuse by the schema but for its rules in CEL: types, unknown fields, bounds, enums, doubles in sets. */
export function checkSchema(schema: Schema, value: unknown, path: string): SchemaProblem[] {
  const problem = (message: string): SchemaProblem[] => [{ path, message }]
  if (schema.type !== undefined && !isOfType(schema.type, value))
    return problem(`must be of type ${schema.type}, not ${nameOfType(value)}`)
  if (schema.enum && !schema.enum.includes(value))
    return problem(
      `unsupported value: supported values are ${schema.enum.map((one) => JSON.stringify(one)).join(', ')}`,
    )
  if (typeof value === 'string') return checkText(schema, value).flatMap(problem)
  if (typeof value === 'number') return checkNumber(schema, value).flatMap(problem)
  if (Array.isArray(value)) return checkList(schema, value, path)
  return isFields(value) ? checkFields(schema, value, path) : []
}

function isOfType(type: string, value: unknown): boolean {
  if (type === 'object') return isFields(value)
  if (type === 'array') return Array.isArray(value)
  return type === 'integer' ? Number.isInteger(value) : typeof value === type
}

const nameOfType = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)

function checkText({ minLength = 0, maxLength, pattern }: Schema, value: string): string[] {
  const length = [...value].length
  return [
    ...(length < minLength ? [`should be at least ${minLength} chars long`] : []),
    ...(maxLength !== undefined && length > maxLength ? [`may not be more than ${maxLength} chars long`] : []),
    ...(pattern !== undefined && !new RegExp(pattern, 'u').test(value) ? [`should match ${pattern}`] : []),
  ]
}

const checkNumber = ({ minimum, maximum }: Schema, value: number): string[] => [
  ...(minimum !== undefined && value < minimum ? [`should be greater than or equal to ${minimum}`] : []),
  ...(maximum !== undefined && value > maximum ? [`should be less than or equal to ${maximum}`] : []),
]

function checkList(schema: Schema, list: readonly unknown[], path: string): SchemaProblem[] {
  const { minItems = 0, maxItems, items } = schema
  // What lies in it is not looked at: there is no end to it.
  if (maxItems !== undefined && list.length > maxItems)
    return [{ path, message: `must have at most ${maxItems} items` }]
  const keys = schema['x-kubernetes-list-map-keys']
  const keyOf = (item: unknown) => (keys && isFields(item) ? keys.map((key) => item[key]) : item)
  const isSet = keys !== undefined || schema['x-kubernetes-list-type'] === 'set'
  const texts = isSet ? list.map((item) => JSON.stringify(keyOf(item))) : []
  const double = texts.findIndex((text, index) => texts.indexOf(text) < index)
  return [
    ...(list.length < minItems ? [{ path, message: `should have at least ${minItems} items` }] : []),
    ...(double < 0 ? [] : [{ path: `${path}[${double}]`, message: 'stands there twice' }]),
    ...(items ? list.flatMap((item, index) => checkSchema(items, item, `${path}[${index}]`)) : []),
  ]
}

function checkFields(schema: Schema, value: Fields, path: string): SchemaProblem[] {
  const { required = [], maxProperties } = schema
  const names = Object.keys(value)
  if (maxProperties !== undefined && names.length > maxProperties)
    return [{ path, message: `must have at most ${maxProperties} items` }]
  return [
    ...required
      .filter((name) => value[name] === undefined)
      .map((name) => ({ path: `${path}.${name}`, message: 'required value' })),
    ...names.flatMap((name) => {
      const of = childOf(schema, name)
      if (value[name] === undefined) return []
      if (of) return checkSchema(of, value[name], `${path}.${name}`)
      const known = Object.keys(schema.properties ?? {})
      return [{ path: `${path}.${name}`, message: `unknown field; there are ${known.join(', ')}` }]
    }),
  ]
}
