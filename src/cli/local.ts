import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { textOf } from './command-text.ts'
import { listEvents } from './events/list.ts'
import { eventSchemaCommand } from './events/schema.ts'
import { showEvent } from './events/show.ts'
import { explain } from './explain/explain.ts'
import { importTektonConfig } from './import/tekton-config.ts'
import type { LocalCommand, LocalRun } from './local-command.ts'
import { parseFlags } from './parse-flags.ts'

/** By their whole names, of one word or two. */
export const localCommands: Readonly<Record<string, LocalCommand>> = {
  'events list': listEvents,
  'events show': showEvent,
  'events schema': eventSchemaCommand,
  'import tekton-config': importTektonConfig,
  explain,
}

/** The local command that a command line begins with, and how many words its name has. */
export function localCommandOf(words: readonly string[]): { name: string; length: number } | undefined {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ')
    if (words.length >= length && Object.hasOwn(localCommands, name)) return { name, length }
  }
  return undefined
}

/** The second words of those local commands whose names begin with this one. */
export const verbsOf = (first: string): string[] =>
  Object.keys(localCommands).flatMap((name) => (name.startsWith(`${first} `) ? [name.slice(first.length + 1)] : []))

/** Reads the arguments after a local command's name. */
export function readLocal(name: string, args: string[]): Verdict<LocalRun | 'help'> {
  const command = localCommands[name]
  if (!command) return refuse('UnknownCommand', `unknown command '${name}'`)
  const parsed = parseFlags(name, command.flags, args, command.takesWords ?? false)
  if (!parsed.ok) return parsed
  return parsed.value === 'help' ? accept('help') : command.read(parsed.value)
}

/** The text of `carillon <name> --help`, also of the first word of several. Undefined where there is none. */
export function localHelp(name: string): string | undefined {
  const command = localCommands[name]
  if (command) return textOf(name, command)
  const verbs = verbsOf(name)
  if (verbs.length === 0) return undefined
  const lines = verbs.map((verb) => `  carillon ${name} ${verb}`.padEnd(42) + localCommands[`${name} ${verb}`]?.brief)
  return `Usage:
${lines.join('\n')}

Run 'carillon ${name} ${verbs[0]} --help' for the flags.
`
}
