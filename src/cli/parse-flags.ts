import { parseArgs } from 'node:util'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import type { CommandFlag } from './command-text.ts'
import { wrongUse } from './flags.ts'

/** What stands after a command's name: each flag's values in their order (`true` of one that takes none), and the words beside them. */
export type Given = { values: Readonly<Record<string, (string | boolean)[]>>; positionals: string[] }

/** Refused as FlagInvalid: an unknown flag, one given twice that is no list, a word where `takesWords` is false. */
export function parseFlags(
  command: string,
  flags: readonly CommandFlag[],
  args: string[],
  takesWords: boolean,
): Verdict<Given | 'help'> {
  const options = Object.fromEntries(
    flags.map(({ name, short, value }) => [
      name,
      { type: value ? ('string' as const) : ('boolean' as const), multiple: true as const, ...(short && { short }) },
    ]),
  )
  try {
    const { values, positionals } = parseArgs({
      args,
      options: { ...options, help: { type: 'boolean', short: 'h', multiple: true } },
      allowPositionals: true,
    })
    if (values.help) return accept('help')
    const given = values as Given['values']
    const twice = flags.find(({ name, list }) => !list && (given[name]?.length ?? 0) > 1)
    if (twice) return refuse('FlagInvalid', `--${twice.name} may be given once`)
    if (!takesWords && positionals[0] !== undefined) return wrongUse(`Unexpected argument '${positionals[0]}'`, command)
    return accept({ values: given, positionals })
  } catch (error) {
    return wrongUse((error as Error).message, command)
  }
}

/** The texts given for a flag, in their order. */
export const givenTexts = ({ values }: Given, flag: string): string[] =>
  (values[flag] ?? []).filter((value): value is string => typeof value === 'string')

/** The text given for a flag that may be given once. */
export const givenText = (given: Given, flag: string): string | undefined => givenTexts(given, flag)[0]
