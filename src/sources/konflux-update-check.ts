import type { KubeObject } from '../api/object.ts'
import { annotationTime, type Fields, fields, lastWrite } from './read.ts'
import { derived, resourceSource } from './resource-source.ts'
import type { Milestone, MilestoneKind } from './source.ts'

const processedAnnotation = 'mintmaker.appstudio.redhat.com/processed'

const takeApart = ({ metadata }: KubeObject): Fields => fields(metadata)

function milestones(metadata: Fields): Milestone[] {
  if (fields(metadata.annotations)[processedAnnotation] !== 'true') return []
  const at = annotationTime(metadata, processedAnnotation) ?? lastWrite(metadata)
  return at === undefined ? [] : [{ ...derived('processed', 'processed', at, 10), undated: true }]
}

const processed: MilestoneKind = {
  name: 'processed',
  class: 'derived',
  default: false,
  key: 'processed',
  time: 'the last write of the annotation’s owner in metadata.managedFields, else the last write: the latest that it can have been',
  when: `the annotation ${processedAnnotation} is "true"`,
}

/** An order to look for updates, in MintMaker's own namespace; it names namespaces of tenants, which are in no event. */
export const dependencyUpdateCheck = resourceSource({
  kind: 'DependencyUpdateCheck',
  family: 'konflux',
  group: 'appstudio.redhat.com',
  version: 'v1alpha1',
  plural: 'dependencyupdatechecks',
  rows: [processed],
  defaults: [],
  takeApart,
  milestones,
})
