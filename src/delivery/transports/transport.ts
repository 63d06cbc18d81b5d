import type { EncodedEvent } from '../../formats/format.ts'
import type { Access } from '../access.ts'
import type { Answer } from '../attempt.ts'
import type { Asked, Validation } from '../validation.ts'

/** `headers`: what the sink's spec and the row add to the event's own. */
export type SendOptions = Access & {
  /** Calls the attempt off: its answer is then the failure `Aborted`. */
  signal: AbortSignal
  /** Of an attempt that somebody looks at: called once there is a connection. The answer then has its text, whatever its status. */
  connected?: (() => void) | undefined
}

/** The way to one sink. Each call makes one attempt and always resolves; whatever goes wrong is an answer too. */
export type Transport = AsyncDisposable & {
  send(event: EncodedEvent, options: SendOptions): Promise<Answer>
  /** Several events as one request, all of which its answer speaks of. */
  sendBatch(events: readonly EncodedEvent[], options: SendOptions): Promise<Answer>
  /** Asks whether events are wanted: with the same credentials and certificates, but neither with an event nor signed. */
  ask(validation: Validation, options: SendOptions): Promise<Asked>
}
