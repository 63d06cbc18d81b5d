/** The versions of the CDEvents specification that this library speaks. No event is valid in both. */
export const specVersions = ['0.4.1', '0.5.1'] as const

export type SpecVersion = (typeof specVersions)[number]

/**
 * What a value in `subject.content` must be. `filled`: not empty. `oneOf`: no other word. `known`: words that the specification
 * suggests, where any other is as good. `purl`: a package URL, which only the specification's text asks for. An object is closed unless
 * `open`.
 */
export type Rule =
  | {
      is: 'text'
      filled?: true
      format?: 'uri' | 'uri-reference'
      oneOf?: readonly string[]
      known?: readonly string[]
      purl?: true
    }
  | { is: 'texts' }
  | { is: 'object'; fields: Fields; open?: true }

/**
 * A member of `subject.content`, as 0.5.1 has it, which is the neutral model too; `old` is what was otherwise in 0.4.1: its name, what
 * it must be, and words that had another name (neutral word → word of 0.4.1).
 */
export type Field = {
  rule: Rule
  required?: true
  /** Required by the specification's text alone. */
  wanted?: true
  means: string
  old?: { name?: string; rule?: Rule; words?: Readonly<Record<string, string>> }
}

export type Fields = Readonly<Record<string, Field>>

/** One event of the vocabulary, `<subject>.<predicate>`. */
export type Row = {
  /** `subject.type` of 0.4.1; later versions have none. */
  subjectType: string
  /** The event's own version, which its type ends with, in each version of the specification. */
  versions: Readonly<Record<SpecVersion, string>>
  means: string
  content: Fields
  /** True where the text asks for a package URL as `subject.id`. */
  purl?: true
  /** True where the schemas leave `context.source` and `subject.source` free text (all events of tests), else URI references. */
  freeSource?: true
}

/** From one subject's rows: what all of them share is said once. */
export function rowsOf(
  subject: string,
  shared: Pick<Row, 'subjectType' | 'freeSource' | 'purl'>,
  rows: Readonly<Record<string, { means: string; content: Fields; versions?: readonly [string, string] }>>,
): Record<string, Row> {
  return Object.fromEntries(
    Object.entries(rows).map(([predicate, { means, content, versions: [old, now] = ['0.2.0', '0.3.0'] }]) => [
      `${subject}.${predicate}`,
      { ...shared, versions: { '0.4.1': old, '0.5.1': now }, means, content },
    ]),
  )
}

/** What came with 0.4: its events begin at 0.1.0. */
export const sinceFour = ['0.1.0', '0.2.0'] as const

export const text: Rule = { is: 'text' }
export const filled: Rule = { is: 'text', filled: true }
export const uri: Rule = { is: 'text', format: 'uri' }
export const word = (...oneOf: string[]): Rule => ({ is: 'text', oneOf })
export const hint = (...known: string[]): Rule => ({ is: 'text', known })

export const may = (rule: Rule, means: string): Field => ({ rule, means })
export const must = (rule: Rule, means: string): Field => ({ rule, means, required: true })

/** An absolute URI; in 0.4.1 it was called `url`, and any text would do. */
export const address = (means: string): Field => ({ rule: uri, means, old: { name: 'url', rule: text } })

const id = must(filled, 'its subject id')

/** A reference to another subject: its id, and the source of its events where that is another one. */
export const reference: Rule = {
  is: 'object',
  fields: { id, source: may({ is: 'text', filled: true, format: 'uri-reference' }, 'the source of its events') },
}

/** The same within events of tests, where the schemas leave the source free. */
export const freeReference: Rule = { is: 'object', fields: { id, source: may(text, 'the source of its events') } }
