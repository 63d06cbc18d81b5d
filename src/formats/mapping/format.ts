import { hasIdentity } from '../bare.ts'
import { type EncodeInput, type Encoding, type Format, nothing } from '../format.ts'
import type { CDEventsOptions } from '../options.ts'
import { withDeclared } from '../user-events/encode.ts'
import { encodeCDEvent } from './encode.ts'
import { linksOf } from './links.ts'
import { subjectIdOf } from './run.ts'
import { eventFor } from './vocabulary.ts'

/** CDEvents: the milestones of Tekton runs, by docs/cdevents.md. */
export const cdevents: Format = {
  name: 'cdevents',
  hasSummary: true,
  knows: (source, milestoneName) => eventFor(source, milestoneName) !== undefined,
  formOf: ({ extensions, data, cdevents }) =>
    JSON.stringify([extensions, data, { ...cdevents, userEvents: userEventsForm(cdevents) }]),
  encode(input) {
    if (!hasIdentity(input.object)) return nothing
    const { userEvents } = input.options.cdevents
    const milestone = userEvents?.only ? nothing : own(input)
    return userEvents ? withDeclared(input, milestone) : milestone
  },
}

/** The event that the milestone itself becomes. */
function own(input: EncodeInput): Encoding {
  const { source, object, milestone } = input
  const event = eventFor(source, milestone.name)
  if (event === undefined) return nothing
  const subject = { id: subjectIdOf(object, source.kind), content: event.content(input) }
  return encodeCDEvent(input, { name: event.name, subject, links: linksOf(input) })
}

const userEventsForm = ({ userEvents }: CDEventsOptions) => userEvents && [[...userEvents.types], userEvents.only]
