import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { isKey } from '../operator/control/requests.ts'
import { commands, type SocketCommandName } from './commands.ts'
import { type Moment, parseMoment } from './moments.ts'
import { parseFlags } from './parse-flags.ts'

export type Output = 'table' | 'wide' | 'json' | 'yaml'

/** Which dead letters. */
type Chosen = { sink?: string; subscription?: string; since?: Moment }

type Orders =
  | (Chosen & { name: 'deadletters list'; limit: number; output: Output })
  | { name: 'deadletters show'; which: string[]; output: 'text' | 'json' | 'yaml' }
  | (Chosen & { name: 'deadletters retry'; seqs?: number[]; all?: true })
  | { name: 'replay'; subscription: string; sink?: string; since: Moment; until?: Moment; dryRun: boolean }
  | { name: 'purge'; sink?: string; subscription?: string; deadLetters: boolean; yes: boolean }
  | { name: 'sinks test'; sink: string; output: 'text' | 'json' }

/** What a command is to do, and where the operator's socket is. */
export type SocketCommand = Orders & { dataDir: string }

const invalid = (message: string) => refuse('FlagInvalid', message)

type Values = Readonly<Record<string, string | boolean | undefined>>

/** Reads the arguments after a command's name. `dataDir` is what the environment says, or ''. */
export function readSocketCommand(
  name: SocketCommandName,
  args: string[],
  dataDir: string,
): Verdict<SocketCommand | 'help'> {
  const parsed = parse(name, args)
  if (!parsed.ok) return parsed
  if (parsed.value === 'help') return accept('help')
  const { values, positionals } = parsed.value
  const given = text(values['data-dir'])
  if (given === '') return invalid('--data-dir must name a directory')
  for (const flag of ['sink', 'subscription']) {
    const value = text(values[flag])
    if (value !== undefined && !isKey(value))
      return invalid(`--${flag} '${value.slice(0, 80)}' must be namespace/name, such as team-a/qe`)
  }
  const orders = readers[name](values, positionals)
  const standard = commands[name].flags.find((flag) => flag.name === 'data-dir')?.default ?? ''
  return orders.ok ? accept({ ...orders.value, dataDir: given ?? (dataDir || standard) }) : orders
}

const text = (value: string | boolean | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined

/** Commands with words beside their flags. */
const takesWords: ReadonlySet<SocketCommandName> = new Set(['deadletters show', 'deadletters retry', 'sinks test'])

function parse(name: SocketCommandName, args: string[]): Verdict<{ values: Values; positionals: string[] } | 'help'> {
  const parsed = parseFlags(name, commands[name].flags, args, takesWords.has(name))
  if (!parsed.ok || parsed.value === 'help') return parsed as Verdict<'help'>
  const single = Object.entries(parsed.value.values).map(([key, [value]]) => [key, value])
  return accept({ values: Object.fromEntries(single) as Values, positionals: parsed.value.positionals })
}

const readers: Readonly<Record<SocketCommandName, (values: Values, positionals: string[]) => Verdict<Orders>>> = {
  'deadletters list'(values) {
    const chosen = readChosen(values)
    if (!chosen.ok) return chosen
    const limit = readNumber(text(values.limit) ?? '500')
    if (limit === undefined || limit === 0) return invalid(`--limit '${values.limit}' must be a number from 1 on`)
    const output = readOutput(values, ['table', 'wide', 'json', 'yaml'] as const)
    return output.ok ? accept({ name: 'deadletters list', ...chosen.value, limit, output: output.value }) : output
  },
  'deadletters show'(values, which) {
    if (which.length === 0) return invalid("name dead letters by SEQ or id; 'carillon deadletters list' tells them")
    const output = readOutput(values, ['text', 'json', 'yaml'] as const)
    return output.ok ? accept({ name: 'deadletters show', which, output: output.value }) : output
  },
  'deadletters retry'(values, positionals) {
    const chosen = readChosen(values)
    if (!chosen.ok) return chosen
    const seqs = positionals.map(readNumber)
    const wrong = positionals.find((_, index) => seqs[index] === undefined)
    if (wrong !== undefined) return invalid(`'${wrong.slice(0, 80)}' is no SEQ; 'carillon deadletters list' tells them`)
    const ways = [seqs.length > 0, Object.keys(chosen.value).length > 0, values.all === true].filter(Boolean).length
    if (ways !== 1)
      return invalid('say which: by SEQ, by --sink, --subscription and --since, or --all; one of the three')
    return accept({
      name: 'deadletters retry',
      ...chosen.value,
      ...(seqs.length > 0 && { seqs: seqs as number[] }),
      ...(values.all === true && { all: true as const }),
    })
  },
  replay(values) {
    const { sink, subscription } = keysOf(values)
    if (subscription === undefined || values.since === undefined)
      return invalid('--subscription and --since are needed, such as --subscription team-a/builds --since 2h')
    const since = readMoment(values, 'since')
    if (!since.ok) return since
    const until = values.until === undefined ? undefined : readMoment(values, 'until')
    if (until && !until.ok) return until
    return accept({
      name: 'replay',
      subscription,
      ...(sink && { sink }),
      since: since.value,
      ...(until && { until: until.value }),
      dryRun: values['dry-run'] === true,
    })
  },
  purge(values) {
    const keys = keysOf(values)
    if (!keys.sink && !keys.subscription) return invalid('--sink, --subscription or both are needed')
    return accept({ name: 'purge', ...keys, deadLetters: values['dead-letters'] === true, yes: values.yes === true })
  },
  'sinks test'(values, [sink, ...more]) {
    if (sink === undefined || more.length > 0 || !isKey(sink))
      return invalid('name one EventSink as namespace/name, such as team-a/qe')
    const output = readOutput(values, ['text', 'json'] as const)
    return output.ok ? accept({ name: 'sinks test', sink, output: output.value }) : output
  },
}

const readNumber = (given: string): number | undefined => (/^[0-9]{1,15}$/.test(given) ? Number(given) : undefined)

function readOutput<T extends string>(values: Values, forms: readonly T[]): Verdict<T> {
  const [standard] = forms
  const form = forms.find((one) => one === (text(values.output) ?? standard))
  return form ? accept(form) : invalid(`--output must be one of ${forms.join(', ')}, not '${values.output}'`)
}

function readMoment(values: Values, flag: string): Verdict<Moment> {
  const moment = parseMoment(text(values[flag]) ?? '')
  return moment.ok ? moment : invalid(`--${flag}: ${moment.message}`)
}

function keysOf(values: Values): { sink?: string; subscription?: string } {
  const sink = text(values.sink)
  const subscription = text(values.subscription)
  return { ...(sink !== undefined && { sink }), ...(subscription !== undefined && { subscription }) }
}

function readChosen(values: Values): Verdict<Chosen> {
  if (values.since === undefined) return accept(keysOf(values))
  const since = readMoment(values, 'since')
  return since.ok ? accept({ ...keysOf(values), since: since.value }) : since
}
