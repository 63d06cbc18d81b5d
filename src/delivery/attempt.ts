/** What came of one attempt. Classes are words for a status; of the sink's own bytes only `text` is made. */
export type Answer =
  | {
      kind: 'response'
      status: number
      /** As many as came. */
      retryAfter?: string | readonly string[] | undefined
      /** What the sink wrote, where it did not take the event and wrote text: for dead letters, and for nothing else. */
      text?: string | undefined
      /** It is the answer to a validation request, before any event. */
      asked?: boolean | undefined
      durationMs: number
    }
  | {
      kind: 'failure'
      class: FailureClass
      /** Told in the place of the class. */
      reason?: string | undefined
      message: string
      /** Of a sink that has not agreed yet. */
      retryAfter?: string | readonly string[] | undefined
      durationMs: number
    }

/** Why no answer came. */
export type FailureClass =
  | 'Timeout'
  | 'ConnectionRefused'
  | 'ConnectionReset'
  | 'HostNotFound'
  | 'DNSFailed'
  | 'AddressRefused'
  | 'PortRefused'
  | 'TLSFailed'
  | 'NetworkFailed'
  /** The administrator's proxy, and not the sink. */
  | 'ProxyFailed'
  /** What came back was no HTTP. */
  | 'InvalidAnswer'
  | 'InvalidURL'
  /** A header that the sink's spec or Secret asks for cannot be sent. */
  | 'InvalidHeader'
  /** The event itself cannot be sent, to any sink. */
  | 'InvalidEvent'
  | 'CredentialsMissing'
  /** A body that a subscription of another namespace made, and the sink takes none. */
  | 'BodyNotAllowed'
  /** Of a Service that a sink names: src/delivery/services.ts. */
  | 'ServiceNotFound'
  | 'ServiceNotAllowed'
  | 'ServiceNotReady'
  | 'ServiceUnreadable'
  /** A sink that is to be asked first has not agreed to be sent events (src/delivery/validation.ts). */
  | 'ValidationRefused'
  /** It can't say for now. */
  | 'ValidationPending'
  /** The attempt was called off by us; it does not count. */
  | 'Aborted'

/** What is done about it (docs/receivers.md). `at` in ms since the epoch. */
export type Outcome =
  | { kind: 'delivered' }
  /** `restUntil`: the sink asked, by Retry-After, to be left alone until then. */
  | { kind: 'retry'; at: number; reason: string; message: string; restUntil?: number | undefined }
  | { kind: 'hold'; at: number; reason: string; message: string }
  | { kind: 'gone'; at: number; reason: string; message: string }
  | { kind: 'shrink'; reason: string; message: string }
  /** `expired`: not the event's fault; the sink failed it for longer than `retry.maxAge`. */
  | { kind: 'dead'; reason: string; message: string; expired: boolean }

/** An attempt as it ended, for the status and the metrics. Times are ms since the epoch. */
export type AttemptRecord = {
  time: number
  sink: string
  subscription: string
  subscriptionUid: string
  id: string
  type: string
  subject: string
  /** Attempts made, this one included. */
  attempts: number
  durationMs: number
  httpStatus: number | undefined
  /** `split`: the event was in a request of several that was refused, and is sent again at once in a smaller one. */
  outcome: Outcome['kind'] | 'split'
  /** CamelCase; empty when delivered. */
  reason: string
  /** At most 256 characters; empty when delivered. */
  message: string
  /** When the row will be tried again; undefined once it is settled. */
  nextAttempt: number | undefined
  /** The sink as a whole rests (held, gone, or failing too often in a row). */
  rests: boolean
  /** What failed are the subscription's own credentials: that says nothing of the sink. */
  isOwn?: true | undefined
}
