import { eventOf, rowOf } from '../../sources/event-of.ts'
import type { Family, Source } from '../../sources/source.ts'
import { hasIdentity } from '../bare.ts'
import { type EncodeInput, type Format, nothing } from '../format.ts'
import type { CDEventsOptions } from '../options.ts'
import { withDeclared } from '../user-events/encode.ts'
import { type Drafts, draftCDEvent, fillDraft, noDrafts, runTextsOf } from './encode.ts'
import { fluxMapping } from './flux/mapping.ts'
import { genericMapping } from './generic.ts'
import { konfluxMapping } from './konflux/mapping.ts'
import type { Mapping } from './mapping.ts'
import { tektonMapping } from './tekton.ts'

/** By whose events they are. */
const mappings: Readonly<Record<Family, Mapping>> = {
  tekton: tektonMapping,
  konflux: konfluxMapping,
  flux: fluxMapping,
  generic: genericMapping,
}

/** What a subscription defines is in no kind's catalogue. */
const mappingOf = (source: Source, milestoneName: string): Mapping =>
  rowOf(source, milestoneName) === undefined ? genericMapping : mappings[eventOf(source, milestoneName).family]

/** CDEvents: what each milestone becomes, and what authors declare, by docs/cdevents.md. */
export const cdevents: Format = {
  name: 'cdevents',
  hasSummary: true,
  knows: (source, milestoneName, options) => mappingOf(source, milestoneName).knows(source, milestoneName, options),
  formOf: ({ extensions, data, cdevents, flux }) =>
    JSON.stringify([extensions, data, { ...cdevents, userEvents: userEventsForm(cdevents) }, flux]),
  encode(input) {
    if (!hasIdentity(input.object)) return nothing
    const { events, problems } = draftsOf(input)
    const run = events.length > 0 ? runTextsOf(input) : undefined
    return { events: events.map((event) => fillDraft(input, event, run)), problems }
  },
}

/** The milestone's own events, then those that are declared for it. */
function draftsOf(input: EncodeInput): Drafts {
  const { userEvents } = input.options.cdevents
  const own = userEvents?.only ? noDrafts : ownDrafts(input)
  return userEvents ? withDeclared(input, own) : own
}

function ownDrafts(input: EncodeInput): Drafts {
  const drafts = mappingOf(input.source, input.milestone.name)
    .events(input)
    .map((parts) => draftCDEvent(input, parts))
  return {
    events: drafts.flatMap(({ events }) => events),
    problems: drafts.flatMap(({ problems }) => problems),
  }
}

const userEventsForm = ({ userEvents }: CDEventsOptions) => userEvents && [[...userEvents.types], userEvents.only]
