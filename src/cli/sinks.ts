import { accept, refuse, type Verdict } from '../api/verdict.ts'
import type { SinkTestAnswer } from '../operator/control/api.ts'
import type { SocketCommand } from './arguments.ts'
import { ask } from './socket.ts'
import type { Surroundings } from './surroundings.ts'
import { printable, table } from './table.ts'

/** A token, a question and an event, each within the longest of their times. */
const patienceMs = 11 * 60_000

/** `carillon sinks test`: refused, as SinkTestFailed, where the event was not taken. */
export async function testSink(
  { dataDir, sink, output }: Extract<SocketCommand, { name: 'sinks test' }>,
  { version, out }: Surroundings,
): Promise<Verdict> {
  const answer = await ask<SinkTestAnswer>({ dataDir, version }, 'POST', '/v1/sinks/test', { sink }, patienceMs)
  if (!answer.ok) return answer
  const tested = answer.value
  out.print(output === 'json' ? `${JSON.stringify(tested, undefined, 2)}\n` : describe(tested))
  if (tested.suspended) out.note(`EventSink ${sink} is suspended: events wait, whatever came of this test`)
  const failed = tested.steps.find(({ result }) => result === 'failed')
  if (!failed) return accept(undefined)
  const { step, reason = '', message = '', advice } = failed
  const said = /[.!?]$/.test(message) ? message : `${message}.`
  return refuse(
    'SinkTestFailed',
    printable(`${sink}: ${step} failed (${reason}): ${said}${advice ? ` To do: ${advice}` : ''}`),
  )
}

function describe({ steps, event, status, durationMs, text }: SinkTestAnswer): string {
  const marks = { ok: 'ok', failed: 'FAILED', skipped: '-' }
  const rows = steps.map(({ step, result, reason, message = '' }) => [
    step,
    marks[result],
    reason === undefined ? message : `${reason}: ${message}`,
  ])
  const facts: [string, string][] = [
    ['Event', `${event.id} (${event.type})`],
    ...(status === undefined ? [] : [['Status', String(status)] as [string, string]]),
    ...(durationMs === undefined ? [] : [['Duration', `${Math.round(durationMs)} ms`] as [string, string]]),
    ...(text === undefined ? [] : [['Answer', text] as [string, string]]),
  ]
  const lines = facts.map(([name, value]) => `${`${name}:`.padEnd(11)}${printable(value)}\n`)
  return `${table(['STEP', 'RESULT', 'DETAIL'], rows)}\n${lines.join('')}`
}
