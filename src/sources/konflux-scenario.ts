import type { KubeObject } from '../api/object.ts'
import { type Condition, conditionOf, whyOf } from './conditions.ts'
import { konfluxIdentity } from './konflux-labels.ts'
import { type Fields, fields, lastWrite } from './read.ts'
import { derived, resourceSource } from './resource-source.ts'
import type { Milestone, MilestoneKind } from './source.ts'

type Scenario = { metadata: Fields; valid: Condition | undefined }

const takeApart = (object: KubeObject): Scenario => ({
  metadata: fields(object.metadata),
  valid: conditionOf(fields(object.status), 'IntegrationTestScenarioValid'),
})

function milestones({ metadata, valid }: Scenario): Milestone[] {
  if (valid === undefined || valid.status === 'Unknown') return []
  const at = valid.changed ?? lastWrite(metadata)
  if (at === undefined) return []
  const name = valid.status === 'True' ? 'valid' : 'invalid'
  const dated = valid.changed !== undefined
  const key = dated ? `${name}/${at}` : name
  return [{ ...derived(name, key, at, 10), ...(!dated && { undated: true as const }), ...whyOf(valid) }]
}

const row = (name: 'valid' | 'invalid', status: 'True' | 'False'): MilestoneKind => ({
  name,
  class: 'derived',
  default: false,
  key: `${name}/<lastTransitionTime in ms>`,
  time: 'lastTransitionTime of the condition IntegrationTestScenarioValid',
  when: `the condition IntegrationTestScenarioValid is ${status}; again each time that it comes to be so`,
  until: 'the condition changes',
  reason: 'the condition IntegrationTestScenarioValid',
})

/** What is run for each Snapshot of an Application or ComponentGroup. */
export const integrationTestScenario = resourceSource({
  kind: 'IntegrationTestScenario',
  family: 'konflux',
  group: 'appstudio.redhat.com',
  version: 'v1beta2',
  versions: ['v1beta1', 'v1alpha1'],
  plural: 'integrationtestscenarios',
  rows: [row('valid', 'True'), row('invalid', 'False')],
  defaults: [],
  takeApart,
  milestones,
  identity: konfluxIdentity,
})
