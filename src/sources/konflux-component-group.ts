import type { KubeObject } from '../api/object.ts'
import { imageOf } from './konflux-image.ts'
import { type Fields, fields, fieldTime, lastWrite, list, plainText } from './read.ts'
import { derived, resourceSource } from './resource-source.ts'
import type { Milestone, MilestoneKind } from './source.ts'

/** `written`: when the list was last written, ms. */
type Group = { candidates: readonly Fields[]; written: number | undefined }

function takeApart(object: KubeObject): Group {
  const metadata = fields(object.metadata)
  return {
    candidates: list(fields(object.status).globalCandidateList).map(fields),
    written: fieldTime(metadata, ['status', 'globalCandidateList']) ?? lastWrite(metadata),
  }
}

const wholeSha = /^([0-9a-f]{40}|[0-9a-f]{64})$/

function milestones({ candidates, written }: Group): Milestone[] {
  if (written === undefined) return []
  return candidates.flatMap((candidate) => {
    const component = plainText(candidate.name, 253)
    const image = imageOf(candidate.lastPromotedImage)
    if (component === undefined || image === undefined) return []
    const version = plainText(candidate.version, 253)
    const { lastPromotedCommit: commit } = candidate
    const details = {
      component,
      ...(version !== undefined && { version }),
      ...image,
      ...(typeof commit === 'string' && wholeSha.test(commit) && { commit }),
    }
    const key = `promoted/${component}/${version ?? ''}/${image.digest ?? image.image}`
    return [{ ...derived('promoted', key, written, 20), undated: true as const, details }]
  })
}

const promoted: MilestoneKind = {
  name: 'promoted',
  class: 'derived',
  default: true,
  key: 'promoted/<component>/<version>/<digest of the image, else the image>',
  time: 'the last write of the status’s owner in metadata.managedFields: the latest that it can have been; lastPromotedBuildTime is of the build',
  when: 'status.globalCandidateList has another lastPromotedImage for a Component: its Snapshot passed, and the next ones build on this image',
  until: 'another is promoted',
  details: {
    component: { type: 'string', about: 'the Component', always: true },
    version: { type: 'string', about: 'the version of the Component, where it has versions' },
    image: { type: 'string', about: 'the image', always: true },
    digest: { type: 'string', about: 'its digest, where it has one' },
    commit: { type: 'string', about: 'the commit that it was built from' },
  },
}

/** What is tested and released together, in the new model. */
export const componentGroup = resourceSource({
  kind: 'ComponentGroup',
  family: 'konflux',
  group: 'appstudio.redhat.com',
  version: 'v1beta2',
  plural: 'componentgroups',
  rows: [promoted],
  defaults: ['created'],
  takeApart,
  milestones,
})
