import type { KubeObject } from '../api/object.ts'
import { fields, time } from './read.ts'
import { fitting, pick, remainsMetadata, some } from './remains-metadata.ts'
import type { Gone, Milestone, MilestoneKind, Projection, Source, Unreadable } from './source.ts'
import { chainAnnotations, chainTextLimit } from './tekton-chain.ts'

/**
 * A kind of object that lasts: it comes to no end of its own but is deleted some day. Functions are pure and never throw; `Parts` is the
 * object as they see it, taken apart once.
 */
export type Resource<Parts> = Pick<Source, 'kind' | 'family' | 'group' | 'version' | 'versions' | 'plural'> & {
  /** Left out, the kind. */
  name?: string
  /** The rows besides created and deleted. */
  rows: readonly MilestoneKind[]
  /** Which of created and deleted are in the default tier. */
  defaults: readonly ('created' | 'deleted')[]
  takeApart(object: KubeObject): Parts
  /** The derived ones, besides created, in any order. */
  milestones(parts: Parts): readonly Milestone[]
  /** What is kept of it for `transitions`. */
  project?(parts: Parts, previous: Projection | undefined): Projection
  transitions?(previous: Projection | undefined, parts: Parts): Milestone[]
  unreadable?(parts: Parts): readonly Unreadable[]
  /** Events of other objects link to its own. */
  isLinkedTo?: true
  /** What says whose it is, for when it is gone: annotations, and short texts of its spec. */
  identity?: { annotations?: readonly string[]; spec?: readonly string[] }
}

/** What has been read of an object; `told`: its milestones, once they have been asked for. */
type Read<Parts> = { parts: Parts; told?: readonly Milestone[] }

export function resourceSource<Parts>(resource: Resource<Parts>): Source {
  const { kind, family, group, version, versions, plural, rows, defaults, unreadable } = resource
  // An object is asked several times in a row, and is never changed: it is taken apart once.
  const known = new WeakMap<KubeObject, Read<Parts>>()
  const read = (object: KubeObject): Read<Parts> => {
    const found = known.get(object) ?? { parts: resource.takeApart(object) }
    known.set(object, found)
    return found
  }
  const milestones = (object: KubeObject): readonly Milestone[] => {
    const found = read(object)
    found.told ??= inOrder([...created(object), ...resource.milestones(found.parts)])
    return found.told
  }
  const transitions: Source['transitions'] = (previous, object) =>
    inOrder(resource.transitions?.(previous, read(object).parts) ?? [])
  return {
    name: resource.name ?? kind,
    kind,
    family,
    group,
    version,
    ...(versions && { versions }),
    plural,
    catalogue: [
      { ...createdRow, default: defaults.includes('created') },
      ...rows,
      { ...deletedRow, default: defaults.includes('deleted') },
    ],
    lasts: true,
    milestones,
    transitions,
    project: (object, keep) => resource.project?.(read(object).parts, keep?.previous) ?? {},
    endedAt: () => undefined,
    deletion: (object, gone) => deleted(object, [...milestones(object), ...transitions(undefined, object)], gone),
    remains: (object) => remainsOf(object, resource.identity ?? {}),
    ...(resource.isLinkedTo && { isLinkedTo: () => true }),
    ...(unreadable && { unreadable: (object: KubeObject) => unreadable(read(object).parts) }),
  }
}

const createdRow = {
  name: 'created',
  class: 'derived',
  key: 'created',
  time: 'metadata.creationTimestamp',
  when: 'the object was created',
} as const satisfies Omit<MilestoneKind, 'default'>

/** A delete leaves nothing that could be read later: whoever did not see it knows of it from the disk, or not at all. */
const deletedRow = {
  name: 'deleted',
  class: 'observed',
  key: 'deleted',
  time: 'metadata.deletionTimestamp, else when the delete was seen; never before the object’s other milestones',
  when: 'the object is gone; with details.missed nobody was watching when it went',
  details: { missed: { type: 'boolean', about: 'true where nobody was watching when the object went' } },
} as const satisfies Omit<MilestoneKind, 'default'>

/** A derived milestone; `rank` lies between those of created (0) and deleted (99). */
export const derived = (name: string, key: string, at: number, rank: number): Milestone => ({
  name,
  key,
  class: 'derived',
  time: at,
  rank,
})

export const observed = (name: string, key: string, at: number, rank: number): Milestone => ({
  ...derived(name, key, at, rank),
  class: 'observed',
})

function created(object: KubeObject): Milestone[] {
  const at = time(fields(object.metadata).creationTimestamp)
  return at === undefined ? [] : [derived('created', 'created', at, 0)]
}

/** `before`: what else its last state tells. The deletion follows all of it, whatever the clocks of who wrote it say. */
function deleted(object: KubeObject, before: readonly Milestone[], { at, missed }: Gone): Milestone {
  const seen = time(fields(object.metadata).deletionTimestamp) ?? at
  const last = before.reduce((latest, milestone) => Math.max(latest, milestone.time), seen)
  return { ...observed('deleted', 'deleted', last, 99), ...(missed && { details: { missed } }) }
}

/** By rank, each key once: of two that say the same the first counts. */
function inOrder(milestones: readonly Milestone[]): Milestone[] {
  const byKey = new Map<string, Milestone>()
  for (const milestone of milestones) if (!byKey.has(milestone.key)) byKey.set(milestone.key, milestone)
  return [...byKey.values()].sort((a, b) => a.rank - b.rank)
}

/** Most characters of JSON of all annotations that are kept. */
const annotationsLimit = 4096

/** Who it was and whose. The same text for as long as that is the same, whatever else is written. */
function remainsOf(object: KubeObject, { annotations = [], spec = [] }: NonNullable<Resource<unknown>['identity']>) {
  const metadata = fields(object.metadata)
  const all = fields(metadata.annotations)
  const names = [...new Set([...chainAnnotations, ...annotations])]
  const kept = Object.fromEntries(names.flatMap((name) => (Object.hasOwn(all, name) ? [[name, all[name]]] : [])))
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: remainsMetadata(metadata, fitting(kept, annotationsLimit, chainTextLimit)),
    ...some('spec', pick(fields(object.spec), spec)),
  }
}
