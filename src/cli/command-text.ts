import type { Flag } from './flag.ts'
import { wrap } from './flags.ts'

/** A flag of a command; one without a value is there or not, one with `list` may be given several times. */
export type CommandFlag = Pick<Flag, 'name' | 'help' | 'default'> & { value?: string; short?: string; list?: true }

/** What `--help` says of a command. */
export type CommandText = {
  /** What follows the name of the command. */
  usage: string
  about: string
  flags: readonly CommandFlag[]
  /** Without the first word, `carillon`. */
  examples: readonly string[]
}

/** The text of `carillon <name> --help`; its last line is an example's. */
export function textOf(name: string, { usage, about, flags, examples }: CommandText): string {
  const rows = [...flags, { name: 'help', help: 'print this text' } as CommandFlag].map(
    ({ name, short, value, help, default: standard, list }) => {
      const left = `${short ? `  -${short}, ` : '  '}--${name}${value ? ` ${value}` : ''}`.padEnd(30)
      return wrap(left, [help, standard && `default: ${standard}`, list && 'repeatable'].filter(Boolean).join('; '))
    },
  )
  return `${about}

Usage:
  carillon ${name} ${usage}

Flags:
${rows.join('\n')}

Examples:
${examples.map((example) => `  carillon ${example}\n`).join('')}`
}
