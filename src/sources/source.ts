import type { KubeObject } from '../api/object.ts'

/** How a run or release ended. Every format maps these to its own words. */
export const outcomes = ['success', 'failure', 'cancelled', 'timeout', 'error'] as const
export type Outcome = (typeof outcomes)[number]

/**
 * derived: readable from the object's present state alone, delivered at least once, always under the same id;
 * observed: needs the state seen before, or the delete itself; survives restarts where the disk does (docs/events).
 */
export type MilestoneClass = 'derived' | 'observed'

/** Whose objects they are: a segment of the CloudEvents `source` and of own event types. */
export const families = ['tekton', 'konflux', 'flux', 'generic'] as const
export type Family = (typeof families)[number]

/** Those with a catalogue: an install may read some of them only. */
export const selectableFamilies = ['tekton', 'konflux', 'flux'] as const satisfies readonly Family[]
export type SelectableFamily = (typeof selectableFamilies)[number]

/** A moment in an object's life. Plain data: stored, filtered on, and encoded. */
export type Milestone = {
  /** The catalogue's name: queued, started, finished, … */
  name: string
  /** Stable for ever, readable from the object alone: `finished`, `retried/1`, `skipped/deploy`. Part of the event's id. */
  key: string
  class: MilestoneClass
  /** When it happened, in ms since the epoch; never when it was seen. */
  time: number
  /** Place in the kind's order of milestones, 0…99; breaks ties of `time` in the extension `sequence`. */
  rank: number
  /**
   * Nothing of the object says when it happened: `time` is the latest that it can have been, and moves with later writes. So it is judged
   * once for each subscription and sink, when it is seen first.
   */
  undated?: true
  outcome?: Outcome
  reason?: string
  message?: string
  /** Small, documented facts of this very milestone (the skipped task's name, the attempt's number). */
  details?: Record<string, string | number | boolean>
  /** uid of the subscription that defines it, in CEL: of no concern to any other. */
  definedBy?: string
}

/** One row of the catalogue: what a kind can tell. The docs' table and the check of `events[].milestones` come from here. */
export type MilestoneKind = {
  name: string
  class: MilestoneClass
  /** In the set that a subscription without `events`, or an entry of it without `milestones`, gets. */
  default: boolean
  /** What its events are of, where that is not the kind itself: of a PipelineRun that builds, `konflux` `build` `started`. */
  event?: EventOf
  key: string
  time: string
  when: string
  /** What takes it back, or puts another in its place: from then on no state tells it. Left out where every later state does. */
  until?: string
  /** Whether it always has an `outcome`, or where one is known. */
  outcome?: true | 'sometimes'
  /** What `reason` and `message` are of; left out where a milestone has neither. */
  reason?: string
  /** What `details` holds; left out where there are none. */
  details?: Readonly<Record<string, DetailKind>>
}

/** An own event's type is `dev.carillon.<family>.<subject>.<predicate>.v1`: small letters, digits and `-`; no digit or `-` first. */
export type EventOf = { family: Family; subject: string; predicate: string }

/** One fact in a milestone's `details`. `always`: wherever there are details it is among them. */
export type DetailKind = {
  type: 'string' | 'integer' | 'boolean'
  about: string
  always?: true
  enum?: readonly string[]
}

/** What is kept of an object between two reads: small, JSON-able, enough for `transitions`. */
export type Projection = Record<string, string | number | boolean | string[] | undefined>

/** For which observed milestones something is to be kept, and what was kept before. */
export type Keep = { wants(milestoneName: string): boolean; previous: Projection | undefined }

/**
 * How it was learnt that an object is gone, and when (`at`, ms, the API server's clock). `missed`: a list no longer holds it, and nobody
 * saw its last state.
 */
export type Gone = { at: number; missed: boolean }

/** Why something of an object can't be told. `key` tells it from others of the object; `message` never holds a value of it. */
export type Unreadable = {
  key: string
  milestone: string
  /** Milestones besides that can't be told for it. */
  others?: readonly string[]
  message: string
}

/** A watched kind: which resource, and what its objects tell. Everything here is a pure function. */
export type Source = {
  /**
   * Unique over all sources, and on disk for ever: the kind; `<kind>.<group>` where another source has that name, or the kind is none of
   * ours.
   */
  name: string
  kind: string
  family: Family
  group: string
  /** The one that it reads best, or that was found to be served. */
  version: string
  /** Others that it can read, better ones first: asked for where the cluster does not serve `version`. */
  versions?: readonly string[]
  /** Empty where only the cluster knows. */
  plural: string
  catalogue: readonly MilestoneKind[]
  /** Everything that must have happened to the object, read from its present state, in order of rank. Never throws. */
  milestones(object: KubeObject): readonly Milestone[]
  /** What changed between the projection and the object and can't be read from the object alone. Never throws. */
  transitions(previous: Projection | undefined, object: KubeObject): Milestone[]
  /** With `keep` no more than its milestones need; left out, what all need. */
  project(object: KubeObject, keep?: Keep): Projection
  /** Its objects come to no end but their deletion, so that each of their milestones is done with by its own time. */
  lasts?: true
  /** When the object came to its end (ms), or undefined while it is still going. */
  endedAt(object: KubeObject): number | undefined
  /**
   * The milestone of the object's deletion, later than all others; undefined where that is no news, as of one that has ended. `object` is
   * its last state, or its remains where the deletion was missed. Never throws.
   */
  deletion(object: KubeObject, gone: Gone): Milestone | undefined
  /**
   * What is kept of an object to tell of its deletion should that be missed: a small object of the same kind, the same for as long as
   * little changes; undefined where its deletion would be no news. Never throws.
   */
  remains(object: KubeObject): KubeObject | undefined
  /** Whether events of other objects link to this one's: it is remembered for a month after it has gone. */
  isLinkedTo?(object: KubeObject): boolean
  /** What the object ought to tell and nobody can read; told once, counted, and in condition FormatErrors. Never throws. */
  unreadable?(object: KubeObject): readonly Unreadable[]
}
