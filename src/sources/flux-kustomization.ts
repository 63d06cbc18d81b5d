import { shortHash, word } from './flux-incidents.ts'
import { failingOf, fluxSource, incidentDetail } from './flux-resource.ts'
import { type Fields, fields, list, shortText, time } from './read.ts'
import type { DetailKind, Milestone, MilestoneKind, Projection } from './source.ts'

const content = {
  revision: { type: 'string', about: 'of the source, as Flux writes it: main@sha1:<commit>' },
  originRevision: {
    type: 'string',
    about: 'of what the source was made from: the commit that an OCI artifact was built of',
  },
  digest: { type: 'string', about: 'of all manifests that were applied' },
} as const satisfies Record<string, DetailKind>

const failure: MilestoneKind = {
  name: 'failed',
  class: 'observed',
  default: true,
  key: 'failed/g<generation>-<reason>-<digest of the revision>/<lastTransitionTime in ms>',
  time: 'lastTransitionTime of the condition Ready',
  when: 'the condition Ready became False (ArtifactFailed, BuildFailed, ReconciliationFailed, PruneFailed, AccessDenied, …); once for each generation, revision and reason until it is Ready again, whatever the interval retries. Waiting for a dependency is no failure',
  reason: 'the condition Ready',
  details: incidentDetail,
}

const rows: readonly MilestoneKind[] = [
  {
    name: 'applied',
    class: 'derived',
    default: true,
    key: 'applied/<revision>/<first 12 hexadecimal digits of the digest>',
    time: 'lastReconciled of the newest of status.history that succeeded: each interval moves it, so that who subscribes later is not told',
    when: 'the newest of status.history that succeeded has a revision or a digest of the manifests that it did not have before; the same again at each interval is silent',
    until: 'the next revision',
    details: content,
  },
  {
    name: 'reverted',
    class: 'observed',
    default: true,
    key: 'reverted/<digest>/<lastReconciled in ms>',
    time: 'lastReconciled of the newest of status.history that succeeded',
    when: 'a revision and digest that had been applied before, and then was replaced, is applied again',
    details: content,
  },
  {
    ...failure,
    name: 'health-failed',
    key: 'health-failed/g<generation>-<reason>-<digest of the revision>/<lastTransitionTime in ms>',
    when: 'the condition Ready became False with reason HealthCheckFailed: it was applied, and what was applied did not become ready; once for each generation and revision until it is Ready again',
  },
  failure,
]

/** Besides what was applied last, what was before: for one that comes again. */
const pastLimit = 8

export const kustomization = fluxSource({
  kind: 'Kustomization',
  group: 'kustomize.toolkit.fluxcd.io',
  version: 'v1',
  plural: 'kustomizations',
  rows,
  read(parts) {
    const now = appliedOf(parts.status)
    const revision = shortText(parts.status.lastAttemptedRevision, 253) ?? ''
    return {
      told: now === undefined ? [] : [applied(now)],
      open: [],
      failing: failingOf(parts, (reason) => (reason === 'HealthCheckFailed' ? 'health-failed' : 'failed'), revision),
    }
  },
  signs({ status }, previous) {
    const now = appliedOf(status)
    const past = pastOf(previous)
    if (now === undefined) return past.length > 0 ? { past } : {}
    return { past: [...past.filter((one) => one !== now.mark), now.mark].slice(-pastLimit) }
  },
  changes(previous, { status }) {
    const now = appliedOf(status)
    const past = pastOf(previous)
    if (now === undefined || !past.includes(now.mark) || past.at(-1) === now.mark) return []
    return [{ ...applied(now), name: 'reverted', key: `reverted/${now.short}/${now.at}`, class: 'observed', rank: 20 }]
  },
  deletionDetails: {
    pruned: { type: 'boolean', about: 'whether kustomize-controller deleted what it had applied', always: true },
  },
  parting: ({ spec }) => ({
    pruned:
      spec.suspend !== true &&
      (spec.deletionPolicy === 'Delete' ||
        spec.deletionPolicy === 'WaitForTermination' ||
        (spec.prune === true && spec.deletionPolicy !== 'Orphan')),
  }),
})

type Applied = { mark: string; short: string; revision: string; at: number; details: Record<string, string> }

/** What the last reconciliation that succeeded has applied: those that failed since have not undone it. */
function appliedOf(status: Fields): Applied | undefined {
  const entry = fields(list(status.history).map(fields).find(isGood))
  const metadata = fields(entry.metadata)
  const digest = shortText(entry.digest, 160)
  const revision = shortText(metadata.revision, 253) ?? shortText(status.lastAppliedRevision, 253)
  const at = time(entry.lastReconciled)
  if (digest === undefined || revision === undefined || at === undefined) return undefined
  const originRevision = shortText(metadata.originRevision, 253)
  const short = word(digest.slice(digest.indexOf(':') + 1).slice(0, 12))
  return {
    mark: shortHash(revision, digest),
    short,
    revision,
    at,
    details: { revision, ...(originRevision && { originRevision }), digest },
  }
}

const isGood = ({ lastReconciledStatus }: Fields): boolean => lastReconciledStatus === 'ReconciliationSucceeded'

const applied = ({ short, revision, at, details }: Applied): Milestone => ({
  name: 'applied',
  key: `applied/${revision}/${short}`,
  class: 'derived',
  time: at,
  rank: 10,
  undated: true,
  details,
})

const pastOf = (previous: Projection | undefined): string[] =>
  Array.isArray(previous?.past) ? previous.past.filter((one) => one !== '') : []
