import type { KubeObject } from '../api/object.ts'
import { type Fields, fields, fieldTime, lastWrite } from './read.ts'
import { derived, resourceSource } from './resource-source.ts'
import type { Milestone, MilestoneKind } from './source.ts'

const takeApart = ({ metadata }: KubeObject): Fields => fields(metadata)

/** No controller writes a status: all that can be read is which generation of the spec this is. */
function milestones(metadata: Fields): Milestone[] {
  const { generation } = metadata
  const at = fieldTime(metadata, ['spec']) ?? lastWrite(metadata)
  if (typeof generation !== 'number' || !Number.isSafeInteger(generation) || generation < 2 || at === undefined)
    return []
  return [{ ...derived('changed', `changed/${generation}`, at, 10), undated: true, details: { generation } }]
}

const changed: MilestoneKind = {
  name: 'changed',
  class: 'derived',
  default: false,
  key: 'changed/<generation>',
  time: 'the last write of the spec’s owner in metadata.managedFields, else the last write: the latest that it can have been',
  when: 'metadata.generation is more than 1; several changes between two reads are told as one, the last',
  until: 'the next change',
  details: { generation: { type: 'integer', about: 'metadata.generation, which each change moves', always: true } },
}

/** The rules that releases and tests are held to (Conforma). */
export const enterpriseContractPolicy = resourceSource({
  kind: 'EnterpriseContractPolicy',
  family: 'konflux',
  group: 'appstudio.redhat.com',
  version: 'v1alpha1',
  plural: 'enterprisecontractpolicies',
  rows: [changed],
  defaults: [],
  takeApart,
  milestones,
})
