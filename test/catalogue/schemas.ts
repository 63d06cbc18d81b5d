import assert from 'node:assert/strict'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { Row, RowEvent } from '../../src/catalogue/catalogue.ts'
import { readCatalogue } from '../../src/catalogue/known.ts'
import { eventSchema } from '../../src/catalogue/schemas/event-schema.ts'
import type { Schema } from '../../src/catalogue/schemas/schema.ts'
import { toStructured } from '../../src/formats/binding.ts'
import type { EncodedEvent } from '../../src/formats/format.ts'

/** The same schema, in which no further field is allowed but where it says that the rest is documented elsewhere. */
export function closed(schema: Schema): Schema {
  // A CDEvent is the specification's, whose schemas are not at hand here; what is ours in it is closed.
  const { properties, items, anyOf, allOf, ...rest } = schema
  return {
    ...rest,
    ...(items && { items: closed(items) }),
    ...(anyOf && { anyOf: anyOf.map(closed) }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, closed(member)])),
      ...(!allOf && { additionalProperties: schema.additionalProperties ?? (false as unknown as true) }),
    }),
  }
}

export function createAjv(): Ajv2020 {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: false })
  addFormats.default(ajv)
  return ajv
}

const ajv = createAjv()
const validators = new Map<string, ValidateFunction>()

const { rows } = readCatalogue()
const byType = new Map<string, [Row, RowEvent]>(
  rows.flatMap((row) => row.events.map((event): [string, [Row, RowEvent]] => [event.type, [row, event]])),
)

function validatorOf(type: string): ValidateFunction {
  const known = validators.get(type)
  if (known) return known
  const [row, event] = byType.get(type) ?? assert.fail(`the catalogue has no ${type}`)
  const { $id: _, ...schema } = closed(eventSchema(row, event))
  const made = ajv.compile(schema)
  validators.set(type, made)
  return made
}

/** Holds an event to its schema, in which no further field is allowed; of a CDEvent its attributes and customData. */
export function holdToSchema(event: EncodedEvent, extensions: readonly string[] = []): void {
  const whole = JSON.parse(toStructured(event).body)
  for (const name of extensions) delete whole[name]
  const validate = validatorOf(event.type)
  assert.ok(validate(whole), `${event.type}: ${ajv.errorsText(validate.errors)}`)
}
