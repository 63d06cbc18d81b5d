import type { KubeObject } from '../api/object.ts'
import { type Condition, conditionOf } from './conditions.ts'
import { type Fields, fields } from './read.ts'
import { derived, resourceSource } from './resource-source.ts'
import type { Milestone, MilestoneKind } from './source.ts'
import { whenOf } from './when.ts'

type Plan = { metadata: Fields; matched: Condition | undefined }

const takeApart = ({ metadata, status }: KubeObject & { status?: unknown }): Plan => ({
  metadata: fields(metadata),
  matched: conditionOf(fields(status), 'Matched'),
})

/**
 * Its reason says Matched of both, and has nothing to add. Here lastTransitionTime moves with each change, as it goes from True to False
 * and back.
 */
function milestones({ metadata, matched }: Plan): Milestone[] {
  if (matched === undefined || matched.status === 'Unknown') return []
  const name = matched.status === 'True' ? 'matched' : 'unmatched'
  const when = whenOf(matched.changed, metadata)
  const key = matched.changed === undefined ? name : `${name}/${matched.changed}`
  return when ? [{ ...derived(name, key, when.time, 10), ...when }] : []
}

function row(name: 'matched' | 'unmatched', status: 'True' | 'False', other: string): MilestoneKind {
  return {
    name,
    class: 'derived',
    default: false,
    key: `${name}/<lastTransitionTime in ms>`,
    time: 'lastTransitionTime of the condition Matched',
    when: `the condition Matched is ${status}: ${status === 'True' ? 'there is' : 'there is no'} ${other} for it; again each time that it comes to be so`,
    until: 'the condition changes',
  }
}

const rowsFor = (other: string) => [row('matched', 'True', other), row('unmatched', 'False', other)]

const common = {
  family: 'konflux',
  group: 'appstudio.redhat.com',
  version: 'v1alpha1',
  defaults: [],
  takeApart,
  milestones,
} as const

/** Of a tenant: what is to be released, and whereto. */
export const releasePlan = resourceSource({
  ...common,
  kind: 'ReleasePlan',
  plural: 'releaseplans',
  rows: rowsFor('ReleasePlanAdmission'),
  identity: { spec: ['application', 'componentGroup', 'target'] },
})

/** Of whoever releases for tenants, in their own namespace: which pipeline that takes, by which policy. */
export const releasePlanAdmission = resourceSource({
  ...common,
  kind: 'ReleasePlanAdmission',
  plural: 'releaseplanadmissions',
  rows: rowsFor('ReleasePlan'),
})
