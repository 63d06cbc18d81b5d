import type { Environment } from '@marcbachmann/cel-js'
import { RE2JS } from 're2js'
import { type Refusal, refuse } from '../api/verdict.ts'
import { callOf, type Node, textOf, walk } from './ast.ts'
import type { Limits } from './limits.ts'
import { type Place, placed, safeName } from './message.ts'
import { patternSize } from './pattern-size.ts'

/** Units of one instruction at one character: up to 100 ns, where the engine meets states that are new to it. */
const stepCost = 2

export type Patterns = ReadonlyMap<string, RE2JS>

/**
 * Declares what `rewriteMatches` puts in the place of `matches`: cel-js runs that on JavaScript's own engine, which takes exponential
 * time on some patterns, and can't be told otherwise.
 */
export function declareMatches(environment: Environment, patterns: Patterns, spend: (units: number) => void): void {
  const test = (text: string, pattern: string): boolean => {
    const compiled = patterns.get(pattern)
    if (!compiled) throw new Error('a pattern that was not compiled')
    spend(text.length * compiled.programSize() * stepCost)
    return compiled.test(text)
  }
  environment.registerFunction(`string.${safeName}(string): bool`, test, { async: false })
  environment.registerFunction(`${safeName}(string, string): bool`, test, { async: false })
}

/** Sends every `matches` to RE2 and compiles its pattern, which has to be a literal. */
export function rewriteMatches(
  root: Node,
  source: string,
  patterns: Map<string, RE2JS>,
  limits: Limits,
): Refusal | undefined {
  let refusal: Refusal | undefined
  walk(root, (node) => {
    const call = callOf(node)
    if (!call) return
    if (call.name === safeName) refusal ??= complain(source, node, `there is no function ${safeName}`)
    const isMatches = call.name === 'matches' && call.args.length === (call.receiver ? 1 : 2)
    if (!isMatches) return
    const argument = call.args.at(-1) as Node
    const problem = addPattern(textOf(argument), patterns, limits)
    if (problem) refusal ??= complain(source, argument, problem)
    ;(node.args as unknown[])[0] = safeName
  })
  return refusal
}

const complain = (source: string, place: Place, problem: string): Refusal =>
  refuse('FilterInvalid', placed(source, place, problem))

function addPattern(pattern: string | undefined, patterns: Map<string, RE2JS>, limits: Limits): string | undefined {
  if (pattern === undefined) return 'matches takes a pattern that is written out, as in matches("^build-")'
  if (pattern.length > limits.patternLength)
    return `a pattern may have ${limits.patternLength} characters, this one has ${pattern.length}`
  // It is a guess upwards; what is far beyond is not even tried.
  if (patternSize(pattern) > 4 * limits.patternSize) return tooLarge
  try {
    const compiled = RE2JS.compile(pattern)
    if (compiled.programSize() > limits.patternSize) return tooLarge
    patterns.set(pattern, compiled)
    return undefined
  } catch (error) {
    return `the pattern is not valid RE2: ${error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : ''}`
  }
}

const tooLarge = 'the pattern repeats too much: {n} counts as so many copies of what stands before it'
