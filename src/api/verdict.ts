/** An expected outcome as a value: right, or wrong with a CamelCase reason and a message that ends up in a condition. */
export type Verdict<T = void> = { ok: true; value: T } | Refusal

/** Why something was refused. `message` says what to do, and never holds a secret. */
export type Refusal = { ok: false; reason: string; message: string }

export const accept = <T>(value: T): Verdict<T> => ({ ok: true, value })

export const refuse = (reason: string, message: string): Refusal => ({ ok: false, reason, message })
