import { Optional } from '@marcbachmann/cel-js'
import { UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import type { Evaluation } from './program.ts'
import { CelRecord } from './record.ts'

/** So many values, list elements and map entries among them, and characters of text, may come out of one expression. */
export type JsonLimits = { values: number; depth: number; characters: number }

/**
 * The value of an expression as JSON: ints as numbers where JSON's consumers can hold them (±2^53), timestamps as RFC 3339, and an
 * optional that is none as undefined. Refused with a message that holds no value.
 */
export function toJson(value: unknown, limits: JsonLimits): Evaluation {
  const budget = { ...limits }
  const convert = (given: unknown, depth: number): unknown => {
    if (given === null || typeof given === 'boolean') return given
    if (typeof given === 'string') return spendText(given, budget)
    if (typeof given === 'number') return Number.isFinite(given) ? given : refused('a number that JSON has not')
    if (typeof given === 'bigint') return toNumber(given)
    if (given instanceof UnsignedInt) return toNumber(given.value)
    if (given instanceof Date) return toTime(given)
    if (given instanceof Optional) return given.hasValue() ? convert(given.value(), depth) : undefined
    if (depth >= limits.depth) return refused(`more than ${limits.depth} levels`)
    if (Array.isArray(given)) {
      spendValues(given.length, budget)
      return given.map((item) => convert(item, depth + 1) ?? null)
    }
    const entries = entriesOf(given)
    if (!entries) return refused('what JSON has not: make a string of it')
    spendValues(entries.length, budget)
    return Object.fromEntries(entries.map(([key, item]) => [spendText(key, budget), convert(item, depth + 1)]))
  }
  try {
    return { ok: true, value: convert(value, 0) }
  } catch (error) {
    if (error instanceof NoJson) return { ok: false, message: error.message }
    throw error
  }
}

function toTime(time: Date): string {
  const text = Number.isNaN(time.getTime()) ? '' : time.toISOString()
  // RFC 3339 has no year of six digits, as those before 0 and beyond 9999 are written.
  return /^\d/.test(text) ? text : refused('a time that RFC 3339 has not')
}

function toNumber(int: bigint): number {
  const number = Number(int)
  return Number.isSafeInteger(number) ? number : refused('an int beyond 2^53: make a string of it')
}

/** Keys of maps in CEL may be numbers and booleans, too. */
function entriesOf(value: unknown): [string, unknown][] | undefined {
  if (value instanceof Map) return [...value].map(([key, item]) => [String(key), item])
  if (typeof value !== 'object' || value === null) return undefined
  const prototype: unknown = Object.getPrototypeOf(value)
  const isPlain = prototype === Object.prototype || prototype === null || value instanceof CelRecord
  return isPlain ? Object.entries(value) : undefined
}

function spendText(text: string, budget: JsonLimits): string {
  budget.characters -= text.length
  return budget.characters < 0 ? refused('too long a text') : text
}

function spendValues(count: number, budget: JsonLimits): void {
  budget.values -= count
  if (budget.values < 0) refused('too many values')
}

class NoJson extends Error {
  override readonly name = 'NoJson'
}

function refused(what: string): never {
  throw new NoJson(`it gives ${what}`)
}
