import { type CommandFlag, type CommandText, textOf } from './command-text.ts'

/** A command that speaks to the running operator over the socket in its data directory. */
export type SocketCommandName =
  | 'deadletters list'
  | 'deadletters show'
  | 'deadletters retry'
  | 'replay'
  | 'purge'
  | 'sinks test'

const dataDir: CommandFlag = {
  name: 'data-dir',
  value: 'DIR',
  default: '/var/lib/carillon',
  help: "the running operator's data directory, which its socket is in; also CARILLON_DATA_DIR",
}
const when = 'a duration such as 2h or 30m, or a time such as 2026-01-31T12:00:00Z'
const sink: CommandFlag = { name: 'sink', value: 'NS/NAME', help: 'only those for this EventSink' }
const subscription: CommandFlag = {
  name: 'subscription',
  value: 'NS/NAME',
  help: 'only those of this EventSubscription',
}
const since: CommandFlag = { name: 'since', value: 'WHEN', help: `only those given up since then: ${when}` }
const output = (forms: string): CommandFlag => ({ name: 'output', short: 'o', value: 'FORM', help: forms })

export const commands: Readonly<Record<SocketCommandName, CommandText>> = {
  'deadletters list': {
    usage: '[flags]',
    about: 'List dead letters, deliveries that were given up: the oldest first.',
    flags: [
      sink,
      subscription,
      since,
      { name: 'limit', value: 'N', default: '500', help: 'at most so many' },
      output('wide (with id and message), json or yaml; default: a table'),
      dataDir,
    ],
    examples: ['deadletters list --sink team-a/qe --since 2h', 'deadletters list -o json'],
  },
  'deadletters show': {
    usage: 'SEQ|ID... [flags]',
    about: `Show dead letters by SEQ, or by the event's id: why it was given up, what the sink answered (at most 256
characters), and the event as it was to be sent, in structured mode. An id may have gone to several sinks; all of them
are shown.`,
    flags: [output('json or yaml; default: a text for people'), dataDir],
    examples: ['deadletters show 4711', 'deadletters show 6a9ec839-5794-5595-9322-26ca92a44d5d -o json'],
  },
  'deadletters retry': {
    usage: 'SEQ... | --sink NS/NAME | --subscription NS/NAME | --all',
    about: `Send dead letters again: the same events under the same ids, behind what waits, with no attempts made.
They stay dead letters where their subscription is gone, or where they are still larger than the sink takes.`,
    flags: [sink, subscription, since, { name: 'all', help: 'all of them, of all sinks and subscriptions' }, dataDir],
    examples: ['deadletters retry 4711 4712', 'deadletters retry --sink team-a/qe --since 24h'],
  },
  replay: {
    usage: '--subscription NS/NAME --since WHEN [flags]',
    about: `Send again, under the same ids, what can still be had of a subscription's past: its dead letters since then, and every
matching milestone since then of the objects that are still there. It goes behind what waits, in order for each object.
What was observed only (see docs/events) and what is deleted can't be had.`,
    flags: [
      { ...subscription, help: 'the EventSubscription' },
      { name: 'since', value: 'WHEN', help: `from when on: ${when}` },
      { name: 'until', value: 'WHEN', help: 'up to when; default: now' },
      { ...sink, help: 'only to this one of its sinks' },
      { name: 'dry-run', help: 'only count what would be sent' },
      dataDir,
    ],
    examples: [
      'replay --subscription team-a/builds --since 2h --dry-run',
      'replay --subscription team-a/builds --since 2026-01-31T12:00:00Z --sink team-a/qe',
    ],
  },
  purge: {
    usage: '--sink NS/NAME | --subscription NS/NAME [flags]',
    about: `Drop the deliveries that wait for a sink, of a subscription, or, with both, from the one to the other. They are not
delivered and not kept; the status counts them as dropped. Without --yes it only says how many there are.`,
    flags: [
      { ...sink, help: 'the EventSink' },
      { ...subscription, help: 'the EventSubscription' },
      { name: 'dead-letters', help: 'its dead letters as well' },
      { name: 'yes', help: 'do it' },
      dataDir,
    ],
    examples: ['purge --sink team-a/qe', 'purge --subscription team-a/builds --dead-letters --yes'],
  },
  'sinks test': {
    usage: 'NS/NAME [flags]',
    about: `Send one event of type dev.carillon.test.v1 to an EventSink, as events are sent to it: with its headers, credentials,
signature and certificates, after asking where it is to be asked first. Nothing that waits is touched and nothing is
counted. Tells each step on the way, and what came back; ends with 1 where the event was not taken.`,
    flags: [output('json; default: a text for people'), dataDir],
    examples: ['sinks test team-a/qe', 'sinks test team-a/qe -o json'],
  },
}

export const isSocketCommand = (name: string): name is SocketCommandName => Object.hasOwn(commands, name)

/** How it is called where the operator runs in a cluster, as the chart installs it. */
const inCluster = 'kubectl exec -n carillon-system carillon-0 --'

/** The text of `carillon <name> --help`. */
export const commandHelp = (name: SocketCommandName): string =>
  `${textOf(name, commands[name])}  ${inCluster} carillon ${commands[name].examples[0]}\n`

/** The text of `carillon deadletters --help`. */
export const deadLettersHelp = `Dead letters are deliveries that were given up: refused by the sink, or not taken for as long as its retry.maxAge.
The operator keeps them for as long, and as many, as the EventSink's deadLetters say.

Usage:
  carillon deadletters list [flags]
  carillon deadletters show SEQ|ID... [flags]
  carillon deadletters retry SEQ... | --sink NS/NAME | --subscription NS/NAME | --all

Run 'carillon deadletters list --help' and so on for the flags.

Examples:
  carillon deadletters list
  ${inCluster} carillon deadletters list
`
