import { hash } from 'node:crypto'
import type { KubeObject } from '../api/object.ts'
import { componentRank, onboarded, onboardingFailed } from './konflux-component-rows.ts'
import { konfluxTime } from './konflux-time.ts'
import { type Fields, fields, fieldTime, lastWrite, list, plainText } from './read.ts'
import { derived, resourceSource } from './resource-source.ts'
import type { Milestone } from './source.ts'

type Component = {
  versions: readonly Fields[]
  /** What is wrong with all of it. */
  message: unknown
  /** When the status was last written, ms. */
  written: number | undefined
}

function takeApart(object: KubeObject): Component {
  const metadata = fields(object.metadata)
  const status = fields(object.status)
  return {
    versions: list(status.versions).map(fields),
    message: status.message,
    written: fieldTime(metadata, ['status']) ?? lastWrite(metadata),
  }
}

const milestones = ({ versions, message, written }: Component): Milestone[] => [
  ...(plainText(message, 1024) === undefined ? [] : failed(undefined, message, written)),
  ...versions.flatMap((of) => ofVersion(of, written)),
]

function ofVersion(of: Fields, written: number | undefined): Milestone[] {
  const version = plainText(of.name, 253)
  if (version === undefined) return []
  if (of['onboarding-status'] === 'failed') return failed(version, of.message, written)
  if (of['onboarding-status'] !== 'succeeded') return []
  const dated = konfluxTime(of['onboarding-time'])
  const at = dated ?? written
  if (at === undefined) return []
  const key = ['onboarded', version, ...(dated === undefined ? [] : [dated])].join('/')
  const told = { ...(dated === undefined && { undated: true as const }), details: { version } }
  return [{ ...derived('onboarded', key, at, componentRank('onboarded')), ...told }]
}

function failed(version: string | undefined, text: unknown, at: number | undefined): Milestone[] {
  if (at === undefined) return []
  const message = plainText(text, 1024)
  const name = 'onboarding-failed'
  const key = `${name}/${version ?? ''}/${hash('sha256', message ?? '').slice(0, 8)}`
  return [
    {
      ...derived(name, key, at, componentRank(name)),
      undated: true,
      ...(message !== undefined && { message }),
      ...(version !== undefined && { details: { version } }),
    },
  ]
}

/** The kind as it is to be: with versions, and what becomes of each in its status. Which image is promoted its ComponentGroups tell. */
export const versionedComponent = resourceSource({
  name: 'Component.konflux-ci.dev',
  kind: 'Component',
  family: 'konflux',
  group: 'konflux-ci.dev',
  version: 'v1alpha1',
  plural: 'components',
  rows: [onboarded, onboardingFailed],
  defaults: ['created', 'deleted'],
  takeApart,
  milestones,
})
