import { eventId } from '../attributes.ts'
import { path } from '../cdevents/build.ts'
import type { Link } from '../cdevents/event.ts'
import type { EventName } from '../cdevents/generated.ts'
import { typeOf } from '../cdevents/vocabulary.ts'
import type { EncodeInput } from '../format.ts'
import { lastBefore } from './earlier.ts'
import { causeOf } from './konflux/links.ts'
import { parentOf } from './parent.ts'
import { coreEvent } from './vocabulary.ts'

/**
 * PATH from the event before this one: of the same run the latest earlier milestone that the object still shows and that the vocabulary
 * has an event for; of the first of these, that the PipelineRun which it is part of has started. Ids are computed, so nothing need be
 * remembered and nothing is guessed: a PipelineRun has started before it creates anything.
 * RELATION from the first event of a run of Konflux to what it was made for, where that is remembered: of all else no other event's id
 * can be known from the run. No END, as a chain goes on after the run.
 */
export function linksOf(input: EncodeInput): Link[] {
  const { source, object, milestone } = input
  const isTold = ({ name }: { name: string }) => coreEvent(source, name) !== undefined
  const earlier = lastBefore(source.milestones(object), milestone.rank, isTold)
  const event = earlier && coreEvent(source, earlier.name)
  if (earlier && event) return [path(idOf(input, object.metadata.uid, earlier.key, event.name))]
  const { uid } = parentOf(object)
  return uid === undefined ? causeOf(input) : [path(idOf(input, uid, 'started', 'pipelinerun.started'))]
}

const idOf = ({ options }: EncodeInput, uid: string, milestoneKey: string, name: EventName): string =>
  eventId(uid, milestoneKey, 'cdevents', typeOf(options.cdevents.specVersion, name))
