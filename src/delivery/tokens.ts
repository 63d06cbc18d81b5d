import { accept, type Verdict } from '../api/verdict.ts'
import type { Token } from './oauth2.ts'

/** Gets a token; `fresh` asks for one that nobody had before. */
export type GetToken = (form: string, mint: () => Promise<Verdict<Token>>, fresh: boolean) => Promise<Verdict<string>>

/** A token is replaced when this share of its life is over, or so much is left, whichever is later. */
const replaceAt = 0.8
const leastLeftMs = 10_000

/** Not sooner after a token that was refused another one is asked for: a sink that answers 401 to all must not hammer a token URL. */
const freshEveryMs = 10_000

type Entry = {
  minted: number
  token: Promise<Verdict<Token>>
  /** While it is under way it is neither replaced nor forgotten. */
  renewAt: number
  ends: number
  got?: Token
}

/**
 * Tokens by what they are asked for with (`form`): remembered until they are to be replaced, and asked for once where many ask at the same
 * time. What could not be had is asked for again at the next call; where it was to replace one that still holds, that one goes on meanwhile.
 * `now` in ms.
 */
export function tokenStore(now: () => number): GetToken {
  const known = new Map<string, Entry>()
  return async (form, mint, fresh) => {
    const at = now()
    for (const [key, { ends, minted }] of known) if (at >= ends || at < minted) known.delete(key)
    let entry = known.get(form)
    if (!entry || at >= entry.renewAt || (fresh && at - entry.minted >= freshEveryMs)) {
      const last = fresh ? undefined : entry?.got
      const token = mint().then((one) => (one.ok || !last || last.expires <= now() ? one : accept(last)))
      const asked = { minted: at, token, renewAt: Number.POSITIVE_INFINITY, ends: Number.POSITIVE_INFINITY }
      known.set(form, asked)
      settle(asked, last, now, () => known.get(form) === asked && known.delete(form))
      entry = asked
    }
    const token = await entry.token
    return token.ok ? { ok: true, value: token.value.value } : token
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
