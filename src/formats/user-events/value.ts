import { compileExpression, type Expression } from './expression.ts'
import type { Given } from './inputs.ts'
import { compileTemplate } from './template.ts'

/** Hears of what is wrong, and where: a JSON Pointer into the declaration, and the rule. */
export type Report = (path: string, rule: string) => void

/** A part of a declaration: text with variables in it, an expression, or lists and maps of such. undefined where it can't be had. */
export type Value = (given: Given, path: string, report: Report) => unknown

/** What one declaration may hold, counted down. */
export type Budget = { values: number; expressions: number }

const maxDepth = 6

/**
 * A JSON value as an author writes it: `{cel: …}` is an expression, texts are templates, all else stands for itself. What gives null is left
 * out, as is a map of which nothing is left.
 */
export function compileValue(raw: unknown, path: string, report: Report, budget: Budget, depth = 0): Value {
  budget.values -= 1
  if (budget.values === 0) report(path, 'the declaration holds too many values')
  if (budget.values <= 0) return nothing
  if (depth > maxDepth) return refused(report, path, `nested more than ${maxDepth} levels deep`)
  if (typeof raw === 'string') return compileText(raw, path, report)
  if (Array.isArray(raw)) return compileList(raw, path, report, budget, depth)
  if (typeof raw !== 'object' || raw === null) return () => raw
  if (isExpression(raw)) return compileCel(raw.cel, `${path}/cel`, report, budget)
  return compileMap(Object.entries(raw), path, report, budget, depth)
}

const isExpression = (raw: object): raw is { cel: unknown } => 'cel' in raw && Object.keys(raw).length === 1

/** How many expressions there are in a value, as far down as one is compiled. */
export function expressionsIn(raw: unknown, depth = 0): number {
  if (typeof raw !== 'object' || raw === null || depth > maxDepth + 1) return 0
  if (isExpression(raw)) return 1
  return Object.values(raw).reduce((sum: number, one) => sum + expressionsIn(one, depth + 1), 0)
}

/** One that must give a text with something in it. */
export function compileTextValue(raw: unknown, path: string, report: Report, budget: Budget) {
  const value = compileValue(raw, path, report, budget)
  return (given: Given, at: string, tell: Report): string | undefined => {
    let told = false
    const made = value(given, at, (where, rule) => {
      told = true
      tell(where, rule)
    })
    if (typeof made === 'string' && made !== '') return made
    if (!told) tell(at, 'must give a text that is not empty')
    return undefined
  }
}

function compileText(raw: string, path: string, report: Report): Value {
  const template = compileTemplate(raw)
  if (!template.ok) return refused(report, path, template.message)
  return (given, at, tell) => {
    const filled = template.value.fill(given.values)
    if (filled.ok) return filled.value
    tell(at, filled.message)
    return undefined
  }
}

function compileCel(raw: unknown, path: string, report: Report, budget: Budget): Value {
  budget.expressions -= 1
  if (budget.expressions < 0) return refused(report, path, 'the declaration has too many expressions')
  if (typeof raw !== 'string') return refused(report, path, 'must be a text')
  const expression = compileExpression(raw, 'dyn')
  if (!expression.ok) return refused(report, path, expression.message)
  return evaluating(expression.value)
}

const evaluating =
  (expression: Expression): Value =>
  (given, at, tell) => {
    const made = expression.evaluate(given)
    if (made.ok) return made.value
    tell(`${at}/cel`, made.message)
    return undefined
  }

function compileList(raw: readonly unknown[], path: string, report: Report, budget: Budget, depth: number): Value {
  const items = raw.map((item, index) => compileValue(item, `${path}/${index}`, report, budget, depth + 1))
  return (given, at, tell) =>
    items
      .map((item, index) => item(given, `${at}/${index}`, tell))
      .filter((item) => item !== undefined && item !== null)
}

function compileMap(
  entries: readonly [string, unknown][],
  path: string,
  report: Report,
  budget: Budget,
  depth: number,
): Value {
  const members = entries.flatMap(([key, raw]) => {
    if (!keys.test(key)) {
      report(path, 'a key must begin with a letter and may hold letters, digits, -, _, . and /')
      return []
    }
    return [[key, compileValue(raw, `${path}/${pointer(key)}`, report, budget, depth + 1)] as const]
  })
  return (given, at, tell) => {
    const made = members.map(([key, value]) => [key, value(given, `${at}/${pointer(key)}`, tell)] as const)
    const kept = made.filter(([, value]) => value !== undefined && value !== null)
    return kept.length === 0 && made.length > 0 ? undefined : Object.fromEntries(kept)
  }
}

const keys = /^[A-Za-z][\w./-]{0,127}$/
const pointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

const nothing: Value = () => undefined

function refused(report: Report, path: string, rule: string): Value {
  report(path, rule)
  return nothing
}
