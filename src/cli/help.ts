import { commandHelp, deadLettersHelp, isSocketCommand, type SocketCommandName } from './commands.ts'
import { overview, runHelp } from './flags.ts'
import { localCommandOf, localHelp, verbsOf } from './local.ts'

/** `local` stands for the name of a local command, or the first word of several. */
export type HelpTopic = 'carillon' | 'run' | 'deadletters' | SocketCommandName | { local: string }

/** The text of `carillon --help`, or of `carillon <topic> --help`. */
export function help(topic: HelpTopic): string {
  if (typeof topic === 'object') return localHelp(topic.local) ?? overview
  if (isSocketCommand(topic)) return commandHelp(topic)
  if (topic === 'deadletters') return deadLettersHelp
  return topic === 'run' ? runHelp() : overview
}

/** What the words after `carillon help` are about. */
export function topicOf(words: readonly string[]): HelpTopic {
  const [first = ''] = words
  if (first === 'sinks') return 'sinks test'
  const both = words.slice(0, 2).join(' ')
  if (isSocketCommand(both)) return both
  if (isSocketCommand(first)) return first
  const local = localCommandOf(words)?.name ?? (verbsOf(first).length > 0 ? first : undefined)
  if (local !== undefined) return { local }
  return first === 'run' || first === 'deadletters' ? first : 'carillon'
}
