import { hasIdentity } from '../bare.ts'
import { type EncodeInput, type Format, nothing } from '../format.ts'
import type { CDEventsOptions } from '../options.ts'
import { withDeclared } from '../user-events/encode.ts'
import { type Drafts, draftCDEvent, fillDraft, noDrafts, runTextsOf } from './encode.ts'
import { linksOf } from './links.ts'
import { subjectIdOf } from './run.ts'
import { eventFor } from './vocabulary.ts'

/** CDEvents: the milestones of Tekton runs and what their authors declare, by docs/cdevents.md. */
export const cdevents: Format = {
  name: 'cdevents',
  hasSummary: true,
  knows: (source, milestoneName) => eventFor(source, milestoneName) !== undefined,
  formOf: ({ extensions, data, cdevents }) =>
    JSON.stringify([extensions, data, { ...cdevents, userEvents: userEventsForm(cdevents) }]),
  encode(input) {
    if (!hasIdentity(input.object)) return nothing
    const { events, problems } = draftsOf(input)
    const run = events.length > 0 ? runTextsOf(input) : undefined
    return { events: events.map((event) => fillDraft(input, event, run)), problems }
  },
}

/** The milestone's own event, then those that are declared for it. */
function draftsOf(input: EncodeInput): Drafts {
  const { userEvents } = input.options.cdevents
  const own = userEvents?.only ? noDrafts : ownDraft(input)
  return userEvents ? withDeclared(input, own) : own
}

function ownDraft(input: EncodeInput): Drafts {
  const { source, object, milestone } = input
  const event = eventFor(source, milestone.name)
  if (event === undefined) return noDrafts
  const subject = { id: subjectIdOf(object, source.kind), content: event.content(input) }
  return draftCDEvent(input, { name: event.name, subject, links: linksOf(input) })
}

const userEventsForm = ({ userEvents }: CDEventsOptions) => userEvents && [[...userEvents.types], userEvents.only]
