import { parseDocument } from 'yaml'
import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import type { Fields } from '../../sources/read.ts'
import { type Declaration, readDeclaration } from './declaration.ts'

/**
 * Where authors of Tasks, Pipelines and runs declare events: a list, in YAML or JSON. Also with a dot and a name after it: a run has but one
 * value of a key, and where a Pipeline and a Task of it have the same, Tekton keeps the Pipeline's.
 */
export const eventsAnnotation = 'carillon.dev/events'

/** Annotations of a run that are read; characters of one; brackets and braces of YAML; declarations in one, and events of one milestone. */
export const annotationLimits = { annotations: 4, length: 8192, brackets: 1024, declarations: 16 } as const

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

/** All declarations of one text; refused where it is no such list at all. */
export function readAnnotation(text: string): Verdict<readonly Declaration[]> {
  if (text.length > annotationLimits.length) return wrong(`may have ${annotationLimits.length} characters`)
  const parsed = parse(text)
  if (!parsed.ok) return parsed
  if (!Array.isArray(parsed.value)) return wrong('must be a list of declarations')
  if (parsed.value.length > annotationLimits.declarations)
    return wrong(`may hold ${annotationLimits.declarations} declarations`)
  const names = new Set<string>()
  const duplicate = (name: string): boolean => {
    const known = names.has(name)
    names.add(name)
    return known
  }
  return accept(parsed.value.map((entry, index) => readDeclaration(entry, index, duplicate)))
}

/**
 * JSON is read as such, as it is so much faster. Without aliases: a few lines of those can stand for gigabytes. Brackets are counted before:
 * the parser takes its time over thousands that match nothing.
 */
function parse(text: string): Verdict<unknown> {
  try {
    if (text.trimStart().startsWith('[')) return accept(JSON.parse(text))
  } catch (error) {
    // A flow sequence of YAML may look like JSON.
    if (!(error instanceof SyntaxError)) throw error
  }
  if (text.split(/[[\]{}]/).length > annotationLimits.brackets)
    return wrong(`may hold ${annotationLimits.brackets} brackets and braces, where it is no JSON`)
  try {
    const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent', uniqueKeys: false })
    const [error] = document.errors
    if (error) return wrong(`is no YAML: ${error.code} in line ${text.slice(0, error.pos[0]).split('\n').length}`)
    return accept(document.toJS({ maxAliasCount: 0 }))
  } catch (error) {
    if (error instanceof ReferenceError) return wrong('must not use anchors and aliases')
    if (error instanceof RangeError) return wrong('is nested too deeply')
    return wrong('is no YAML')
  }
}

/** Reads texts, and remembers those read last: all runs of one Pipeline carry the same. */
export type AnnotationReader = (text: string) => Verdict<readonly Declaration[]>

/** `limit`: so many texts and expressions in them are remembered, of which an expression takes some 35 kB. */
export function rememberingReader(limit = 48): AnnotationReader {
  const known = new Map<string, { read: Verdict<readonly Declaration[]>; weight: number }>()
  let remembered = 0
  const forget = (text: string, weight: number) => {
    known.delete(text)
    remembered -= weight
  }
  return (text) => {
    const entry = known.get(text) ?? { read: readAnnotation(text), weight: weightOf(text) }
    if (known.has(text)) forget(text, entry.weight)
    if (entry.weight > limit) return entry.read
    // The one used last is at the end.
    known.set(text, entry)
    remembered += entry.weight
    for (const [oldest, { weight }] of known) {
      if (remembered <= limit) break
      forget(oldest, weight)
    }
    return entry.read
  }
}

/** One, and one for each place where an expression may be. */
const weightOf = (text: string): number => text.split(/\b(?:cel|when)\b/).length

const wrong = (what: string): Verdict<never> => refuse('DeclarationInvalid', what)
