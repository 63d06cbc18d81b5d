/** What came of one attempt. Classes are words for a status; the sink's own bytes never get in here. */
export type Answer =
  | { kind: 'response'; status: number; retryAfter?: string | undefined; durationMs: number }
  | { kind: 'failure'; class: FailureClass; message: string; durationMs: number }

/** Why no answer came. */
export type FailureClass =
  | 'Timeout'
  | 'ConnectionRefused'
  | 'ConnectionReset'
  | 'HostNotFound'
  | 'DNSFailed'
  | 'AddressRefused'
  | 'TLSFailed'
  | 'NetworkFailed'
  | 'InvalidURL'
  | 'CredentialsMissing'
  | 'Aborted'

/** What is done about it (design.md §6). `at` in ms since the epoch. */
export type Outcome =
  | { kind: 'delivered' }
  | { kind: 'retry'; at: number; reason: string; message: string }
  | { kind: 'hold'; at: number; reason: string; message: string }
  | { kind: 'gone'; reason: string; message: string }
  | { kind: 'shrink'; reason: string; message: string }
  | { kind: 'dead'; reason: string; message: string }
