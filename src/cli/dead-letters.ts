import { stringify } from 'yaml'
import { kubeTime } from '../api/time.ts'
import { accept, type Verdict } from '../api/verdict.ts'
import type { DeadLetterPage, DeadLetterView, DeadLetterViews } from '../operator/control/api.ts'
import type { DeadLetter } from '../outbox/outbox.ts'
import type { SocketCommand } from './arguments.ts'
import { age, msOf } from './moments.ts'
import { ask } from './socket.ts'
import type { Surroundings } from './surroundings.ts'
import { printable, table } from './table.ts'

type Command<N> = Extract<SocketCommand, { name: N }>

/** The operator gives so many at a time. */
const pageSize = 1000

/** `carillon deadletters list` */
export async function listDeadLetters(
  command: Command<'deadletters list'>,
  { version, now, out }: Surroundings,
): Promise<Verdict> {
  const { dataDir, limit, output, sink, subscription, since } = command
  const items: DeadLetter[] = []
  let more = true
  for (let after: number | undefined; more && items.length < limit; after = items.at(-1)?.seq) {
    const query = new URLSearchParams({ limit: String(Math.min(pageSize, limit - items.length)) })
    const narrow = { sink, subscription, since: since && msOf(since, now), after }
    for (const [name, value] of Object.entries(narrow)) if (value !== undefined) query.set(name, String(value))
    const page = await ask<DeadLetterPage>({ dataDir, version }, 'GET', `/v1/deadletters?${query}`)
    if (!page.ok) return page
    items.push(...page.value.items)
    more = page.value.more
  }
  if (output === 'json' || output === 'yaml') out.print(encode({ items: items.map(readable) }, output))
  else if (items.length > 0) out.print(tableOf(items, output === 'wide', now))
  if (items.length === 0) out.note('no dead letters found')
  if (more) out.note(`there are more than these ${limit}: narrow them down, or give another --limit`)
  return accept(undefined)
}

const headers = ['SEQ', 'SINK', 'SUBSCRIPTION', 'REASON', 'ATTEMPTS', 'AGE', 'TYPE', 'SUBJECT']

function tableOf(items: readonly DeadLetter[], wide: boolean, now: number): string {
  const rows = items.map(({ seq, sink, subscription, reason, attempts, time, type, subject, id, message }) => [
    ...[String(seq), sink, subscription, reason, String(attempts), age(now - time), type, subject],
    ...(wide ? [id, message] : []),
  ])
  return table(wide ? [...headers, 'ID', 'MESSAGE'] : headers, rows)
}

/** Times as Kubernetes writes them. */
const readable = <T extends DeadLetter>(letter: T) => ({ ...letter, time: kubeTime(letter.time) })

const encode = (value: object, output: 'json' | 'yaml'): string =>
  output === 'json' ? `${JSON.stringify(value, undefined, 2)}\n` : stringify(value)

/** `carillon deadletters show` */
export async function showDeadLetters(
  { dataDir, which, output }: Command<'deadletters show'>,
  { version, now, out }: Surroundings,
): Promise<Verdict> {
  const items: DeadLetterView[] = []
  for (const one of which) {
    const found = await ask<DeadLetterViews>({ dataDir, version }, 'GET', `/v1/deadletters/${encodeURIComponent(one)}`)
    if (!found.ok) return found
    items.push(...found.value.items)
  }
  if (output === 'text') out.print(items.map((item) => describe(item, now)).join('\n'))
  else {
    const [only] = items
    out.print(encode(items.length === 1 && only ? readable(only) : { items: items.map(readable) }, output))
  }
  return accept(undefined)
}

function describe(letter: DeadLetterView, now: number): string {
  const { seq, sink, subscription, reason, message, attempts, time, answer, event } = letter
  const rows: [string, string][] = [
    ['Seq', String(seq)],
    ['Sink', sink],
    ['Subscription', subscription],
    ['Reason', reason],
    ['Message', message],
    ['Attempts', String(attempts)],
    ['Given up', `${kubeTime(time)} (${age(now - time)} ago)`],
    ['Answer', answer ?? '<none>'],
  ]
  const lines = rows.map(([name, value]) => `${`${name}:`.padEnd(15)}${printable(value)}`)
  const body = JSON.stringify(event, undefined, 2)
    .split('\n')
    .map((line) => `  ${printable(line)}`)
  return `${[...lines, 'Event:', ...body].join('\n')}\n`
}
