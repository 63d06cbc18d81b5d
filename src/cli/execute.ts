import { accept, refuse, type Verdict } from '../api/verdict.ts'
import type { PurgeAnswer, ReplayAnswer, ReplayProgress, RetryAnswer } from '../operator/control/api.ts'
import type { SocketCommand } from './arguments.ts'
import { listDeadLetters, showDeadLetters } from './dead-letters.ts'
import { msOf } from './moments.ts'
import { testSink } from './sinks.ts'
import { ask, follow } from './socket.ts'
import type { Out, Surroundings } from './surroundings.ts'

type Command<N> = Extract<SocketCommand, { name: N }>

/** Does what the command says by way of the operator. Refused is what has to end with a message and an exit code. */
export function execute(command: SocketCommand, around: Surroundings): Promise<Verdict> {
  switch (command.name) {
    case 'deadletters list':
      return listDeadLetters(command, around)
    case 'deadletters show':
      return showDeadLetters(command, around)
    case 'deadletters retry':
      return retry(command, around)
    case 'replay':
      return replay(command, around)
    case 'purge':
      return purge(command, around)
    case 'sinks test':
      return testSink(command, around)
    default:
      return command satisfies never
  }
}

/** `1 dead letter`, `2 dead letters`; `deliveries` for `delivery`. */
export function count(n: number, noun: string): string {
  if (n === 1) return `1 ${noun}`
  return noun.endsWith('y') ? `${n} ${noun.slice(0, -1)}ies` : `${n} ${noun}s`
}

async function retry(command: Command<'deadletters retry'>, { version, now, out }: Surroundings): Promise<Verdict> {
  const { name: _, dataDir, since, ...rest } = command
  const body = { ...rest, ...(since && { since: msOf(since, now) }) }
  const answer = await ask<RetryAnswer>({ dataDir, version }, 'POST', '/v1/deadletters/retry', body)
  if (!answer.ok) return answer
  const { revived, orphaned, tooLarge, missing } = answer.value
  out.print(`${count(revived, 'dead letter')} sent again\n`)
  if (orphaned > 0) out.note(`${count(orphaned, 'dead letter')} left: the subscription is gone`)
  if (tooLarge > 0)
    out.note(`${count(tooLarge, 'dead letter')} left: still larger than the sink's limits.maxEventBytes`)
  return missing.length === 0
    ? accept(undefined)
    : refuse('DeadLetterNotFound', `there is no dead letter ${missing.join(', ')}`)
}

async function replay(command: Command<'replay'>, { version, now, out }: Surroundings): Promise<Verdict> {
  const { dataDir, subscription, sink, dryRun } = command
  const since = msOf(command.since, now)
  const until = command.until && msOf(command.until, now)
  if (since > now) return refuse('FlagInvalid', '--since is in the future')
  if (until !== undefined && until < since) return refuse('FlagInvalid', '--until is before --since')
  const body = { subscription, since, dryRun, ...(sink && { sink }), ...(until !== undefined && { until }) }
  const last = await follow({ dataDir, version }, '/v1/replay', body, (line) => {
    if ('progress' in line) out.note(progressOf(line.progress))
  })
  if (!last.ok) return last
  if ('problem' in last.value) return refuse(last.value.problem.reason, last.value.problem.message)
  if ('answer' in last.value) tellReplay(last.value.answer, command, out)
  return accept(undefined)
}

const progressOf = ({ kind, objects, events }: ReplayProgress): string =>
  objects === 0
    ? `reading ${kind}s`
    : `reading ${kind}s; ${count(events, 'event')} of ${count(objects, 'object')} so far`

function tellReplay(answer: ReplayAnswer, { subscription, dryRun }: Command<'replay'>, out: Out): void {
  const { deadLetters, objects, events, tooLarge, owed, deadLettersTooLarge, absentKinds } = answer
  const would = dryRun ? 'would be ' : ''
  out.print(
    `${subscription}: ${count(events, 'event')} of ${count(objects, 'object')} and ${count(deadLetters, 'dead letter')} ${would}sent again\n`,
  )
  const large = tooLarge + deadLettersTooLarge
  if (large > 0) out.note(`${count(large, 'event')} left: larger than the sink's limits.maxEventBytes`)
  if (owed > 0) out.note(`${count(owed, 'milestone')} more to follow: the queue is full, they go once there is room`)
  if (absentKinds.length > 0) out.note(`not looked at, as the cluster doesn't serve it: ${absentKinds.join(', ')}`)
}

async function purge(command: Command<'purge'>, { version, out }: Surroundings): Promise<Verdict> {
  const { dataDir, sink, subscription, deadLetters, yes } = command
  const body = { deadLetters, dryRun: !yes, ...(sink && { sink }), ...(subscription && { subscription }) }
  const answer = await ask<PurgeAnswer>({ dataDir, version }, 'POST', '/v1/purge', body)
  if (!answer.ok) return answer
  const letters = deadLetters ? ` and ${count(answer.value.deadLetters, 'dead letter')}` : ''
  const what = `${count(answer.value.rows, 'delivery')} that waits${letters}`.replace(/ies that waits/, 'ies that wait')
  if (answer.value.rows + answer.value.deadLetters === 0) out.note('there is nothing to drop')
  else if (!yes) return refuse('NotConfirmed', `${what} would be dropped for good: say so with --yes`)
  else out.print(`dropped ${what}\n`)
  return accept(undefined)
}
