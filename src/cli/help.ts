import { commandHelp, deadLettersHelp, isSocketCommand, type SocketCommandName } from './commands.ts'
import { overview, runHelp } from './flags.ts'

export type HelpTopic = 'carillon' | 'run' | 'deadletters' | SocketCommandName

/** The text of `carillon --help`, or of `carillon <topic> --help`. */
export function help(topic: HelpTopic): string {
  if (isSocketCommand(topic)) return commandHelp(topic)
  if (topic === 'deadletters') return deadLettersHelp
  return topic === 'run' ? runHelp() : overview
}
