import type { Failure } from './failure.ts'

export type BackoffOptions = { baseMs?: number; capMs?: number }

/**
 * Full jitter: evenly spread over 0…min(cap, base · 2^attempt) ms; `attempt` counts from 0, `random` gives 0…1.
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function fullJitter(attempt: number, random: () => number, options: BackoffOptions = {}): number {
  const { baseMs = 250, capMs = 30_000 } = options
  return Math.floor(random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30)))
}

/** A resource that may not be read is tried again at least this often, */
const forbiddenMs = 10_000
/** and one that is not there looked for. */
const absentMs = 15_000
const maxRetryAfterMs = 300_000

/** How long to wait after a failure, in ms; `attempt` counts those before it. What the server asks for is a least, spread by a second. */
export function delayAfter(failure: Failure, attempt: number, random: () => number): number {
  switch (failure.kind) {
    case 'expired':
      return attempt === 0 ? 0 : fullJitter(attempt, random) // the first list need not wait
    case 'absent':
    case 'clusterScoped':
      return fullJitter(attempt, random, { capMs: absentMs })
    case 'forbidden':
      return fullJitter(attempt, random, { capMs: forbiddenMs })
    case 'failing': {
      const asked = Math.min(failure.retryAfterMs ?? 0, maxRetryAfterMs)
      return asked > 0 ? asked + fullJitter(attempt, random, { capMs: 1000 }) : fullJitter(attempt, random)
    }
  }
}

/** Resolves after `ms`, or as soon as the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}

/** Whether it settles within so many ms; also true where `signal` aborts. */
export async function settles(pending: Promise<unknown>, ms: number, signal: AbortSignal): Promise<boolean> {
  const waiting = new AbortController()
  const settled = pending.then(
    () => true,
    () => true,
  )
  const passed = pause(ms, AbortSignal.any([signal, waiting.signal])).then(() => signal.aborted)
  const first = await Promise.race([settled, passed])
  waiting.abort()
  return first
}
