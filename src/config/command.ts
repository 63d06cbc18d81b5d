import { parseArgs } from 'node:util'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { readSocketCommand, type SocketCommand } from '../cli/arguments.ts'
import { isSocketCommand } from '../cli/commands.ts'
import { environmentName, type Flag } from '../cli/flag.ts'
import { wrongUse } from '../cli/flags.ts'
import { type HelpTopic, topicOf } from '../cli/help.ts'
import { localCommandOf, localCommands, readLocal, verbsOf } from '../cli/local.ts'
import type { LocalRun } from '../cli/local-command.ts'
import { type FlagName, runFlags } from '../cli/run-flags.ts'
import type { ClusterOptions } from '../kube/kubeconfig.ts'
import type { Settings } from './given.ts'

export type Command =
  | { name: 'run'; settings: Settings; cluster: ClusterOptions }
  | { name: 'version' }
  | { name: 'help'; of: HelpTopic }
  | { name: 'local'; run: LocalRun; cluster: ClusterOptions }
  | SocketCommand

/** Reads the command line and environment: the only place that does. */
export function readCommand(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Verdict<Command> {
  const [name = 'help', ...rest] = argv
  if (name === 'version' || name === '--version') return accept({ name: 'version' })
  if (name === 'help' || name === '--help' || name === '-h') return accept({ name: 'help', of: topicOf(rest) })
  if (name === 'run') return readRun(rest, env)
  const words = Object.hasOwn(groups, name) ? 2 : 1
  const command = argv.slice(0, words).join(' ')
  if (isSocketCommand(command)) {
    const read = readSocketCommand(command, argv.slice(words), env[environmentName('data-dir')] ?? '')
    return read.ok && read.value === 'help' ? accept({ name: 'help', of: command }) : (read as Verdict<SocketCommand>)
  }
  const local = localCommandOf(argv)
  return local ? readLocalCommand(argv, local, env) : readGroup(name, rest[0])
}

function readLocalCommand(
  argv: readonly string[],
  { name, length }: { name: string; length: number },
  env: Readonly<Record<string, string | undefined>>,
): Verdict<Command> {
  const read = readLocal(name, argv.slice(length))
  if (!read.ok) return read
  if (read.value === 'help') return accept({ name: 'help', of: { local: name } })
  return accept({ name: 'local', run: read.value, cluster: clusterOptions({}, env) })
}

/** First words of commands that speak to the operator, and what may follow. */
const groups: Readonly<Record<string, readonly string[]>> = { deadletters: ['list', 'show', 'retry'], sinks: ['test'] }

/** The first word of several commands, without one of the second words. */
function readGroup(name: string, verb = '--help'): Verdict<Command> {
  const verbs = (Object.hasOwn(groups, name) && groups[name]) || verbsOf(name)
  if (verbs.length === 0)
    return refuse('UnknownCommand', `unknown command '${name}'; the commands are ${and(firstWords)}`)
  if (verb === '--help' || verb === '-h' || verb === 'help') return accept({ name: 'help', of: topicOf([name]) })
  const are = verbs.length === 1 ? 'the command is' : 'the commands are'
  return refuse('UnknownCommand', `unknown command '${name} ${verb}'; ${are} ${and(verbs)}`)
}

const firstWords = [
  ...new Set([
    'run',
    'deadletters',
    'replay',
    'purge',
    'sinks',
    ...Object.keys(localCommands).map((name) => name.split(' ')[0] ?? ''),
  ]),
  'version',
  'help',
]

const and = (words: readonly string[]): string =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`

function readRun(args: string[], env: Readonly<Record<string, string | undefined>>): Verdict<Command> {
  const flags = readFlags(args)
  if (!flags.ok) return flags
  if (flags.value === 'help') return accept({ name: 'help', of: 'run' })
  const settings = { ...readEnvironment(env), ...flags.value }
  return accept({ name: 'run', settings, cluster: clusterOptions(settings, env) })
}

function clusterOptions(settings: Settings, env: Readonly<Record<string, string | undefined>>): ClusterOptions {
  const { HOME, KUBECONFIG, KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env
  return {
    kubeconfig: settings.kubeconfig?.[0] ?? (KUBECONFIG || undefined),
    home: HOME || undefined,
    service: host ? { host, port: port || '443' } : undefined,
  }
}

function readFlags(args: string[]): Verdict<Settings | 'help'> {
  const options = Object.fromEntries(
    runFlags.map((flag: Flag) => [flag.name, { type: 'string' as const, multiple: true as const }]),
  )
  try {
    const { values } = parseArgs({
      args,
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: false,
    })
    if (values.help) return accept('help')
    const { help: _, ...given } = values
    for (const flag of runFlags as readonly Flag[]) {
      const value = (given as Record<string, string[] | undefined>)[flag.name]
      if (value && value.length > 1 && !flag.list) return refuse('FlagInvalid', `--${flag.name} may be given once`)
    }
    return accept(given as Settings)
  } catch (error) {
    return wrongUse((error as Error).message, 'run')
  }
}

function readEnvironment(env: Readonly<Record<string, string | undefined>>): Settings {
  const settings: Settings = {}
  for (const flag of runFlags as readonly Flag[]) {
    const value = env[environmentName(flag.name)]
    if (value === undefined || value === '') continue
    settings[flag.name as FlagName] = flag.list ? splitList(value) : [value]
  }
  return settings
}

const splitList = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
