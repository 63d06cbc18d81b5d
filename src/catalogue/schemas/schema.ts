/** A JSON Schema, draft 2020-12, as far as the catalogue uses it. */
export type Schema = {
  $schema?: string
  $id?: string
  $ref?: string
  title?: string
  description?: string
  type?: 'object' | 'array' | 'string' | 'integer' | 'boolean'
  const?: string
  enum?: readonly string[]
  format?: string
  pattern?: string
  minimum?: number
  minLength?: number
  maxLength?: number
  required?: readonly string[]
  properties?: Readonly<Record<string, Schema>>
  /** true marks what is documented elsewhere: the rest of a Kubernetes object. */
  additionalProperties?: true | Schema
  items?: Schema
  allOf?: readonly Schema[]
  anyOf?: readonly Schema[]
  examples?: readonly unknown[]
}

export const draft = 'https://json-schema.org/draft/2020-12/schema'

/** Where the identities of our schemas begin; the name of the event type and `.json` follow. */
export const idBase = 'https://carillon.dev/schemas'

export const text = (description: string, more: Schema = {}): Schema => ({
  type: 'string',
  minLength: 1,
  description,
  ...more,
})

export const time = (description: string): Schema => ({ type: 'string', format: 'date-time', description })

/** An object of these members; those whose names end with `!` are always there. */
export function members(description: string, of: Readonly<Record<string, Schema>>, more: Schema = {}): Schema {
  const names = Object.keys(of)
  const required = names.filter((name) => name.endsWith('!')).map((name) => name.slice(0, -1))
  return {
    type: 'object',
    ...(description !== '' && { description }),
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(names.map((name) => [name.replace(/!$/, ''), of[name] ?? {}])),
    ...more,
  }
}

/** A Kubernetes object whose insides are its own API's matter. */
export const object = (description: string): Schema => ({ type: 'object', description, additionalProperties: true })
