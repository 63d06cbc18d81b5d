import type { Schema } from '../../../src/api/schema.ts'
import { between, type Random } from '../random.ts'
import { type Places, pick, textFor } from './texts.ts'

/** A value of any shape that a structural schema has, some of them refused by its rules. `path` as in `EventSink.http.headers[].name`. */
export function fuzzed(schema: Schema, path: string, random: Random, places: Places): unknown {
  if (schema.enum) return pick(random, schema.enum)
  if (schema.type === 'boolean') return random() < 0.5
  if (schema.type === 'integer') return numberOf(schema, random)
  if (schema.type === 'string') return textFor(path, random, places) ?? anyText(schema, random)
  if (schema.type === 'array') return listOf(schema, path, random, places)
  return fieldsOf(schema, path, random, places)
}

/** Often at a bound, where mistakes are. */
function numberOf({ minimum = 0, maximum = 1000 }: Schema, random: Random): number {
  if (random() < 0.3) return random() < 0.5 ? minimum : maximum
  return between(random, minimum, Math.min(maximum, minimum + 2000))
}

function anyText({ minLength = 0, maxLength = 40 }: Schema, random: Random): string {
  const length = between(random, minLength, Math.max(minLength, Math.min(maxLength, 12)))
  return Array.from({ length }, () => pick(random, [...'abcxyz09-._ /:"{}\\\n\u0000äß\u202e'])).join('')
}

function listOf(schema: Schema, path: string, random: Random, places: Places): unknown[] {
  const { minItems = 0, maxItems = 4, items = {} } = schema
  const most = random() < 0.03 ? maxItems : Math.min(maxItems, 3)
  const length = between(random, Math.min(minItems, most), most)
  return Array.from({ length }, () => fuzzed(items, `${path}[]`, random, places))
}

/** Of these, one at most stands: without this nearly nothing would be taken. */
const exclusive: Readonly<Record<string, readonly string[]>> = {
  'EventSink.http': ['url', 'serviceRef'],
  'EventSink.http.auth': ['bearer', 'basic', 'oauth2', 'serviceAccount'],
  'EventSink.http.headers[]': ['value', 'valueFrom'],
}

const shuffled = <T>(of: readonly T[], random: Random): T[] =>
  of
    .map((one): [number, T] => [random(), one])
    .toSorted(([one], [other]) => one - other)
    .map(([, one]) => one)

function fieldsOf(schema: Schema, path: string, random: Random, places: Places): Record<string, unknown> {
  const { properties = {}, additionalProperties, required = [] } = schema
  const fields: Record<string, unknown> = {}
  for (const [name, child] of Object.entries(properties))
    if (required.includes(name) || exclusive[path]?.includes(name) || random() < 0.2)
      fields[name] = fuzzed(child, `${path}.${name}`, random, places)
  const [, ...others] = shuffled(exclusive[path] ?? [], random)
  for (const name of others) delete fields[name]
  const more = additionalProperties ? between(random, 0, 3) : 0
  for (let index = 0; index < more; index += 1) {
    const key = textFor(`${path}{key}`, random, places) ?? anyText({ minLength: 1 }, random)
    fields[key] = fuzzed(additionalProperties ?? {}, `${path}{}`, random, places)
  }
  return fields
}
