import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import type { Fields } from '../../sources/read.ts'
import { type Declaration, readDeclaration } from './declaration.ts'
import { parseYaml } from './yaml.ts'

/**
 * Where authors of Tasks, Pipelines and runs declare events: a list, in YAML or JSON. Also with a dot and a name after it: a run has but one
 * value of a key, and where a Pipeline and a Task of it have the same, Tekton keeps the Pipeline's.
 */
export const eventsAnnotation = 'carillon.dev/events'

/**
 * Of a run: annotations that are looked at, and those that are read of them; marks of YAML in all of these, and in a line, where they
 * may stand in one another. Of an annotation: characters, declarations, and expressions in them. A milestone may mean as many events and evaluate as many expressions as one annotation may hold.
 */
export const annotationLimits = {
  looked: 16,
  annotations: 4,
  marks: 600,
  marksInLine: 100,
  length: 8192,
  declarations: 16,
  expressions: 16,
} as const

/** The run's annotations that declare events, by name. */
export function annotationsOf(annotations: Fields): readonly (readonly [string, string])[] {
  const found: [string, string][] = []
  for (const key in annotations) {
    const text = annotations[key]
    if (typeof text === 'string' && (key === eventsAnnotation || key.startsWith(`${eventsAnnotation}.`)))
      found.push([key, text])
  }
  return found.sort(([a], [b]) => (a < b ? -1 : 1))
}

/** What an annotation holds, and what reading it takes. */
export type AnnotationRead = {
  /** Refused where it is no list of declarations at all. */
  declarations: Verdict<readonly Declaration[]>
  /** Marks of YAML in it, none in JSON. */
  marks: number
  expressions: number
}

/** `marks`: how many it may have. */
export function readAnnotation(text: string, marks: number = annotationLimits.marks): AnnotationRead {
  if (text.length > annotationLimits.length) return unread(`may have ${annotationLimits.length} characters`)
  const json = parseJson(text)
  const found = json === undefined ? marksOf(text) : 0
  if (found > marks) return tooMuchYaml
  if (
    found > annotationLimits.marksInLine &&
    text.split('\n').some((line) => marksOf(line) > annotationLimits.marksInLine)
  )
    return unread(`may have ${annotationLimits.marksInLine} marks of YAML in a line: write more lines, or JSON`)
  const parsed = json === undefined ? parseYaml(text) : accept(json)
  const declarations = parsed.ok ? declarationsOf(parsed.value) : wrong(parsed.message)
  const expressions = declarations.ok ? declarations.value.reduce((sum, one) => sum + one.expressions, 0) : 0
  if (expressions <= annotationLimits.expressions) return { declarations, marks: found, expressions }
  return { ...unread(`may hold ${annotationLimits.expressions} expressions`), marks: found }
}

function declarationsOf(list: unknown): Verdict<readonly Declaration[]> {
  if (!Array.isArray(list)) return wrong('must be a list of declarations')
  if (list.length > annotationLimits.declarations)
    return wrong(`may hold ${annotationLimits.declarations} declarations`)
  const names = new Set<string>()
  const duplicate = (name: string): boolean => {
    const known = names.has(name)
    names.add(name)
    return known
  }
  return accept(list.map((entry, index) => readDeclaration(entry, index, duplicate)))
}

/** A list in JSON, which is so much faster to read; undefined where it is none: a flow sequence of YAML may look like one. */
function parseJson(text: string): unknown {
  if (!text.trimStart().startsWith('[')) return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** What makes a token of YAML, or may: the parser takes up to 10 µs for each, and next to nothing for the characters between them. */
const mark = /[[\]{},&*!%#"'|>\n]|[-?:](?=\s|$)/

const marksOf = (text: string): number => text.split(mark).length - 1

/** `marks`: how many the annotation may have. */
export type AnnotationReader = (text: string, marks: number) => AnnotationRead

/**
 * Reads texts, and remembers those read last: all runs of one Pipeline carry the same. `limit`: so many texts and expressions in them are
 * remembered, of which an expression takes some 35 kB.
 */
export function rememberingReader(limit = 192): AnnotationReader {
  const known = new Map<string, AnnotationRead>()
  let remembered = 0
  const forget = (text: string, read: AnnotationRead) => {
    known.delete(text)
    remembered -= weightOf(read)
  }
  return (text, marks) => {
    const before = known.get(text)
    if (before && before.marks > marks) return tooMuchYaml
    const read = before ?? readAnnotation(text, marks)
    // That depends on what else the run carries.
    if (read === tooMuchYaml) return read
    if (before) forget(text, before)
    // The one used last is at the end.
    known.set(text, read)
    remembered += weightOf(read)
    for (const [oldest, old] of known) {
      if (remembered <= limit) break
      forget(oldest, old)
    }
    return read
  }
}

const weightOf = ({ expressions }: AnnotationRead): number => 1 + expressions

const wrong = (what: string): Verdict<never> => refuse('DeclarationInvalid', what)

const unread = (what: string): AnnotationRead => ({ declarations: wrong(what), marks: 0, expressions: 0 })

const tooMuchYaml = unread(
  `is too much to read: all YAML that declares events for a run may have ${annotationLimits.marks} marks (ends of lines, brackets, commas, colons and the like); JSON may be longer`,
)
