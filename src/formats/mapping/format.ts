import { eventOf } from '../../sources/event-of.ts'
import type { Family } from '../../sources/source.ts'
import { hasIdentity } from '../bare.ts'
import { familyOf } from '../facts.ts'
import { type EncodeInput, type Format, nothing } from '../format.ts'
import type { CDEventsOptions } from '../options.ts'
import { withDeclared } from '../user-events/encode.ts'
import { type Drafts, draftCDEvent, fillDraft, noDrafts, runTextsOf } from './encode.ts'
import { fluxMapping } from './flux/mapping.ts'
import { konfluxMapping } from './konflux/mapping.ts'
import { type Mapping, noMapping } from './mapping.ts'
import { tektonMapping } from './tekton.ts'

/** By whose events they are. */
const mappings: Readonly<Record<Family, Mapping>> = {
  tekton: tektonMapping,
  konflux: konfluxMapping,
  flux: fluxMapping,
  generic: noMapping,
}

/** CDEvents: what each milestone becomes, and what authors declare, by docs/cdevents.md. */
export const cdevents: Format = {
  name: 'cdevents',
  hasSummary: true,
  knows: (source, milestoneName, options) =>
    mappings[eventOf(source, milestoneName).family].knows(source, milestoneName, options),
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
  const drafts = mappings[familyOf(input)].events(input).map((parts) => draftCDEvent(input, parts))
  return {
    events: drafts.flatMap(({ events }) => events),
    problems: drafts.flatMap(({ problems }) => problems),
  }
}

const userEventsForm = ({ userEvents }: CDEventsOptions) => userEvents && [[...userEvents.types], userEvents.only]
