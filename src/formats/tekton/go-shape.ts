import { isRecord } from '../kept-annotations.ts'

/** Turns a value into what Go's encoding/json writes of it. Gives the very same value back where nothing changes. */
export type Convert = (value: unknown) => unknown

/** What becomes of one field of a Go struct. Fields without a rule are written as they are, unless empty (`omitempty`). */
export type Rule = {
  to?: string
  convert?: Convert
  /** `omitempty`: left out where empty; `pointer`: left out where null; `always`: written as `zero` where null or absent, a text also where ''. */
  write: 'omitempty' | 'omitempty map' | 'pointer' | 'always' | 'never'
  zero?: unknown
}

export const field = (convert: Convert, to?: string): Rule => rule('omitempty', convert, to)
export const map: Rule = { write: 'omitempty map' }
/** A pointer field, or one of an optional nested struct: an empty value in it is a value. */
export const pointer = (convert: Convert, to?: string): Rule => rule('pointer', convert, to)
export const always = (zero: unknown, convert?: Convert, to?: string): Rule => ({
  ...rule('always', convert, to),
  zero,
})
export const renamed = (to: string): Rule => ({ write: 'omitempty', to })
export const dropped: Rule = { write: 'never' }

const rule = (write: Rule['write'], convert?: Convert, to?: string): Rule => ({
  write,
  ...(convert && { convert }),
  ...(to !== undefined && { to }),
})

/** A Go struct by the rules of its fields. What is not a JSON object passes as it is. */
export function struct(rules: Record<string, Rule>): Convert {
  const ruleOf = new Map(Object.entries(rules))
  const required = Object.entries(rules)
    .filter(([, { write }]) => write === 'always')
    .map(([key, { to = key, zero }]) => ({ to, zero }))
  return (value) => {
    if (!isRecord(value)) return value
    // Made only where something is other than it was.
    let out: Record<string, unknown> | undefined
    for (const key of Object.keys(value)) {
      const before = value[key]
      const rule = ruleOf.get(key)
      // Nearly every field.
      if (rule === undefined && typeof before === 'string' && before !== '' && key !== '__proto__') {
        if (out) out[key] = before
        continue
      }
      const after = rule?.convert ? rule.convert(before) : before
      // Assigning to __proto__ would set the prototype; Go's decoder drops unknown keys like it.
      if (key === '__proto__' || omitted(after, rule?.write ?? 'omitempty')) {
        out ??= copyBefore(value, key)
        continue
      }
      const written = rule?.write === 'always' && isZero(after, rule.zero) ? rule.zero : after
      const name = rule?.to ?? key
      if (written !== before || name !== key) out ??= copyBefore(value, key)
      if (out) out[name] = written
    }
    for (const { to, zero } of required) {
      if (to in (out ?? value)) continue
      out ??= { ...value }
      out[to] = zero
    }
    return out ?? value
  }
}

/** A copy of the fields that stand before one. */
function copyBefore(value: Record<string, unknown>, end: string): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    if (key === end) return copy
    copy[key] = value[key]
  }
  return copy
}

const isZero = (value: unknown, zero: unknown): boolean => value === null || (value === '' && typeof zero === 'string')

/** A slice of such values. */
export function list(convert: Convert): Convert {
  return (value) => {
    if (!Array.isArray(value)) return value
    let out: unknown[] | undefined
    for (let index = 0; index < value.length; index++) {
      const after = convert(value[index])
      if (after !== value[index]) out ??= value.slice()
      if (out) out[index] = after
    }
    return out ?? value
  }
}

/** A map of such values, left out where empty; null in it is written as `zero`. */
export const mapOf = (convert: Convert, zero: unknown = null): Rule => ({ ...map, convert: mapItems(convert, zero) })

const mapItems =
  (convert: Convert, zero: unknown): Convert =>
  (value) => {
    if (!isRecord(value)) return value
    const before = Object.entries(value)
    const after = before.map(([key, item]): [string, unknown] => [key, item === null ? zero : convert(item)])
    return after.every(([, item], index) => item === before[index]?.[1]) ? value : Object.fromEntries(after)
  }

function omitted(value: unknown, write: Rule['write']): boolean {
  switch (write) {
    case 'omitempty':
      return isEmpty(value)
    case 'omitempty map':
      return isEmpty(value) || (isRecord(value) && Object.keys(value).length === 0)
    case 'pointer':
      return value === null
    case 'always':
      return false
    case 'never':
      return true
  }
}

const isEmpty = (value: unknown): boolean =>
  value === null || value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0)
