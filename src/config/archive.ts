import { parseDuration } from '../api/durations.ts'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import type { FlagName } from '../cli/flags.ts'

export type ArchiveConfig = {
  url: string
  tokenFile: string
  caFile: string | undefined
  /** So long (ms) the operator may be away before the archive is asked. */
  afterMs: number
  /** So long before that an object may have been created. */
  reachMs: number
}

/** What the flags `--archive-…` tell; undefined where there is no archive. */
export function archiveOf(one: (name: FlagName) => string | undefined): Verdict<ArchiveConfig | undefined> {
  const afterMs = durationOf('archive-after', one)
  if (!afterMs.ok) return afterMs
  const reachMs = durationOf('archive-reach', one)
  if (!reachMs.ok) return reachMs
  const url = one('archive-url')?.replace(/\/+$/, '')
  if (url === undefined || url === '') return accept(undefined)
  if (!isSafe(url)) {
    const rule = 'must be an https URL without credentials, query and fragment (http only on loopback)'
    return refuse('FlagInvalid', `--archive-url ${rule}: the token of the operator goes there`)
  }
  return accept({
    url,
    tokenFile: one('archive-token-file') ?? '',
    caFile: one('archive-ca-file') || undefined,
    afterMs: afterMs.value,
    reachMs: reachMs.value,
  })
}

function durationOf(name: FlagName, one: (name: FlagName) => string | undefined): Verdict<number> {
  const ms = parseDuration(one(name) ?? '')
  return ms.ok ? ms : refuse('FlagInvalid', `--${name}: ${ms.message}`)
}

function isSafe(text: string): boolean {
  const url = URL.parse(text)
  if (!url || !/^https?:\/\/[^\s?#@]+$/.test(text)) return false
  return url.protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
}
