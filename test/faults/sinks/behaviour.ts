/** What a sink does with a request that has come in whole, unless said otherwise. */
export type Mode =
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: string; delayMs?: number }
  /** Takes the request and never answers. */
  | { kind: 'hang' }
  /** Resets the connection when the headers have come, before the body has. */
  | { kind: 'reset-before' }
  /** Resets the connection when all has come, without an answer. */
  | { kind: 'reset-after' }
  /** One byte of the answer's head each `everyMs`. */
  | { kind: 'slow-headers'; everyMs: number }
  /** Answers, with a body that never ends. */
  | { kind: 'endless-body'; status: number }
  /** Bytes that are no HTTP. */
  | { kind: 'trash' }

/** The first rule that fits decides. */
export type Rule = {
  /** Part of the event's subject. */
  subject?: string
  milestone?: string
  /** Only the first so many requests with an id. */
  attempts?: number
  /** Only this share of the requests, by chance. */
  share?: number
  mode: Mode
}

export type Behaviour = {
  rules?: Rule[]
  otherwise: Mode
  /** Requests with any other header Authorization get 401. */
  authorization?: string
}

export const taking: Behaviour = { otherwise: { kind: 'status', status: 204 } }

export const always = (mode: Mode): Behaviour => ({ otherwise: mode })

export const answering = (
  status: number,
  more: Omit<Extract<Mode, { kind: 'status' }>, 'kind' | 'status'> = {},
): Behaviour => always({ kind: 'status', status, ...more })

export type SinkOrder =
  | { kind: 'begin'; file: string; seed: number }
  | { kind: 'open'; key: string; behaviour: Behaviour; port?: number; tls?: { cert: string; key: string } }
  | { kind: 'behave'; key: string; behaviour: Behaviour }
  /** From now on connections are refused; those that are open are reset. */
  | { kind: 'close'; key: string }
  | { kind: 'count' }

/** A port, or how many requests wait for an answer. */
export type SinkReport = { value: number }
