import type { Condition } from '../api/generated.ts'
import { kubeTime } from '../api/time.ts'
import { failingAfter, isFailing } from './book.ts'
import type { SinkHealth } from './record.ts'

/** What a condition says. */
export type Told = Pick<Condition, 'status' | 'reason' | 'message'>

/** Whether events get through: what the last attempts say, of the worst of the sinks. In its own status a sink has no name. */
export function delivering(sinks: readonly { name?: string; health: SinkHealth }[]): Told {
  const failing = sinks.filter((sink) => isFailing(sink.health))
  const [worst] = failing
  if (worst) {
    const { failures, failing: of } = worst.health
    const message = (of?.message ?? '').replace(/\.$/, '')
    const who = worst.name === undefined ? '' : `${worst.name}: `
    const since = of === undefined ? '' : `; failing since ${kubeTime(of.since)}`
    const others = failing.length > 1 ? `; ${failing.length - 1} more of its sinks fail` : ''
    const attempts = failures > 0 ? ` (${failures === 1 ? '1 attempt' : `${failures} attempts`})` : ''
    return {
      status: 'False',
      reason: of?.reason ?? 'Failing',
      message: `${who}${message}${since}${attempts}${others}; events wait`,
    }
  }
  if (sinks.some((sink) => sink.health.lastDelivered))
    return { status: 'True', reason: 'Delivered', message: 'the last attempts were taken' }
  if (sinks.some((sink) => sink.health.lastFailure))
    return { status: 'Unknown', reason: 'NothingTaken', message: 'no event was taken yet; lastFailure says why' }
  return { status: 'Unknown', reason: 'NothingSent', message: 'no event was sent yet' }
}

const told = /^(?<message>.*?)(; failing since (?<since>\S+))?( \((?<attempts>\d+) attempts?\))?; events wait$/s

/** What `delivering` said in a sink's own status, read back: a sink that failed fails still, since then and for that reason. */
export function readDelivering(
  conditions: readonly Condition[] = [],
): Pick<SinkHealth, 'failures' | 'failing'> | undefined {
  const said = conditions.find(({ type, status }) => type === 'Delivering' && status === 'False')
  if (!said) return undefined
  const { message = said.message, since = '', attempts } = told.exec(said.message)?.groups ?? {}
  const failures = attempts === undefined ? failingAfter : Number(attempts)
  const time = Date.parse(since) || Date.parse(said.lastTransitionTime)
  return { failures, failing: { since: time, reason: said.reason, message, rests: failures < failingAfter } }
}
