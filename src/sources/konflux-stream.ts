import type { KubeObject } from '../api/object.ts'
import { type Condition, conditionOf, whyOf } from './conditions.ts'
import { type Fields, fields, fieldTime, lastWrite } from './read.ts'
import { derived, resourceSource } from './resource-source.ts'
import type { Milestone, MilestoneKind } from './source.ts'

type Stream = { metadata: Fields; ready: Condition | undefined }

const takeApart = (object: KubeObject): Stream => ({
  metadata: fields(object.metadata),
  ready: conditionOf(fields(object.status), 'Ready'),
})

/**
 * project-controller goes from one reason to another of the same status, and lastTransitionTime stays: the reason is part of the key, and
 * the status tells when it was written.
 */
function milestones({ metadata, ready }: Stream): Milestone[] {
  if (ready === undefined || ready.status === 'Unknown') return []
  const at = fieldTime(metadata, ['status']) ?? ready.changed ?? lastWrite(metadata)
  if (at === undefined) return []
  const name = ready.status === 'True' ? 'ready' : 'failed'
  const key = [name, ready.reason ?? '', ...(ready.changed === undefined ? [] : [ready.changed])].join('/')
  return [{ ...derived(name, key, at, 10), undated: true, ...whyOf(ready) }]
}

const row = (name: 'ready' | 'failed', status: 'True' | 'False'): MilestoneKind => ({
  name,
  class: 'derived',
  default: false,
  key: `${name}/<reason>/<lastTransitionTime in ms>`,
  time: 'the last write of the status’s owner in metadata.managedFields: the latest that it can have been, as lastTransitionTime stays where only the reason changes; else lastTransitionTime of the condition Ready',
  when: `the condition Ready is ${status}; again with another reason, and each time that it comes to be so`,
  until: 'the condition changes',
  reason: 'the condition Ready',
})

/** A version of a Project: what project-controller makes of a template. */
export const projectDevelopmentStream = resourceSource({
  kind: 'ProjectDevelopmentStream',
  family: 'konflux',
  group: 'projctl.konflux.dev',
  version: 'v1beta1',
  plural: 'projectdevelopmentstreams',
  rows: [row('ready', 'True'), row('failed', 'False')],
  defaults: [],
  takeApart,
  milestones,
  identity: { spec: ['project'] },
})
