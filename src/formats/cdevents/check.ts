import { isDateTime, isUri, isUriReference } from './formats.ts'
import { type Problem, type RuleName, step } from './problem.ts'
import type { Fields, Rule } from './rules.ts'

/** Adds what is wrong with a value at a path to the problems. Made once for each place, so that judging an event makes nothing but problems. */
export type Check = (value: unknown, problems: Problem[]) => void

export type Member = { check: Check; required?: true }

export type Members = ReadonlyMap<string, Member>

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const formats = {
  uri: { holds: isUri, message: 'must be an absolute URI' },
  'uri-reference': { holds: isUriReference, message: 'must be a URI reference' },
  'date-time': { holds: isDateTime, message: 'must be a date and time of RFC 3339' },
} as const

type TextRule = {
  filled?: true
  format?: keyof typeof formats
  oneOf?: readonly string[]
}

export function textCheck(path: string, { filled, format, oneOf }: TextRule = {}): Check {
  const words = oneOf && new Set(oneOf)
  const form = format && formats[format]
  return (value, problems) => {
    if (typeof value !== 'string') problems.push({ path, rule: 'type', message: 'must be a string' })
    else if (filled && value === '') problems.push({ path, rule: 'empty', message: 'must not be empty' })
    else if (words && !words.has(value)) {
      problems.push({ path, rule: 'one-of', message: `must be one of ${oneOf?.join(', ')}` })
    } else if (form && !form.holds(value)) problems.push({ path, rule: format as RuleName, message: form.message })
  }
}

/** An object that has all that is required and, unless it is open, nothing that is not named. A member that is undefined is none, as in JSON. */
export function objectCheck(path: string, members: Members, open = false): Check {
  const required = [...members].flatMap(([name, member]) => (member.required ? [name] : []))
  return (value, problems) => {
    if (!isObject(value)) {
      problems.push({ path, rule: 'type', message: 'must be an object' })
      return
    }
    for (const name of required) {
      if (value[name] === undefined || !Object.hasOwn(value, name)) {
        problems.push({ path: `${path}/${name}`, rule: 'required', message: 'is required' })
      }
    }
    for (const name of Object.keys(value)) {
      const found = value[name]
      if (found === undefined) continue
      const member = members.get(name)
      if (member) member.check(found, problems)
      else if (!open) problems.push({ path: path + step(name), rule: 'unknown', message: 'is not allowed here' })
    }
  }
}

const textsCheck =
  (path: string): Check =>
  (value, problems) => {
    if (!Array.isArray(value)) problems.push({ path, rule: 'type', message: 'must be an array' })
    else {
      for (const [index, one] of value.entries()) {
        if (typeof one !== 'string')
          problems.push({ path: `${path}/${index}`, rule: 'type', message: 'must be a string' })
      }
    }
  }

/** The check of a field of `subject.content`; `old` asks for that of 0.4.1. */
function checkOf(path: string, rule: Rule, old: boolean): Check {
  switch (rule.is) {
    case 'text':
      return textCheck(path, rule)
    case 'texts':
      return textsCheck(path)
    case 'object':
      return fieldsCheck(path, rule.fields, old, rule.open)
  }
}

export function fieldsCheck(path: string, fields: Fields, old: boolean, open = false): Check {
  const members = Object.entries(fields).map(([neutral, field]) => {
    const name = (old && field.old?.name) || neutral
    const check = checkOf(path + step(name), (old && field.old?.rule) || field.rule, old)
    return [name, field.required ? { check, required: true as const } : { check }] as const
  })
  return objectCheck(path, new Map(members), open)
}
