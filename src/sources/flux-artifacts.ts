import { conditionOf } from './conditions.ts'
import { shortHash } from './flux-incidents.ts'
import { failingOf, fluxSource, incidentDetail } from './flux-resource.ts'
import { type Fields, fields, shortText, time } from './read.ts'
import type { DetailKind, Milestone, MilestoneKind, Projection, Source } from './source.ts'

const content = {
  revision: { type: 'string', about: 'of the artifact, as Flux writes it', always: true },
  digest: { type: 'string', about: 'of the artifact' },
} as const satisfies Record<string, DetailKind>

const failure = (name: string, what: string): MilestoneKind => ({
  name,
  class: 'observed',
  default: true,
  key: `${name}/g<generation>-<reason>/<lastTransitionTime in ms>`,
  time: 'lastTransitionTime of the condition Ready',
  when: `the condition Ready became False: ${what}; once for each generation and reason until it is Ready again`,
  reason: 'the condition Ready',
  details: incidentDetail,
})

const rows: readonly MilestoneKind[] = [
  {
    name: 'artifact-stored',
    class: 'derived',
    default: true,
    key: 'artifact-stored/<revision>/<first 12 hexadecimal digits of the digest>',
    time: 'lastUpdateTime of status.artifact',
    when: 'status.artifact has another revision or digest; the same one, stored again as after a restart of source-controller, is silent',
    until: 'the next artifact',
    details: content,
  },
  {
    name: 'artifact-reverted',
    class: 'observed',
    default: true,
    key: 'artifact-reverted/<lastUpdateTime in ms>',
    time: 'lastUpdateTime of status.artifact',
    when: 'status.artifact has again a revision and digest that it had before the last',
    details: content,
  },
  failure(
    'fetch-failed',
    'nothing could be fetched, or made of what was, or stored (GitOperationFailed, ChartPullError, URLInvalid, …)',
  ),
  failure('verification-failed', 'with reason VerificationError, or as the condition SourceVerified is False'),
]

/** Besides the artifact that is there, those before: for one that comes again. */
const pastLimit = 8

/** By status.artifact and conditions (source-controller, docs/spec/v1). */
const artifactSource = (kind: string, plural: string, versions?: readonly string[]): Source =>
  fluxSource({
    kind,
    group: 'source.toolkit.fluxcd.io',
    version: 'v1',
    plural,
    ...(versions && { versions }),
    rows,
    read(parts) {
      const now = artifactOf(parts.status)
      return {
        told: now === undefined ? [] : [stored(now)],
        open: [],
        failing: failingOf(parts, (reason) => failureName(parts.status, reason)),
      }
    },
    signs({ status }, previous) {
      const now = artifactOf(status)
      const past = pastOf(previous)
      if (now === undefined) return past.length > 0 ? { past } : {}
      return { past: [...past.filter((one) => one !== now.mark), now.mark].slice(-pastLimit) }
    },
    changes(previous, { status }) {
      const now = artifactOf(status)
      const past = pastOf(previous)
      if (now === undefined || !past.includes(now.mark) || past.at(-1) === now.mark) return []
      const key = `artifact-reverted/${now.at}`
      return [{ ...stored(now), name: 'artifact-reverted', key, class: 'observed', rank: 20 }]
    },
  })

export const gitRepository = artifactSource('GitRepository', 'gitrepositories')
export const ociRepository = artifactSource('OCIRepository', 'ocirepositories', ['v1beta2'])
export const helmChart = artifactSource('HelmChart', 'helmcharts')
export const bucket = artifactSource('Bucket', 'buckets')
export const helmRepository = artifactSource('HelmRepository', 'helmrepositories')

type Artifact = { mark: string; short: string; at: number; details: Record<string, string> & { revision: string } }

function artifactOf(status: Fields): Artifact | undefined {
  const artifact = fields(status.artifact)
  const revision = shortText(artifact.revision, 253)
  const digest = shortText(artifact.digest, 160)
  const at = time(artifact.lastUpdateTime)
  if (revision === undefined || at === undefined) return undefined
  const short = (digest ?? '').slice((digest ?? '').indexOf(':') + 1).slice(0, 12)
  return { mark: shortHash(revision, digest), short, at, details: { revision, ...(digest && { digest }) } }
}

const stored = ({ short, at, details }: Artifact): Milestone => ({
  name: 'artifact-stored',
  key: `artifact-stored/${details.revision}/${short}`,
  class: 'derived',
  time: at,
  rank: 10,
  undated: true,
  details,
})

const failureName = (status: Fields, reason: string): string =>
  reason === 'VerificationError' || conditionOf(status, 'SourceVerified')?.status === 'False'
    ? 'verification-failed'
    : 'fetch-failed'

const pastOf = (previous: Projection | undefined): string[] => (Array.isArray(previous?.past) ? previous.past : [])
