import { eventOf } from '../../sources/event-of.ts'
import type { CustomName } from '../cdevents/vocabulary.ts'
import type { EncodeInput } from '../format.ts'
import type { EventParts } from './encode.ts'
import type { Mapping } from './mapping.ts'
import { detailsOf } from './outcomes.ts'
import { subjectIdOf } from './run.ts'
import { link } from './vocabulary.ts'

/** Objects of any kind, and what subscriptions define of whichever: one custom event for each milestone, as nobody knows what it means. */
export const genericMapping: Mapping = { knows: () => true, events: (input) => [eventFor(input)] }

function eventFor(input: EncodeInput): EventParts {
  const { source, object, milestone, options } = input
  const { reason, message } = milestone
  const content = {
    ...link(input),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    ...detailsOf(milestone, options.cdevents.outcomes),
  }
  return { name: nameOf(input), subject: { id: subjectIdOf(object, source.kind), content }, links: [] }
}

/** What the Go SDK takes for a subject and a predicate is letters alone: of kind `HTTPRoute`, `is-accepted` is `httproute.isaccepted`. */
function nameOf({ source, milestone }: EncodeInput): CustomName {
  const { family, subject, predicate } = eventOf(source, milestone.name)
  return `dev.cdeventsx.${family}-${letters(subject)}.${letters(predicate)}.0.1.0`
}

const letters = (name: string): string => name.replace(/[^a-z]/g, '')
