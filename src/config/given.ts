import { parseDuration } from '../api/durations.ts'
import { parseQuantity } from '../api/quantity.ts'
import { accept, type Refusal, refuse, type Verdict } from '../api/verdict.ts'
import type { Flag } from '../cli/flag.ts'
import { type FlagName, runFlags } from '../cli/run-flags.ts'

/** Settings as they were given, before defaults; lists always as arrays. */
export type Settings = Partial<Record<FlagName, string[]>>

/** What was given, from where it counts; and how to say that it is wrong. */
export type Given = {
  /** The value, else the flag's default. */
  one(name: FlagName): string | undefined
  all(name: FlagName): readonly string[]
  /** Refuses what was given: by its flag, or by its key where it comes from ConfigMap carillon-config. */
  wrong(name: FlagName, text: string): Refusal
}

const flagOf = (name: FlagName): Flag | undefined => (runFlags as readonly Flag[]).find((flag) => flag.name === name)

/** `settings`, of flags and environment, win over `file`. */
export function givenOf(settings: Settings, file: Settings): Given {
  return {
    one: (name) => (settings[name] ?? file[name])?.[0] ?? flagOf(name)?.default,
    all: (name) => settings[name] ?? file[name] ?? [],
    wrong(name, text) {
      const key = settings[name] === undefined && file[name] !== undefined ? flagOf(name)?.key : undefined
      const mayHoldPassword = (settings[name] ?? file[name])?.some((value) => value.includes('@'))
      const told = mayHoldPassword ? text.replace(/'[^']*'/g, "'…'") : text
      return key === undefined
        ? refuse('FlagInvalid', `--${name}${told}`)
        : refuse('ConfigInvalid', `carillon-config: ${key}${told}`)
    },
  }
}

/** A text without what stands before an @: a URL with a password may have got into the wrong place. */
export const withoutCredentials = (text: string): string => text.replace(/[^\s'"/@]*:[^\s'"]*@/g, '…@')

export function durationOf(given: Given, name: FlagName): Verdict<number> {
  const ms = parseDuration(given.one(name) ?? '')
  return ms.ok ? ms : given.wrong(name, `: ${ms.message}`)
}

export function quantityOf(given: Given, name: FlagName): Verdict<number> {
  const quantity = parseQuantity(given.one(name) ?? '')
  return quantity.ok ? quantity : given.wrong(name, `: ${quantity.message}`)
}

export function booleanOf(given: Given, name: FlagName): Verdict<boolean> {
  const text = given.one(name)
  if (text === 'true' || text === 'false') return accept(text === 'true')
  return given.wrong(name, ` must be true or false, not '${text}'`)
}
