import type { KubeObject } from '../../../api/object.ts'
import { fields, shortText, text } from '../../../sources/read.ts'
import type { Source } from '../../../sources/source.ts'
import { nameUuid } from '../../attributes.ts'

const commit = /[@/]sha(?:1|256):([0-9a-f]{40}|[0-9a-f]{64})$/

/** Repository and commit that a GitRepository has stored: what is built from that commit has the same chain. */
export function storedCommitOf(
  { name }: Source,
  { spec, status }: KubeObject,
): { url: string; revision: string } | undefined {
  if (name !== 'GitRepository') return undefined
  const url = text(fields(spec).url)
  const revision = commit.exec(shortText(fields(fields(status).artifact).revision, 253) ?? '')?.[1]
  return url === undefined || revision === undefined ? undefined : { url, revision }
}

/** Of what lasts for years: one chain for each state that is wanted of it, as a chart's version and its values, or a revision, tell it. */
export function wantedChainOf({ family }: Source, { metadata, status }: KubeObject): string | undefined {
  if (family !== 'flux') return undefined
  const { lastAttemptedRevision, lastAttemptedConfigDigest, artifact } = fields(status)
  const revision = shortText(lastAttemptedRevision, 253) ?? shortText(fields(artifact).revision, 253)
  return revision === undefined
    ? undefined
    : nameUuid(['chain', metadata.uid, revision, shortText(lastAttemptedConfigDigest, 160) ?? ''])
}
