import { rowOf } from '../../../sources/event-of.ts'
import { eventId } from '../../attributes.ts'
import { path } from '../../cdevents/build.ts'
import { typeOf } from '../../cdevents/vocabulary.ts'
import type { EncodeInput } from '../../format.ts'
import type { EventParts } from '../encode.ts'
import type { Mapping } from '../mapping.ts'
import { eventsOf } from './events.ts'
import { linksOf } from './links.ts'

/** Konflux: builds, artifacts and tests by the vocabulary of CDEvents, the rest by custom events (docs/cdevents.md). */
export const konfluxMapping: Mapping = {
  knows: (source, milestoneName) => rowOf(source, milestoneName) !== undefined,
  events: (input) => inOrder(input, eventsOf(input)),
}

/** The first event follows what came before; the others of one milestone follow it, each image of a release by itself. */
function inOrder(input: EncodeInput, events: ReturnType<typeof eventsOf>): EventParts[] {
  const { object, milestone, options } = input
  return events.map((event, place): EventParts => {
    const [first] = events
    if (place === 0 || first === undefined) return { ...event, links: linksOf(input) }
    const type = typeOf(options.cdevents.specVersion, first.name)
    return { ...event, links: [path(eventId(object.metadata.uid, milestone.key, 'cdevents', type, first.part))] }
  })
}
