import { createHash } from 'node:crypto'
import type { User } from '../kube/reviews.ts'

/** Whether a request may have the metrics; else the HTTP status and what to do. */
export type Admission = { ok: true } | { ok: false; status: 401 | 403 | 429 | 503; message: string }

export type ScrapeAccessDeps = {
  /** Whose token it is; undefined where it is nobody's. Throws where nobody can be asked. */
  user(token: string): Promise<User | undefined>
  /** Throws where nobody can be asked. */
  mayScrape(user: User): Promise<boolean>
  /** Any clock in ms that does not go back. */
  monotonic(): number
  failed(error: unknown): void
}

/** An answer of the API server counts so long: who may loses it no later, who may not need not wait longer. */
const allowedMs = 60_000
const refusedMs = 10_000
/** A token that was good is asked about again whatever else is asked: a flood of bad ones must not shut it out. */
const goodMs = 600_000
/** Of tokens that were not good before so many are asked about at once, and so many a second. */
const burst = 10
const perSecond = 2
const maxTokenLength = 16_384

type Answer = { admission: Admission; until: number; goodUntil: number }

/**
 * Asks the API server who a bearer token is of and whether they may get /metrics, and remembers the answer by the token's hash. Nobody gets in
 * while it can't be asked, and who has no token, or a wrong one, costs it at most two requests a second. Never rejects.
 */
export function scrapeAccess(deps: ScrapeAccessDeps): (authorization: string | undefined) => Promise<Admission> {
  const answers = new Map<string, Answer>()
  const asked = new Map<string, Promise<Admission>>()
  const spend = allowance(deps.monotonic())

  const ask = async (token: string, hash: string): Promise<Admission> => {
    try {
      const user = await deps.user(token)
      const admission = !user ? notKnown : (await deps.mayScrape(user)) ? admitted : notAllowed(user)
      const now = deps.monotonic()
      for (const [key, { until, goodUntil }] of answers) if (Math.max(until, goodUntil) <= now) answers.delete(key)
      const lasts = admission.ok
        ? { until: now + allowedMs, goodUntil: now + goodMs }
        : { until: now + refusedMs, goodUntil: 0 }
      answers.set(hash, { admission, ...lasts })
      return admission
    } catch (error) {
      deps.failed(error)
      return notAsked
    } finally {
      asked.delete(hash)
    }
  }

  return async (authorization) => {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
    if (token === undefined || token.length > maxTokenLength) return noToken
    const hash = createHash('sha256').update(token).digest('base64')
    const now = deps.monotonic()
    const known = answers.get(hash)
    if (known && known.until > now) return known.admission
    const underWay = asked.get(hash)
    if (underWay) return underWay
    if (!(known && known.goodUntil > now) && !spend(now)) return tooMany
    const asking = ask(token, hash)
    asked.set(hash, asking)
    return asking
  }
}

/** A bucket that fills with time; false while it is empty. */
function allowance(start: number): (now: number) => boolean {
  let [tokens, filled] = [burst, start]
  return (now) => {
    tokens = Math.min(burst, tokens + ((now - filled) / 1000) * perSecond)
    filled = now
    if (tokens < 1) return false
    tokens -= 1
    return true
  }
}

const admitted: Admission = { ok: true }
const noToken: Admission = {
  ok: false,
  status: 401,
  message: 'metrics want a bearer token of an account that may get the path /metrics',
}
const notKnown: Admission = { ok: false, status: 401, message: 'the API server does not take this token' }
const notAllowed = ({ username }: User): Admission => ({
  ok: false,
  status: 403,
  message: `${username} may not get the path /metrics: bind it to the ClusterRole whose name ends in -metrics-reader`,
})
const tooMany: Admission = { ok: false, status: 429, message: 'too many tokens to ask the API server about: try again' }
const notAsked: Admission = {
  ok: false,
  status: 503,
  message: 'the API server can not be asked about the token: try again',
}
