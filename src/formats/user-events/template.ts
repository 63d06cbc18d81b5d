import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import type { RunValues } from './run-values.ts'

/** A text with `$(results.…)`, `$(params.…)` and `$(context.…)` in it, taken apart once. */
export type Template = {
  /** The text, or for `$(results.x[*])` alone the list or map. Messages name what is missing, never a value. */
  fill(values: RunValues): Verdict<unknown>
}

/** Characters of a template; references in it; characters that it may give. */
const templateLimits = { length: 1024, references: 16, result: 4096 } as const

/** What stands between `$(` and `)`: a name of `results`, `params` or `context`, and what of it is meant. */
type Reference = { from: keyof RunValues; name: string; part: Part; text: string }

/** All of it, a list or map whole (`[*]`), the element of a list (`[0]`), or a value of a map (`.key`). */
type Part = { of: 'text' } | { of: 'whole' } | { of: 'element'; index: number } | { of: 'key'; key: string }

/**
 * Tekton's own way of writing variables (https://tekton.dev/docs/pipelines/variables): `$(results.NAME)`, `$(results["a.name"])`,
 * `$(results.LIST[0])`, `$(results.MAP.key)`, `$(results.LIST[*])`. `$$(` stands for `$(`.
 */
export function compileTemplate(source: string): Verdict<Template> {
  if (source.length > templateLimits.length) return wrong(`a text may have ${templateLimits.length} characters`)
  const parts: (string | Reference)[] = []
  let rest = source
  for (;;) {
    const start = rest.indexOf('$(')
    if (start < 0) break
    if (rest[start - 1] === '$') {
      parts.push(`${rest.slice(0, start - 1)}$(`)
      rest = rest.slice(start + 2)
      continue
    }
    const end = rest.indexOf(')', start)
    if (end < 0) return wrong('a $( has no )')
    const reference = parseReference(rest.slice(start + 2, end))
    if (!reference.ok) return reference
    parts.push(rest.slice(0, start), reference.value)
    rest = rest.slice(end + 1)
  }
  const all = [...parts, rest].filter((part) => part !== '')
  if (all.filter((part) => typeof part !== 'string').length > templateLimits.references)
    return wrong(`a text may have ${templateLimits.references} variables`)
  return templateOf(all)
}

function templateOf(parts: readonly (string | Reference)[]): Verdict<Template> {
  const [first] = parts
  if (parts.length === 1 && typeof first === 'object' && first.part.of === 'whole')
    return accept({ fill: (values) => take(first, values) })
  const whole = parts.find((part) => typeof part === 'object' && part.part.of === 'whole')
  if (whole) return wrong('a variable with [*] must stand alone')
  return accept({ fill: (values) => join(parts, values) })
}

function join(parts: readonly (string | Reference)[], values: RunValues): Verdict<string> {
  let made = ''
  for (const part of parts) {
    const taken = typeof part === 'string' ? accept(part) : take(part, values)
    if (!taken.ok) return taken
    made += taken.value
    if (made.length > templateLimits.result) return wrong(`the text is longer than ${templateLimits.result} characters`)
  }
  return accept(made)
}

const names = /^[\w-]{1,253}$/
const roots = /^(results|params|context)(?=[.[])/
const bracketed = /^\[(?:"([^"]{1,253})"|'([^']{1,253})')\]/
const dotted = /^\.([\w-]{1,253})/
const index = /^\[(\d{1,4})\]$/

function parseReference(inside: string): Verdict<Reference> {
  const text = inside.trim()
  const from = roots.exec(text)?.[1] as keyof RunValues | undefined
  if (from === undefined) return wrong(`$(${shown(text)}) is none of $(results.…), $(params.…) and $(context.…)`)
  const rest = text.slice(from.length)
  if (from === 'context') {
    const name = rest.slice(1)
    return name.split('.').every((one) => names.test(one))
      ? accept({ from, name, part: { of: 'text' }, text })
      : odd(text)
  }
  const found = bracketed.exec(rest) ?? dotted.exec(rest)
  const name = found?.[1] ?? found?.[2]
  if (!found || name === undefined) return odd(text)
  const part = parsePart(rest.slice(found[0].length))
  return part ? accept({ from, name, part, text }) : odd(text)
}

function parsePart(rest: string): Part | undefined {
  if (rest === '') return { of: 'text' }
  if (rest === '[*]') return { of: 'whole' }
  const element = index.exec(rest)?.[1]
  if (element !== undefined) return { of: 'element', index: Number(element) }
  const key = dotted.exec(rest)
  return key?.[1] !== undefined && key[0] === rest ? { of: 'key', key: key[1] } : undefined
}

function take({ from, name, part, text }: Reference, values: RunValues): Verdict<unknown> {
  const found = values[from].get(name)
  if (found === undefined) return wrong(`the run has no ${nouns[from]} ${shown(name)}`)
  const value = partOf(found, part)
  if (part.of === 'whole') return value === undefined ? wrong(`$(${shown(text)}) is no list and no map`) : accept(value)
  if (typeof value === 'string') return accept(value)
  if (part.of !== 'text') return wrong(`the run has no $(${shown(text)})`)
  return wrong(`$(${shown(text)}) is a list or a map: take one value of it, or all with [*]`)
}

function partOf(value: unknown, part: Part): unknown {
  if (part.of === 'text') return value
  if (part.of === 'whole') return wholeOf(value)
  if (part.of === 'element') return Array.isArray(value) ? value[part.index] : undefined
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isMap && Object.hasOwn(value, part.key) ? (value as Record<string, unknown>)[part.key] : undefined
}

/** As Tekton has them: of texts only. One may have a hundred thousand, and be asked for in each value. */
function wholeOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  let count = 0
  let length = 0
  for (const key in value) {
    const one = (value as Record<string, unknown>)[key]
    count += 1
    length += typeof one === 'string' ? one.length : Number.POSITIVE_INFINITY
    if (count > 256 || length > templateLimits.result) return undefined
  }
  return value
}

const nouns = { results: 'result', params: 'param', context: 'context variable' } as const

const odd = (text: string): Verdict<never> =>
  wrong(
    `$(${shown(text)}) is not written as $(results.NAME), $(results["a.name"]), $(results.LIST[0]) or $(results.MAP.key)`,
  )

// What is no name may be anything, and is not repeated.
const shown = (text: string): string => (/^[\w."'[\]*-]{1,64}$/.test(text) ? text : '…')

const wrong = (what: string): Verdict<never> => refuse('DeclarationInvalid', what)
