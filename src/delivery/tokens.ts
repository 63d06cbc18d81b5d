import { hash } from 'node:crypto'
import { accept, type Verdict } from '../api/verdict.ts'
import type { Token } from './oauth2.ts'

/** Gets a token for a namespace; `fresh` asks for one that nobody had before. */
export type GetToken = (
  namespace: string,
  form: string,
  mint: () => Promise<Verdict<Token>>,
  fresh: boolean,
) => Promise<Verdict<string>>

/** A token is replaced when this share of its life is over, or so much is left, whichever is later. */
const replaceAt = 0.8
const leastLeftMs = 10_000

/** Not sooner after a token that was refused another one is asked for: a sink that answers 401 to all must not hammer a token URL. */
const freshEveryMs = 10_000

/**
 * So many tokens are kept of a namespace, those that were used last: a sink whose scopes change again and again, with a token endpoint whose tokens
 * hold for days, would else fill the memory.
 */
const mostOfNamespace = 500

/** Tokens that ended, and namespaces that have none left, are looked for this often; what is asked for is looked at each time. */
const sweepEveryMs = 60_000

type Entry = {
  minted: number
  token: Promise<Verdict<Token>>
  /** While it is under way it is neither replaced nor forgotten. */
  renewAt: number
  ends: number
  got?: Token
}

/**
 * Tokens of namespaces by what they are asked for with (`form`): remembered until they are to be replaced, and asked for once where many ask at the
 * same time. What could not be had is asked for again at the next call; where it was to replace one that still holds, that one goes on meanwhile.
 * `now` in ms.
 */
export function tokenStore(now: () => number): GetToken {
  const known = new Map<string, Map<string, Entry>>()
  let swept = now()
  return async (namespace, form, mint, fresh) => {
    const at = now()
    if (at - swept >= sweepEveryMs || at < swept) {
      swept = at
      sweep(known, at)
    }
    const own = known.get(namespace) ?? new Map<string, Entry>()
    known.set(namespace, own)
    // It holds a secret, of any length.
    const key = hash('sha256', form)
    const found = own.get(key)
    let entry = found && isOver(found, at) ? undefined : found
    if (!entry || at >= entry.renewAt || (fresh && at - entry.minted >= freshEveryMs)) {
      const last = fresh ? undefined : entry?.got
      const token = mint().then((one) => (one.ok || !last || last.expires <= now() ? one : accept(last)))
      const asked = { minted: at, token, renewAt: Number.POSITIVE_INFINITY, ends: Number.POSITIVE_INFINITY }
      settle(asked, last, now, () => own.get(key) === asked && own.delete(key))
      entry = asked
    }
    // At the end: those that were not used longest are first.
    own.delete(key)
    own.set(key, entry)
    if (own.size > mostOfNamespace) for (const first of own.keys()) if (own.delete(first)) break
    const token = await entry.token
    return token.ok ? { ok: true, value: token.value.value } : token
  }
}

const isOver = ({ ends, minted }: Entry, at: number): boolean => at >= ends || at < minted

function sweep(known: Map<string, Map<string, Entry>>, at: number): void {
  for (const [namespace, own] of known) {
    for (const [key, entry] of own) if (isOver(entry, at)) own.delete(key)
    if (own.size === 0) known.delete(namespace)
  }
}

function settle(entry: Entry, last: Token | undefined, now: () => number, forget: () => void): void {
  entry.token.then((token) => {
    if (!token.ok) return forget()
    entry.got = token.value
    entry.ends = token.value.expires
    const life = entry.ends - entry.minted
    entry.renewAt =
      token.value === last
        ? now() + freshEveryMs
        : entry.minted + Math.max(0, Math.min(life * replaceAt, life - leastLeftMs))
  }, forget)
}
