import type { KubeObject } from '../api/object.ts'
import { type Condition, conditionOf } from './conditions.ts'
import { type Fields, fields, time } from './read.ts'
import { derived, resourceSource } from './resource-source.ts'
import type { Milestone, MilestoneKind, Outcome } from './source.ts'
import { whenOf } from './when.ts'

type Request = { metadata: Fields; status: Fields; succeeded: Condition | undefined }

const takeApart = (object: KubeObject): Request => {
  const status = fields(object.status)
  return { metadata: fields(object.metadata), status, succeeded: conditionOf(status, 'Succeeded') }
}

/**
 * internal-services writes False/Running first and goes on to False/Failed or False/Rejected, so that lastTransitionTime stays. The message
 * is that of a pipeline in a place that the namespace's readers may not see, and is left out.
 */
function milestones({ metadata, status, succeeded }: Request): Milestone[] {
  const outcome = succeeded && outcomeOf(succeeded)
  if (succeeded === undefined || outcome === undefined) return []
  const known = time(status.completionTime) ?? (succeeded.status === 'True' ? succeeded.changed : undefined)
  const when = whenOf(known, metadata)
  if (when === undefined) return []
  const why = succeeded.reason ? { reason: succeeded.reason } : {}
  return [{ ...derived('finished', 'finished', when.time, 90), ...when, outcome, ...why }]
}

function outcomeOf({ status, reason }: Condition): Outcome | undefined {
  if (status === 'Unknown' || (status === 'False' && reason === 'Running')) return undefined
  if (status === 'True') return 'success'
  return reason === 'Rejected' ? 'error' : 'failure'
}

const finished: MilestoneKind = {
  name: 'finished',
  class: 'derived',
  default: false,
  key: 'finished',
  time: 'status.completionTime, else lastTransitionTime of the condition Succeeded where that is True, else the last write',
  when: 'the condition Succeeded is True, or False for any reason but Running; outcome is success, failure, or error where the request was rejected',
  outcome: true,
  reason: 'the condition Succeeded; it has no message',
}

/** A pipeline that is to run where only internal-services may go, asked for from a managed namespace. */
export const internalRequest = resourceSource({
  kind: 'InternalRequest',
  family: 'konflux',
  group: 'appstudio.redhat.com',
  version: 'v1alpha1',
  plural: 'internalrequests',
  rows: [finished],
  defaults: [],
  takeApart,
  milestones,
})
