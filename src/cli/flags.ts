import { type Refusal, refuse } from '../api/verdict.ts'
import type { Flag } from './flag.ts'
import { runFlags } from './run-flags.ts'

/** What `parseArgs` of node:util has found wrong, in a line of ours. */
export function wrongUse(message: string, command: string): Refusal {
  const [what = ''] = message.split('. T') // "To specify …", "This command …": what it advises is not so here
  return refuse('FlagInvalid', `${what.charAt(0).toLowerCase()}${what.slice(1)}; see 'carillon ${command} --help'`)
}

/** The text of `carillon --help`. */
export const overview = `Carillon turns what happens in a cluster into CloudEvents and delivers them, surely, to the sinks that teams declare.

Usage:
  carillon run [flags]                        run the operator
  carillon deadletters list | show | retry    look at deliveries that were given up, and send them again
  carillon replay [flags]                     send again what can still be had of a subscription's past
  carillon purge [flags]                      drop what waits for a sink or of a subscription
  carillon sinks test NS/NAME [flags]         send a test event to a sink, and tell what came back
  carillon events list | show | schema        what there is to tell: every kind and milestone, its events, their schemas
  carillon import tekton-config [flags]       make an EventSink and EventSubscription of Tekton's own settings
  carillon explain [flags]                    tell without a cluster what a subscription makes of an object
  carillon version                            print the version
  carillon help                               print this text

deadletters, replay, purge and sinks speak to the operator that runs on the same data directory; in a cluster:
  kubectl exec -n carillon-system carillon-0 -- carillon deadletters list

Run 'carillon run --help' and so on for the flags.
`

/** The text of `carillon run --help`. */
export function runHelp(): string {
  const rows = runFlags.map((flag: Flag) => {
    const name = `  --${flag.name} ${flag.value}`
    const left = name.length < 30 ? name.padEnd(30) : `${name}\n${' '.repeat(30)}`
    const notes = [flag.help, flag.default && `default: ${flag.default}`, flag.list && 'repeatable'].filter(Boolean)
    return wrap(left, notes.join('; '))
  })
  return `Run the operator: watch what subscriptions ask for, deliver events to sinks, report in their status.

Usage:
  carillon run [flags]

Flags:
${rows.join('\n')}
  --help                      print this text

Each flag can also be given in the environment: --data-dir is CARILLON_DATA_DIR, lists with commas.
Settings are taken from the flag, else the environment, else ConfigMap carillon-config, else the default.

Example:
  carillon run --data-dir ./data --allow-cidr 127.0.0.0/8 --listen 127.0.0.1:8080
`
}

const width = 110

/** `text` behind `left`, its further lines under its first. */
export function wrap(left: string, text: string): string {
  const lines = left.split('\n')
  let line = lines.pop() ?? ''
  const indent = line.length
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > width) {
      lines.push(line)
      line = ' '.repeat(indent - 1)
    }
    line += line.endsWith(' ') && line.length === indent ? word : ` ${word}`
  }
  return [...lines, line].join('\n')
}
