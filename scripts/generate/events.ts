import { readFile } from 'node:fs/promises'
import type { Catalogue, Row, RowEvent } from '../../src/catalogue/catalogue.ts'
import { declaredEvents } from '../../src/catalogue/declared.ts'
import { attributes } from '../../src/catalogue/schemas/attributes.ts'
import { ownData } from '../../src/catalogue/schemas/own.ts'
import type { Schema } from '../../src/catalogue/schemas/schema.ts'
import { toStructured } from '../../src/formats/binding.ts'
import type { Source } from '../../src/sources/source.ts'
import { titleOf } from '../../src/sources/title-of.ts'
import { readTests } from './samples.ts'

const root = new URL('../../', import.meta.url)
const note = (intro: string) =>
  `<!-- Generated from src/sources, src/formats, src/catalogue and docs/events/${intro} by \`npm run generate\`. Do not edit. -->`

/** Makes docs/events/: the index, and a page for each family of kinds, each behind its hand-written introduction. */
export async function generate(): Promise<Map<string, string>> {
  const catalogue = await readTests()
  const families = Map.groupBy(catalogue.rows, ({ source }) => source.family)
  const pages = new Map([['docs/events/README.md', await index(catalogue)]])
  pages.set('docs/events/declared.md', await declaredPage())
  for (const [family, rows] of families) pages.set(`docs/events/${family}.md`, await familyPage(family, rows))
  return pages
}

const introOf = async (name: string): Promise<string> =>
  (await readFile(new URL(`docs/events/${name}`, root), 'utf8')).trimEnd()

async function index(catalogue: Catalogue): Promise<string> {
  const intro = '_README.intro.md'
  const text = (await introOf(intro))
    .replace('{{catalogue}}', () => overview(catalogue))
    .replace('{{attributes}}', () => attributeTable(catalogue))
  return `${note(intro)}\n\n${text}\n`
}

/** What authors of Tasks may declare: the whole vocabulary of CDEvents. */
async function declaredPage(): Promise<string> {
  const intro = '_declared.intro.md'
  const lines = declaredEvents().map(({ name, means, types }) => {
    const links = types.map(({ type, schema }) => `[${code(type)}](${schema})`)
    return [`[${code(name)}](${vocabularyPage}#${name.replace('.', '')})`, means, ...links]
  })
  const versions = declaredEvents()[0]?.types.map(({ specVersion }) => `type in ${specVersion}`) ?? []
  return `${note(intro)}\n\n${await introOf(intro)}\n\n${table(['event', 'what it says', ...versions], lines)}\n`
}

const vocabularyPage = '../../src/formats/cdevents/VOCABULARY.md'

/** A line for each row, with the formats that have an event for it. */
function overview({ rows, variants }: Catalogue): string {
  const columns = variants.filter(({ beyond, of }) => beyond === undefined && of === undefined)
  const lines = rows.map(({ source, milestone, events }) => {
    const page = `${source.family}.md#${anchorOf(titleOf(source))}`
    const has = columns.map((variant) => {
      const found = events.find((event) => event.variant === variant || event.variant.beyond === variant)
      return found ? (found.variant.beyond ? `with ${code(found.variant.name.split(' ').at(-1) ?? '')}` : 'yes') : ''
    })
    return [
      `[${source.family === 'generic' ? 'any other kind' : titleOf(source)}](${page})`,
      code(milestone.name),
      milestone.class,
      milestone.default ? 'yes' : '',
      ...has,
    ]
  })
  return table(['kind', 'milestone', 'class', 'default', ...columns.map(({ name }) => code(name))], lines)
}

/** Of Carillon's own format, the attributes of all rows in one. */
function attributeTable({ rows }: Catalogue): string {
  const all = new Map<string, string>()
  for (const row of rows)
    for (const event of row.events.filter(isOwn))
      for (const [name, { description = '' }] of Object.entries(attributes(row, event).properties ?? {}))
        all.set(name, description)
  return table(
    ['attribute', 'value'],
    [...all].map(([name, description]) => [code(name), description]),
  )
}

const isOwn = ({ variant }: RowEvent): boolean => variant.format.name === 'cloudevents'

async function familyPage(family: string, rows: readonly Row[]): Promise<string> {
  const intro = `_${family}.intro.md`
  const kinds = [...Map.groupBy(rows, ({ source }) => source)]
  return [note(intro), await introOf(intro), ...kinds.flatMap(([source, own]) => kindSection(source, own)), '']
    .join('\n\n')
    .replace(/\n\n$/, '\n')
}

/** As GitHub makes it of a heading. */
const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(' ', '-')
    .replace(/[^\w-]/g, '')

function kindSection(source: Source, rows: readonly Row[]): string[] {
  const best = rows.find(({ milestone }) => milestone.outcome) ?? rows[0]
  const example = best?.events.find(isOwn)
  if (!best || !example) throw new Error(`no example of a ${source.kind}`)
  return [
    `## ${titleOf(source)}`,
    `\`${best.milestone.name}\`, in Carillon's own format and structured mode:`,
    `\`\`\`json\n${JSON.stringify(JSON.parse(toStructured(example.example).body), null, 2)}\n\`\`\``,
    `### Milestones of a ${source.kind}`,
    table(
      ['milestone', 'when', 'time', 'key', 'class', 'default'],
      rows.map(({ milestone: { name, when, time, key, class: of, until, default: isDefault } }) => [
        code(name),
        when,
        time,
        code(key),
        until === undefined ? of : `${of}, until ${until}`,
        isDefault ? 'yes' : 'no',
      ]),
    ),
    `### Event types of a ${source.kind}`,
    'Each leads to the JSON Schema of its data, which holds an example.',
    table(['milestone', 'format', 'type'], rows.flatMap(typeLines)),
    `### Data of a ${source.kind} in Carillon's own format`,
    table(['field', 'value'], dataLines(rows)),
  ]
}

const typeLines = ({ milestone, events }: Row): string[][] =>
  [...Map.groupBy(events, ({ variant }) => variant)].map(([variant, of], index) => [
    index === 0 ? code(milestone.name) : '',
    code(variant.name),
    of.map(({ type }) => `[${code(type)}](../../schemas/${type}.json)`).join('<br>'),
  ])

/** All fields of a kind's data; where a milestone has its own, which one that is. */
function dataLines(rows: readonly Row[]): string[][] {
  const fields = new Map<string, { description: string; of: string[] }>()
  for (const { source, milestone } of rows)
    for (const [path, { description = '' }] of leaves(ownData(source, milestone))) {
      const field = fields.get(path) ?? { description, of: [] }
      if (!field.of.includes(milestone.name)) field.of.push(milestone.name)
      if (!field.description.includes(description)) field.description += `; ${description}`
      fields.set(path, field)
    }
  return [...fields].map(([path, { description, of }]) => {
    const where = of.length === rows.length ? '' : `${of.map(code).join(', ')}: `
    return [code(path), `${where}${description}`]
  })
}

function leaves(schema: Schema, path = ''): [string, Schema][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]): [string, Schema][] => {
    const at = path === '' ? name : `${path}.${name}`
    return member.properties === undefined ? [[at, member]] : leaves(member, at)
  })
}

const code = (text: string): string => `\`${text}\``

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows]
    .map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
