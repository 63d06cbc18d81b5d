import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import type { Catalogue, Row, RowEvent } from '../../catalogue/catalogue.ts'
import type { Declared } from '../../catalogue/declared.ts'

/** A row, and those of its events that were asked for. */
export type Chosen = { row: Row; events: readonly RowEvent[] }

/** What a subject of `show` and `schema` names: rows, or one event of the CDEvents vocabulary. */
export type Subject = { rows: readonly Chosen[] } | { declared: Declared; type: string | undefined }

/** What the program knows of events; loaded by the commands that show it, so that the operator never holds it. */
export type Knowledge = { catalogue: Catalogue; declared: readonly Declared[] }

export async function load(): Promise<Knowledge> {
  const [{ readCatalogue }, { declaredEvents }] = await Promise.all([
    import('../../catalogue/known.ts'),
    import('../../catalogue/declared.ts'),
  ])
  return { catalogue: readCatalogue(), declared: declaredEvents() }
}

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

const unknown = (what: string, given: string, known: Iterable<string>) =>
  refuse('InputInvalid', `there is no ${what} '${given.slice(0, 80)}'; there are ${[...new Set(known)].join(', ')}`)

function unknownKind(given: string, rows: readonly Row[]) {
  const own = rows.filter(({ source }) => source.family !== 'generic').map(({ source }) => source.kind)
  const { message } = unknown('kind', given, own)
  return refuse(
    'InputInvalid',
    `${message}; of any other, '--family generic' has what it tells, by the example of a Widget`,
  )
}

/** The rows of a kind and a family, with their events in a format; each left out does not narrow. */
export function filterRows(
  { rows, variants }: Catalogue,
  given: { kind?: string | undefined; family?: string | undefined; format?: string | undefined },
): Verdict<Chosen[]> {
  const { kind, family, format } = given
  const kinds = rows.map(({ source }) => source.kind)
  if (kind !== undefined && !kinds.some((one) => same(one, kind))) return unknownKind(kind, rows)
  const families = rows.map(({ source }) => source.family)
  if (family !== undefined && !families.some((one) => one === family)) return unknown('family', family, families)
  const names = variants.map((variant) => variant.format.name)
  if (format !== undefined && !names.some((one) => one === format)) return unknown('format', format, names)
  return accept(
    rows
      .filter(({ source }) => kind === undefined || same(source.kind, kind))
      .filter(({ source }) => family === undefined || source.family === family)
      .map((row) => ({ row, events: row.events.filter(({ variant }) => isOf(format, variant.format.name)) }))
      .filter(({ events }) => format === undefined || events.length > 0),
  )
}

const isOf = (format: string | undefined, name: string): boolean => format === undefined || format === name

/** `KIND MILESTONE`, or an event type; of an event that can be declared also its name, or its type without a version. */
export function findSubject(
  { catalogue, declared }: Knowledge,
  words: readonly string[],
  format: string | undefined,
): Verdict<Subject> {
  const [first = '', milestone] = words
  if (words.length === 0 || words.length > 2)
    return refuse(
      'FlagInvalid',
      "say which: KIND MILESTONE, such as TaskRun finished, or an event type; 'carillon events list' has them all",
    )
  const filtered = filterRows(catalogue, { format, ...(milestone !== undefined && { kind: first }) })
  if (!filtered.ok) return filtered
  if (milestone === undefined) return findType(filtered.value, declared, first)
  const found = filtered.value.filter(({ row }) => row.milestone.name === milestone)
  if (found.length > 0) return accept({ rows: found })
  const of = format === undefined ? '' : ` in the format ${format}`
  return unknown(
    `milestone of a ${filtered.value[0]?.row.source.kind ?? first}${of}`,
    milestone,
    filtered.value.map(({ row }) => row.milestone.name),
  )
}

function findType(rows: readonly Chosen[], declared: readonly Declared[], type: string): Verdict<Subject> {
  const found = rows
    .map(({ row, events }) => ({ row, events: events.filter((event) => event.type === type) }))
    .filter(({ events }) => events.length > 0)
  if (found.length > 0) return accept({ rows: found })
  const name = type.replace(/^dev\.cdevents\./, '')
  for (const one of declared) {
    const exact = one.types.find((of) => of.type === type)
    if (exact || one.name === name) return accept({ declared: one, type: exact?.type })
  }
  const near = nearest(new Set(rows.flatMap(({ events }) => events.map((event) => event.type))), type)
  const hint = near.length > 0 ? `; there are ${near.join(', ')}` : ''
  return refuse(
    'InputInvalid',
    `there is no event type '${type.slice(0, 120)}'${hint}; 'carillon events list' has them all`,
  )
}

/** The types that begin with the most of the given one's words, and with three at least. */
function nearest(types: ReadonlySet<string>, given: string): string[] {
  const words = given.split('.')
  const begin = (length: number) => [...types].filter((type) => type.startsWith(`${words.slice(0, length).join('.')}.`))
  for (let length = words.length - 1; length >= 3; length -= 1) {
    const found = begin(length)
    if (found.length > 0) return found
  }
  return []
}
