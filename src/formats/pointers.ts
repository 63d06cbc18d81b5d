import type { Pointer } from './options.ts'

/** A JSON Pointer's reference tokens (RFC 6901 §3 and §4), unescaped; undefined for what is none. `''`, the whole, has no tokens. */
export function parsePointer(text: string): Pointer | undefined {
  if (text === '') return []
  if (!text.startsWith('/') || /~(?![01])/.test(text)) return undefined
  return text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The pointer as RFC 6901 writes it. */
export const pointerText = (pointer: Pointer): string =>
  pointer.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

// RFC 6901 §4: digits without leading zeros. `-`, the element after the last, is never there.
const index = /^(0|[1-9]\d*)$/

/** The place in a list that a token names; undefined where it names none. */
export function indexIn(list: readonly unknown[], token: string): number | undefined {
  const place = index.test(token) ? Number(token) : list.length
  return place < list.length ? place : undefined
}

/** What a pointer leads to; undefined where there is nothing. */
export function valueAt(value: unknown, pointer: Pointer): unknown {
  let at = value
  for (const token of pointer) {
    if (typeof at !== 'object' || at === null) return undefined
    if (Array.isArray(at)) {
      const place = indexIn(at, token)
      if (place === undefined) return undefined
      at = at[place]
    } else {
      if (!Object.hasOwn(at, token)) return undefined
      at = (at as Record<string, unknown>)[token]
    }
  }
  return at
}
