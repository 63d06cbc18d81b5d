import { isPlain } from '../formats/binding.ts'
import type { Row } from '../outbox/outbox.ts'
import { type AgreeContext, afterAgreement } from './agree.ts'
import type { Answer } from './attempt.ts'
import { isAbroad } from './not-found.ts'
import type { RowAccess } from './row-access.ts'
import type { SinkRuntime } from './sink.ts'
import { withoutCredentials } from './sink-access.ts'
import type { Transport } from './transports/transport.ts'

export type SendContext = AgreeContext & {
  transport: Transport
  /** Calls the request off. */
  signal: AbortSignal
}

/** Makes one request of rows of one subscription; of several only where the sink takes several. The sink itself is asked with its own credentials. */
export async function sendRows(
  rows: readonly Row[],
  sink: SinkRuntime,
  { access, common, isOwn }: RowAccess,
  context: SendContext,
): Promise<Answer> {
  const [first] = rows as [Row]
  if (!access.ok) return withoutCredentials(access.message, isOwn ? access.reason : undefined)
  // Where the sink took bodies when it was written down, and the subscription has been changed since.
  if (!first.parked && isPlain(first.event) && !sink.allowBody && isAbroad(sink.key, first.subscription)) return noBody
  const { signal, transport } = context
  const options = { ...access.value, signal }
  return afterAgreement(sink, context, { ...common, signal }, () =>
    sink.batch && !isPlain(first.event)
      ? transport.sendBatch(
          rows.map(({ event }) => event),
          options,
        )
      : transport.send(first.event, options),
  )
}

const noBody: Answer = {
  kind: 'failure',
  class: 'BodyNotAllowed',
  message: 'The sink takes no body that subscriptions of other namespaces make (allowBody).',
  durationMs: 0,
}
