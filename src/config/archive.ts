import { accept, type Verdict } from '../api/verdict.ts'
import { durationOf, type Given } from './given.ts'

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
export function archiveOf(given: Given): Verdict<ArchiveConfig | undefined> {
  const afterMs = durationOf(given, 'archive-after')
  if (!afterMs.ok) return afterMs
  const reachMs = durationOf(given, 'archive-reach')
  if (!reachMs.ok) return reachMs
  const url = given.one('archive-url')?.replace(/\/+$/, '')
  if (url === undefined || url === '') return accept(undefined)
  if (!isSafe(url)) {
    const rule = 'must be an https URL without credentials, query and fragment (http only on loopback)'
    return given.wrong('archive-url', ` ${rule}: the token of the operator goes there`)
  }
  return accept({
    url,
    tokenFile: given.one('archive-token-file') ?? '',
    caFile: given.one('archive-ca-file') || undefined,
    afterMs: afterMs.value,
    reachMs: reachMs.value,
  })
}

function isSafe(text: string): boolean {
  const url = URL.parse(text)
  if (!url || !/^https?:\/\/[^\s?#@]+$/.test(text)) return false
  return url.protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
}
