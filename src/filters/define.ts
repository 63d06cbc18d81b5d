import { hash } from 'node:crypto'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import type { Account } from '../cel/budget.ts'
import { type Limits, userLimits } from '../cel/limits.ts'
import { compile, type Evaluation, type Inputs, type Program } from '../cel/program.ts'
import { toJson } from '../cel/to-json.ts'
import type { LabelTest } from './selector.ts'

/** A milestone of a subscription's own. `when` and `key` are CEL on `object`. */
export type DefineSpec = { name: string; when: string; key?: string }

/** A milestone that a subscription defines of a kind, ready for the hot path. */
export type Definition = {
  name: string
  spec: DefineSpec
  /** Of what defines it: another one is another milestone, which counts from when it was written. */
  revision: string
  labels: LabelTest | undefined
  evaluate(object: Inputs): Held
}

/** Whether a definition holds of an object, and what tells this time from others; undefined where it has no key. Never a value in `message`. */
export type Held = { kind: 'holds'; key: string | undefined } | { kind: 'not' } | { kind: 'error'; message: string }

/** They are evaluated at each write of each object: some 3 µs as a rule, and 1 ms at most, each. */
const defineLimits: Limits = { ...userLimits, work: 10_000 }

const variables = { object: 'dyn' } as const

/** Refused as DefineInvalid, with line and column. */
export function compileDefinition(
  spec: DefineSpec,
  kind: string,
  labels: LabelTest | undefined,
  account?: Account,
): Verdict<Definition> {
  const { name, when, key } = spec
  const wrong = (part: string, message: string) =>
    refuse('DefineInvalid', `define ${name} of ${kind}: ${part}: ${message}`)
  const holds = compile(when, { variables, result: 'bool', limits: defineLimits, account })
  if (!holds.ok) return wrong('when', holds.message)
  const value =
    key === undefined ? undefined : compile(key, { variables, result: 'json', limits: defineLimits, account })
  if (value && !value.ok) return wrong('key', value.message)
  const revision = hash('sha256', JSON.stringify([when, key]), 'hex').slice(0, 8)
  return accept({
    name,
    spec,
    revision,
    labels,
    evaluate: (object) => evaluate(name, holds.value, value?.value, object),
  })
}

function evaluate(name: string, when: Program, key: Program | undefined, object: Inputs): Held {
  const failed = (part: string, message: string): Held => ({
    kind: 'error',
    message: `define ${name}: ${part}: ${message}`,
  })
  const held = when.evaluate(object)
  if (!held.ok) return failed('when', held.message)
  if (held.value !== true) return { kind: 'not' }
  if (!key) return { kind: 'holds', key: undefined }
  const value = textOf(key.evaluate(object))
  return value.ok ? { kind: 'holds', key: value.value as string } : failed('key', value.message)
}

const keyLimits = { values: 100, depth: 4, characters: 8192 }

/** A key's value as a text: what is no text as JSON, what is long by its hash. */
function textOf(evaluated: Evaluation): Evaluation {
  const json = evaluated.ok ? toJson(evaluated.value, keyLimits) : evaluated
  if (!json.ok) return json
  if (json.value === undefined || json.value === null) return { ok: false, message: 'it gives nothing' }
  const text = typeof json.value === 'string' ? json.value : JSON.stringify(json.value)
  const isShort = text.length <= 64 && text.isWellFormed()
  return { ok: true, value: isShort ? text : `sha256:${hash('sha256', text.toWellFormed(), 'hex').slice(0, 32)}` }
}
