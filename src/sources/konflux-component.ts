import type { KubeObject } from '../api/object.ts'
import { componentRank, onboarded, onboardingFailed, promoted } from './konflux-component-rows.ts'
import { type Image, imageOf } from './konflux-image.ts'
import { konfluxIdentity } from './konflux-labels.ts'
import { konfluxTime } from './konflux-time.ts'
import { annotationTime, type Fields, fields, fieldTime, lastWrite, parseJson, plainText } from './read.ts'
import { derived, resourceSource } from './resource-source.ts'
import type { Milestone } from './source.ts'

/** Where build-service says how far a Component's builds are set up: `{"pac": {…}, "message": …}` as JSON. */
const statusAnnotation = 'build.appstudio.openshift.io/status'

type Component = {
  metadata: Fields
  /** Undefined where the annotation is no JSON object. */
  pac: Fields | undefined
  image: Image | undefined
}

const takeApart = (object: KubeObject): Component => {
  const metadata = fields(object.metadata)
  return {
    metadata,
    pac: pacOf(fields(metadata.annotations)[statusAnnotation]),
    image: imageOf(fields(object.status).lastPromotedImage),
  }
}

function pacOf(annotation: unknown): Fields | undefined {
  if (annotation === undefined || annotation === '') return {}
  const status = typeof annotation === 'string' ? parseJson(annotation) : undefined
  return typeof status === 'object' && status !== null && !Array.isArray(status)
    ? fields(fields(status).pac)
    : undefined
}

function setUp({ metadata, pac = {} }: Component): Milestone[] {
  const written = annotationTime(metadata, statusAnnotation) ?? lastWrite(metadata)
  const error = pac['error-id']
  if (typeof error === 'number' && Number.isSafeInteger(error) && error > 0) {
    const message = plainText(pac['error-message'], 1024)
    const told = { undated: true, reason: `error-${error}`, ...(message !== undefined && { message }) } as const
    return milestone('onboarding-failed', String(error), written).map((one) => ({ ...one, ...told }))
  }
  if (pac.state !== 'enabled') return []
  const at = konfluxTime(pac['configuration-time'])
  if (at !== undefined) return milestone('onboarded', String(at), at)
  return milestone('onboarded', '', written).map((one) => ({ ...one, key: one.name, undated: true }))
}

function ofPromotion({ metadata, image }: Component): Milestone[] {
  if (image === undefined) return []
  const at = fieldTime(metadata, ['status', 'lastPromotedImage']) ?? lastWrite(metadata)
  const told = { undated: true, details: { ...image } } as const
  return milestone('promoted', image.digest ?? image.image, at).map((one) => ({ ...one, ...told }))
}

const milestone = (name: Parameters<typeof componentRank>[0], rest: string, at: number | undefined): Milestone[] =>
  at === undefined ? [] : [derived(name, `${name}/${rest}`, at, componentRank(name))]

/** The kind as it has been: what becomes of it stands in annotations. */
export const component = resourceSource({
  kind: 'Component',
  family: 'konflux',
  group: 'appstudio.redhat.com',
  version: 'v1alpha1',
  plural: 'components',
  rows: [onboarded, onboardingFailed, promoted],
  defaults: ['created', 'deleted'],
  takeApart,
  milestones: (of) => [...setUp(of), ...ofPromotion(of)],
  unreadable: ({ pac }) =>
    pac === undefined
      ? [
          {
            key: 'builds',
            milestone: 'onboarded',
            others: ['onboarding-failed'],
            message: `annotation ${statusAnnotation} is no JSON object: whether builds are set up is not told`,
          },
        ]
      : [],
  identity: konfluxIdentity,
})
