import type { KubeObject } from '../../api/object.ts'
import { firstLimit } from '../../kube/pages.ts'
import { fields, lastWrite, time } from '../../sources/read.ts'
import type { Source } from '../../sources/source.ts'
import type { Judged } from '../judging/judge-deps.ts'

/** Times are ms, the API server's clock. */
export type Away = {
  /** From when on it is not known what happened. */
  from: number
  /** When the list was asked for that told what is there now. */
  to: number
  /** Where the watch stood, where the disk still tells. */
  cursor: string | undefined
  /** The list's resourceVersion. */
  version: string
}

/** What a watch has not seen, being looked for in the archive. */
export type CatchUp = Away & {
  watch: Judged
  /** uids that the list held. */
  listed: ReadonlySet<string>
  /** uids that are known, were not in the list, and were not found yet. */
  missing: Set<string>
  /** uids that were found. */
  found: Set<string>
  /** Versions that are still to be read, the one that is being read first. */
  versions: string[]
  next: string | undefined
  /** The creation of the last object that was read, while all came newest first. */
  oldest: number | undefined
  limit: number
  /** What went wrong of late, in a row. */
  attempts: number
  /** On a clock that is never set, ms. */
  retryAt: number
  failing: { since: number; message: string } | undefined
  read: number
  told: number
}

export function catchUpOf(watch: Judged, away: Away, listed: ReadonlySet<string>, missing: readonly string[]): CatchUp {
  const { version, versions = [] } = watch.source
  return {
    ...away,
    watch,
    listed,
    missing: new Set(missing),
    found: new Set(),
    versions: [...new Set([version, ...versions])],
    next: undefined,
    oldest: Number.POSITIVE_INFINITY,
    limit: firstLimit(),
    attempts: 0,
    retryAt: 0,
    failing: undefined,
    read: 0,
    told: 0,
  }
}

/**
 * Whether an archived object is one that came to its end unseen: it is not there any more, is not of after the list, which the watch tells of, and
 * is either known, or was written while nobody watched.
 */
export function isNews(catchUp: CatchUp, object: KubeObject): boolean {
  const { uid, creationTimestamp, resourceVersion } = object.metadata
  if (catchUp.found.has(uid)) return false
  if (catchUp.missing.has(uid)) return true
  if (catchUp.listed.has(uid)) return false
  const created = time(creationTimestamp)
  if (created === undefined) return false
  const isOfBefore = isNotLater(resourceVersion, catchUp.version) ?? created <= catchUp.to - momentMs
  const isSeen = catchUp.cursor !== undefined && isNotLater(resourceVersion, catchUp.cursor) === true
  return isOfBefore && !isSeen && lastSign(catchUp.watch.source, object) >= catchUp.from
}

/** Clocks are as exact as that. */
const momentMs = 2000

/** The latest that an object tells of itself; managedFields may have been left out of the archive. */
function lastSign(source: Source, object: KubeObject): number {
  const own = Math.max(lastWrite(fields(object.metadata)) ?? 0, source.endedAt(object) ?? 0)
  return source.milestones(object).reduce((latest, { time: at }) => Math.max(latest, at), own)
}

/**
 * Whether the one resourceVersion is not after the other: they are decimal numbers that grow, for all who may compare them since Kubernetes 1.35
 * (KEP-5504). Undefined where they are not.
 */
export function isNotLater(one: string, other: string): boolean | undefined {
  if (!/^[1-9]\d*$/.test(one) || !/^[1-9]\d*$/.test(other)) return undefined
  return one.length === other.length ? one <= other : one.length < other.length
}

/** Notes what a page was of. Whether all that follows was created before `from`, as the archive lists the newest first. */
export function isPast(catchUp: CatchUp, objects: readonly KubeObject[], from: number): boolean {
  for (const { metadata } of objects) {
    const created = time(metadata.creationTimestamp)
    if (created === undefined || catchUp.oldest === undefined || created > catchUp.oldest) catchUp.oldest = undefined
    else catchUp.oldest = created
  }
  return catchUp.oldest !== undefined && catchUp.oldest < from
}
