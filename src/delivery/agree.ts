import type { Answer } from './attempt.ts'
import type { Moment } from './clock.ts'
import type { SinkRuntime } from './sink.ts'
import type { SinkStanding } from './sink-standing.ts'
import type { SendOptions, Transport } from './transports/transport.ts'
import { readAgreement, type Validation } from './validation.ts'

export type AgreeContext = {
  standing: Pick<SinkStanding, 'current' | 'agreed'>
  transport: Pick<Transport, 'ask'>
  moment(): Moment
}

const calledOff: Answer = {
  kind: 'failure',
  class: 'Aborted',
  message: 'The sink has another spec by now.',
  durationMs: 0,
}

/**
 * Makes an attempt, and asks the sink first where it is to be asked and has not agreed yet. What it answers instead of agreeing is the attempt's
 * answer. The gate lets one attempt through until then, so it is asked once at a time.
 */
export function afterAgreement(
  sink: SinkRuntime,
  context: AgreeContext,
  options: SendOptions,
  send: () => Promise<Answer>,
): Promise<Answer> {
  return sink.validation ? askFirst(sink.validation, sink.epoch, context, options, send) : send()
}

async function askFirst(
  validation: Validation,
  epoch: string,
  { standing, transport, moment }: AgreeContext,
  options: SendOptions,
  send: () => Promise<Answer>,
): Promise<Answer> {
  if (standing.current.epoch !== epoch) return calledOff
  if (standing.current.gate.agreement) return send()
  const asked = readAgreement(await transport.ask(validation, options), validation)
  if (asked.kind === 'refused') return asked.answer
  if (standing.current.epoch !== epoch) return calledOff
  standing.agreed(asked.agreement, moment())
  return send()
}
