import { rowOf } from '../../../sources/event-of.ts'
import { text } from '../../../sources/read.ts'
import type { Milestone } from '../../../sources/source.ts'
import { eventId } from '../../attributes.ts'
import { path } from '../../cdevents/build.ts'
import type { Link } from '../../cdevents/event.ts'
import { typeOf } from '../../cdevents/vocabulary.ts'
import type { EncodeInput } from '../../format.ts'
import type { Mapping } from '../mapping.ts'
import { toldBy } from './events.ts'

/** Flux: services, environments, incidents and tests by the vocabulary of CDEvents, the rest by custom events (docs/flux.md). */
export const fluxMapping: Mapping = {
  knows: (source, milestoneName) => rowOf(source, milestoneName) !== undefined,
  events: (input) => [{ ...toldBy(input), links: linksOf(input) }],
}

/** What follows on the release that it is about. */
const followers: ReadonlySet<string> = new Set([
  'tests-passed',
  'tests-failed',
  'rolled-back',
  'rollback-failed',
  'uninstalled',
])

/** PATH from a failure to its end, and from a release to its tests and remediation: as far as the object itself tells. */
function linksOf(input: EncodeInput): Link[] {
  const { source, object, milestone } = input
  const key = milestone.name === 'recovered' ? text(milestone.details?.failure) : undefined
  if (key !== undefined) return [path(idOf(input, { ...milestone, name: key.split('/', 1)[0] ?? '', key }))]
  if (!followers.has(milestone.name)) return []
  const before = source
    .milestones(object)
    .filter((other) => other.details?.version !== undefined && isBefore(other, milestone))
    .reduce<Milestone | undefined>((last, other) => (last && isBefore(other, last) ? last : other), undefined)
  return before ? [path(idOf(input, before))] : []
}

/** By when; within a second, which is all that Helm tells, by the number of the release, then by what comes of one. */
function isBefore(one: Milestone, other: Milestone): boolean {
  if (one.time !== other.time) return one.time < other.time
  const [version, otherVersion] = [Number(one.details?.version), Number(other.details?.version)]
  return version === otherVersion ? one.rank < other.rank : version < otherVersion
}

function idOf(input: EncodeInput, milestone: Milestone): string {
  const { name, part } = toldBy({ ...input, milestone })
  const type = typeOf(input.options.cdevents.specVersion, name)
  return eventId(input.object.metadata.uid, milestone.key, 'cdevents', type, part)
}
