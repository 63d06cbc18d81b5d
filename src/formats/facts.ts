import type { KubeObject } from '../api/object.ts'
import { eventOf } from '../sources/event-of.ts'
import type { Family, Milestone, Source } from '../sources/source.ts'
import { fluxExtensions, fluxFacts } from './flux-facts.ts'
import type { EncodeInput } from './format.ts'
import { konfluxExtensions } from './konflux/extensions.ts'
import { konfluxFacts } from './konflux/facts.ts'
import { runExtensions, runFacts } from './run-facts.ts'

/** What a family's events tell of their object besides what all do: an allow-list, the same in every format that has a summary. */
export type Facts = {
  /** Where data and customData have them. */
  member: string
  /** JSON-able, with something in it. No value of a param, a result or any other field of free form. */
  of(source: Source, object: KubeObject): Record<string, unknown>
  /** CloudEvents extensions of our own format, where the object has what they tell. */
  extensions(source: Source, object: KubeObject, milestone: Milestone): Record<string, string>
}

const runs: Facts = { member: 'run', of: (_, object) => runFacts(object), extensions: runExtensions }
const ofKonflux: Facts = { member: 'konflux', of: konfluxFacts, extensions: konfluxExtensions }

const flux: Facts = { member: 'flux', of: fluxFacts, extensions: fluxExtensions }

const konflux = (source: Source, object: KubeObject): readonly Facts[] =>
  Object.keys(konfluxFacts(source, object)).length > 0 ? [ofKonflux] : []

/** By the family of the source; of a run that Konflux labelled there may be more than one. */
const facts: Readonly<Record<Family, (source: Source, object: KubeObject) => readonly Facts[]>> = {
  tekton: (source, object) => [runs, ...konflux(source, object)],
  konflux,
  flux: () => [flux],
  generic: () => [],
}

/** What the summary of an event holds of its object, by member: `{run: {…}}`. */
export const factsOf = (source: Source, object: KubeObject): Record<string, unknown> =>
  Object.fromEntries(facts[source.family](source, object).map(({ member, of }) => [member, of(source, object)]))

export const extensionsOf = (source: Source, object: KubeObject, milestone: Milestone): Record<string, string> =>
  Object.assign(
    {},
    ...facts[source.family](source, object).map(({ extensions }) => extensions(source, object, milestone)),
  )

/** Whose events a milestone's are. */
export const familyOf = ({ source, milestone }: Pick<EncodeInput, 'source' | 'milestone'>): Family =>
  eventOf(source, milestone.name).family

/** As the object says; one without is taken for what its source reads. */
export const apiVersionOf = ({ group, version }: Source, object: KubeObject): string =>
  object.apiVersion || (group ? `${group}/${version}` : version)
