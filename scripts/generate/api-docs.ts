import { readFile } from 'node:fs/promises'
import { type Crd, readCrds, type Schema } from './crd.ts'

const docs = new URL('../../docs/', import.meta.url)

/** Makes docs/api/<kind>.md: the hand-written introduction with its examples, then every field as the CRD has it. */
export async function generate(): Promise<Map<string, string>> {
  const pages = new Map<string, string>()
  for (const crd of await readCrds()) {
    const name = crd.kind.toLowerCase()
    const source = `api/_${name}.intro.md`
    const intro = await withExamples(await readFile(new URL(source, docs), 'utf8'))
    pages.set(`docs/api/${name}.md`, page(crd, source, intro))
  }
  return pages
}

/** Replaces lines `{{example <file> [<kind> …]}}` by that example's YAML, or only its documents of these kinds. */
async function withExamples(text: string): Promise<string> {
  const parts = await Promise.all(
    text.split(/^(\{\{example .+\}\})$/m).map(async (part) => {
      const match = /^\{\{example (\S+) ?(.*)\}\}$/.exec(part)
      if (!match?.[1]) return part
      const yaml = await readFile(new URL(`examples/${match[1]}`, docs), 'utf8')
      const kinds = (match[2] ?? '').split(' ').filter(Boolean)
      const documents = yaml
        .replace(/^(#.*\n)+/, '')
        .split(/^---\n/m)
        .filter((document) => kinds.length === 0 || kinds.includes(/^kind: (\w+)$/m.exec(document)?.[1] ?? ''))
      if (documents.length === 0) throw new Error(`docs/examples/${match[1]} has no ${kinds.join(' or ')}`)
      return `\`\`\`yaml\n${documents.join('---\n')}\`\`\``
    }),
  )
  return parts.join('')
}

function page(crd: Crd, source: string, intro: string): string {
  const { spec, status } = crd.schema.properties ?? {}
  if (!spec || !status) throw new Error(`${crd.path}: spec and status are expected`)
  return `<!-- Generated from ${crd.path} and docs/${source} by \`npm run generate\`. Do not edit. -->

# ${crd.kind}

\`apiVersion: ${crd.group}/${crd.version}\`, \`kind: ${crd.kind}\`; short name \`${crd.shortNames.join('`, `')}\`, category \`carillon\`.

${intro.trim()}

## Fields of spec

${sections('spec', spec).join('\n\n')}

## Fields of status

${sections('status', status).join('\n\n')}

## Columns

${crd.columns.map((column) => `- **${column.name}**${column.description ? `: ${column.description}` : ''}`).join('\n')}
`
}

/** A section for the object at `path`, and one for every object below it. */
function sections(path: string, schema: Schema): string[] {
  const fields = Object.entries(schema.properties ?? {})
  const required = new Set(schema.required)
  const together = rules(schema, '')
  const own = [
    `### \`${path}\``,
    schema.description,
    fields.map(([name, child]) => field(path, name, child, required.has(name))).join('\n'),
    together && `Together:\n\n${together}`,
  ]
  const below = fields.flatMap(([name, child]) => {
    const [suffix, object] = objectIn(child)
    return object ? sections(`${path}.${name}${suffix}`, object) : []
  })
  return [own.filter(Boolean).join('\n\n'), ...below]
}

/** The object with fields of its own that a field holds, itself or as the items of a list. */
function objectIn(schema: Schema): [suffix: string, object: Schema | undefined] {
  const [suffix, inner] = schema.items ? ['[]', schema.items] : ['', schema]
  return [suffix, inner.properties ? inner : undefined]
}

function field(path: string, name: string, schema: Schema, required: boolean): string {
  const [suffix, object] = objectIn(schema)
  const facts = [typeName(schema), required ? 'required' : undefined, ...bounds(schema)].filter(Boolean).join(', ')
  const link = object ? ` See [${path}.${name}${suffix}](#${anchor(`${path}.${name}${suffix}`)}).` : ''
  // What an object has to say is said in its own section.
  const text = object && !suffix ? '' : ` ${schema.description ?? ''}`
  return `- **\`${name}\`** (${facts}).${text}${link}${object && !suffix ? '' : rules(schema, '  ')}`
}

/** As GitHub makes anchors of headings: lower case, without anything but letters, digits, hyphens. */
const anchor = (heading: string): string => heading.toLowerCase().replaceAll(/[^a-z0-9-]/g, '')

function typeName(schema: Schema): string {
  if (schema.items) return `list of ${plural(schema.items)}`
  if (schema.additionalProperties) return `map of ${plural(schema.additionalProperties)}`
  return schema.format === 'date-time' ? 'time' : (schema.type ?? '')
}

const plural = (schema: Schema): string => `${schema.type}s`

function bounds(schema: Schema): string[] {
  const item = schema.items ?? schema.additionalProperties
  return [
    choice(schema.enum ?? item?.enum),
    range(schema.minimum, schema.maximum, ''),
    range(atLeast(schema.minLength), schema.maxLength, ' characters'),
    range(schema.minItems, schema.maxItems, ' items'),
    range(undefined, schema.maxProperties, ' entries'),
    item?.maxLength === undefined ? undefined : `each at most ${item.maxLength} characters`,
    schema['x-kubernetes-list-type'] === 'set' ? 'each once' : undefined,
    schema.default === undefined || isObject(schema.default)
      ? undefined
      : `default \`${JSON.stringify(schema.default)}\``,
  ].filter((bound) => bound !== undefined)
}

const isObject = (value: unknown): boolean => typeof value === 'object' && !Array.isArray(value)

const atLeast = (length: number | undefined): number | undefined => (length === 1 ? undefined : length)

const choice = (values: string[] | undefined): string | undefined =>
  values && (values.length === 1 ? `\`${values[0]}\`` : `one of ${values.map((value) => `\`${value}\``).join(', ')}`)

function range(from: number | undefined, to: number | undefined, unit: string): string | undefined {
  if (from !== undefined && to !== undefined) return `${from} to ${to}${unit}`
  if (to !== undefined) return `at most ${to}${unit}`
  return from === undefined ? undefined : `at least ${from}${unit}`
}

/** What the API server says to a value that a validation refuses; that is also what is allowed. */
function rules(schema: Schema, indent: string): string {
  const nested = [schema, schema.additionalProperties, schema.items?.properties ? undefined : schema.items]
  const messages = nested.flatMap((one) => one?.['x-kubernetes-validations'] ?? []).map(({ message }) => message)
  const lines = messages.map((message) => `${indent}- ${message.replaceAll(/[`*_|]/g, '\\$&')}`)
  if (lines.length === 0) return ''
  return indent ? `\n${lines.join('\n')}` : lines.join('\n')
}
