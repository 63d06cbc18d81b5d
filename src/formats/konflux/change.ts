import type { KubeObject } from '../../api/object.ts'
import { commitOf, snapshotTypeOf } from '../../sources/konflux-labels.ts'
import { type Fields, fields, shortText, text } from '../../sources/read.ts'
import { repositoryAddress } from './address.ts'

/** The change that an object was built from, or that it tests or releases: each by what Konflux and Pipelines as Code wrote about it. */
export type Change = {
  /** Of the repository, without credentials and query. */
  repository?: string
  commit?: string
  /** The branch that was pushed to, or that the pull request is for. */
  branch?: string
  /** Of a push, the one that was merged by it. */
  pullRequest?: number
  /** `push`, `pull_request`, … as Pipelines as Code calls it. */
  event?: string
}

/** Annotations, the first that is there; the new model's before the old one's, what was copied last. */
const marks = {
  repository: [
    'build.konflux-ci.dev/repo',
    'pipelinesascode.tekton.dev/repo-url',
    'pac.test.appstudio.openshift.io/repo-url',
    'build.appstudio.openshift.io/repo',
  ],
  branch: [
    'build.konflux-ci.dev/target_branch',
    'build.appstudio.redhat.com/target_branch',
    'pipelinesascode.tekton.dev/branch',
    'pac.test.appstudio.openshift.io/branch',
  ],
  pullRequest: [
    'build.konflux-ci.dev/pull_request_number',
    'build.appstudio.redhat.com/pull_request_number',
    'pipelinesascode.tekton.dev/pull-request',
    'pac.test.appstudio.openshift.io/pull-request',
  ],
  event: ['pipelinesascode.tekton.dev/event-type', 'pac.test.appstudio.openshift.io/event-type'],
} as const

/** Undefined of a Snapshot of several builds and what belongs to it: what it says was copied from one of them. */
export function changeOf(object: KubeObject): Change | undefined {
  const type = snapshotTypeOf(object)
  if (type === 'group' || type === 'override') return undefined
  const annotations = fields(object.metadata.annotations)
  const repository = repositoryAddress(first(annotations, marks.repository))
  const commit = commitOf(object)
  const branch = shortText(first(annotations, marks.branch), 256)
  const pullRequest = numberOf(first(annotations, marks.pullRequest))
  const event = shortText(first(annotations, marks.event), 64)
  const change: Change = {
    ...(repository !== undefined && { repository }),
    ...(commit !== undefined && { commit }),
    ...(branch !== undefined && { branch }),
    ...(pullRequest !== undefined && { pullRequest }),
    ...(event !== undefined && { event }),
  }
  return Object.keys(change).length > 0 ? change : undefined
}

function first(annotations: Fields, names: readonly string[]): string | undefined {
  for (const name of names) {
    const found = text(annotations[name])
    if (found !== undefined) return found
  }
  return undefined
}

const numberOf = (value: string | undefined): number | undefined =>
  value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined
