import type { KubeObject } from '../api/object.ts'
import { konfluxIdentity } from './konflux-labels.ts'
import { fields, fieldTime, lastWrite, plainText, text } from './read.ts'
import { derived, observed, resourceSource } from './resource-source.ts'
import type { Milestone, MilestoneKind, Projection, Source } from './source.ts'

/** `written`: when the status was last written, ms. */
type Repository = { state: string | undefined; message: string | undefined; written: number | undefined }

function takeApart(object: KubeObject): Repository {
  const metadata = fields(object.metadata)
  const { state, message } = fields(object.status)
  return {
    state: text(state),
    message: plainText(message, 1024),
    written: fieldTime(metadata, ['status', 'state']) ?? lastWrite(metadata),
  }
}

const time = 'the last write of the status’s owner in metadata.managedFields: the latest that it can have been'

const end = (name: 'ready' | 'failed', when: string): MilestoneKind => ({
  name,
  class: 'derived',
  default: true,
  key: name,
  time,
  when: `status.state is ${name}: ${when}; once in its life`,
  until: 'the state changes',
  reason: 'status.state; message is status.message',
})

const passing = (name: 'lost' | 'recovered', when: string): MilestoneKind => ({
  name,
  class: 'observed',
  default: false,
  key: `${name}/<time in ms>`,
  time,
  when,
  reason: 'status.state; message is status.message',
})

const rows: readonly MilestoneKind[] = [
  end('ready', 'the repository is there, and can be pushed to'),
  end('failed', 'it can’t be made'),
  passing('lost', 'status.state has come to be damaged or missing: credentials or repository are not there any more'),
  passing('recovered', 'status.state is ready, having been damaged or missing'),
]

const isLost = (state: unknown): boolean => state === 'damaged' || state === 'missing'

function milestones(repository: Repository): Milestone[] {
  const { state, written } = repository
  if ((state !== 'ready' && state !== 'failed') || written === undefined) return []
  return [{ ...derived(state, state, written, 10), undated: true, ...why(repository) }]
}

function transitions(previous: Projection | undefined, repository: Repository): Milestone[] {
  const { state, written } = repository
  if (previous?.state === undefined || written === undefined || isLost(previous.state) === isLost(state)) return []
  const name = isLost(state) ? 'lost' : 'recovered'
  if (name === 'recovered' && state !== 'ready') return []
  return [{ ...observed(name, `${name}/${written}`, written, 20), ...why(repository) }]
}

/** What was lost and is being made again is not back yet. */
function project({ state }: Repository, previous: Projection | undefined): Projection {
  const known = state === 'ready' || isLost(state) || !isLost(previous?.state)
  const kept = known ? state?.slice(0, 64) : previous?.state
  return kept === undefined ? {} : { state: kept }
}

const why = ({ state, message }: Repository) => ({
  ...(state !== undefined && { reason: state }),
  ...(message !== undefined && { message }),
})

const imageRepositories = (group: string, name: string): Source =>
  resourceSource({
    name,
    kind: 'ImageRepository',
    family: 'konflux',
    group,
    version: 'v1alpha1',
    plural: 'imagerepositories',
    rows,
    defaults: [],
    takeApart,
    milestones,
    transitions,
    project,
    identity: konfluxIdentity,
  })

/** Two objects of two groups, which one controller turns into each other. */
export const imageRepository = imageRepositories('appstudio.redhat.com', 'ImageRepository')
export const newImageRepository = imageRepositories('konflux-ci.dev', 'ImageRepository.konflux-ci.dev')
