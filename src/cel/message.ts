import { TypeError as CheckError, EvaluationError, ParseError } from '@marcbachmann/cel-js'
import { type Limits, WorkExceeded } from './limits.ts'
import type { RecordType } from './record.ts'

/** Where in a source something stands: an offset in characters. */
export type Place = { start: number }

/** `line 1, column 5: problem`, both counted from 1. */
export function placed(source: string, place: Place | undefined, problem: string): string {
  if (!place) return problem
  const before = source.slice(0, place.start)
  const line = before.split('\n').length
  return `line ${line}, column ${place.start - before.lastIndexOf('\n')}: ${problem}`
}

type CelError = ParseError | EvaluationError | CheckError

const isCelError = (error: unknown): error is CelError =>
  error instanceof ParseError || error instanceof CheckError || error instanceof EvaluationError

/** As users write them: the library's names for our `matches`, for times and for what is only known when run are its own affair. */
const plain = (message: string): string =>
  message
    .replaceAll(safeName, 'matches')
    .replaceAll(/google\.protobuf\.(Timestamp|Duration)/g, (_, name: string) => name.toLowerCase())
    .replaceAll(/dyn<(\w+)>/g, '$1')

/** What stands in the place of `matches`; see matches.ts. */
export const safeName = 'matches_re2'

/** What is wrong with an expression that does not parse or check. It may quote the expression: that is its author's. */
export function compileMessage(
  error: unknown,
  source: string,
  variables: readonly (readonly [string, unknown])[],
  limits: Limits,
): string {
  if (error instanceof RangeError) return 'the expression is nested too deeply'
  if (!isCelError(error)) return 'the expression cannot be checked'
  return plain(placed(source, error.range, problemOf(error, variables, limits)))
}

function problemOf(error: CelError, variables: readonly (readonly [string, unknown])[], limits: Limits): string {
  const names = variables.map(([name]) => name)
  const field = missingField(error, new Map(variables))
  if (field) return field
  if (error.code === 'unknown_variable') return `${lower(error.summary)}; the variables are ${list(names)}`
  if (error.code === 'unexpected_token' && error.summary.endsWith('EOF')) return 'the expression ends too early'
  if (error.code === 'unexpected_character')
    return `${lower(error.summary)}; CEL compares with == and !=, and joins with && and ||`
  if (error.code === 'limit_exceeded') return tooLarge(error.summary, limits)
  return lower(error.summary)
}

/** `milestone.nme`: what the record has instead. */
function missingField(error: CelError, variables: ReadonlyMap<string, unknown>): string | undefined {
  const node = error.node as { args?: unknown } | undefined
  if (error.code !== 'no_such_key' || !Array.isArray(node?.args)) return undefined
  const [of, field] = node.args as [{ op: string; args: unknown }, unknown]
  const record = of.op === 'id' ? variables.get(of.args as string) : undefined
  if (typeof record !== 'object' || record === null) return undefined
  const name = typeof field === 'string' ? field : String((field as { args: unknown }).args)
  return `${of.args} has no field ${name}; it has ${list(Object.keys((record as RecordType).fields))}`
}

function tooLarge(summary: string, limits: Limits): string {
  const which = summary.match(/\w+/g)?.[1]
  if (which === 'maxAstNodes') return `the expression is too large: it may have ${limits.maxAstNodes} parts`
  if (which === 'maxDepth') return `the expression is nested more than ${limits.maxDepth} levels deep`
  if (which === 'maxListElements') return `a list may have ${limits.maxListElements} elements`
  if (which === 'maxMapEntries') return `a map may have ${limits.maxMapEntries} entries`
  return `a call may have ${limits.maxCallArguments} arguments`
}

/** Errors of cel-js whose text holds types and the expression's own words, never a value of the object. */
const harmless: ReadonlySet<string> = new Set([
  'no_such_overload',
  'no_matching_overload',
  'invalid_condition_type',
  'invalid_logical_operand',
  'division_by_zero',
  'modulo_by_zero',
  'invalid_comprehension_range',
  'optional_value_missing',
  'unsupported_type',
  'double_conversion_error',
  'int_conversion_error',
  'uint_conversion_error',
  'invalid_timestamp',
  'index_out_of_range',
])

/**
 * Why an evaluation failed. It names the missing key as the expression does, and never quotes a value: values may be secrets, and this
 * ends up in a status.
 */
export function runtimeMessage(error: unknown, source: string): string {
  if (error instanceof WorkExceeded) return error.message
  if (!(error instanceof EvaluationError)) return 'the evaluation failed'
  const range = error.range
  if (error.code === 'no_such_key' && range) return `no such key: ${accessAt(error.node, source)}`
  if (error.code === 'index_out_of_bounds' && range) return `no such element: ${accessAt(error.node, source)}`
  return plain(placed(source, range, harmless.has(error.code) ? lower(error.summary) : error.code.replaceAll('_', ' ')))
}

/** The source text of an access up to the key that is missing. */
function accessAt(node: EvaluationError['node'], source: string): string {
  return node ? source.slice(node.start, node.end).replace(/\s*\n\s*/g, '') : 'unknown'
}

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

const list = (names: readonly string[]): string =>
  names.length < 2 ? (names[0] ?? 'none') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
