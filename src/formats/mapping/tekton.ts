import { linksOf } from './links.ts'
import type { Mapping } from './mapping.ts'
import { subjectIdOf } from './run.ts'
import { eventFor } from './vocabulary.ts'

/** Tekton runs: one event for each milestone. */
export const tektonMapping: Mapping = {
  knows: (source, milestoneName) => eventFor(source, milestoneName) !== undefined,
  events(input) {
    const { source, object, milestone } = input
    const event = eventFor(source, milestone.name)
    if (event === undefined) return []
    const subject = { id: subjectIdOf(object, source.kind), content: event.content(input) }
    return [{ name: event.name, subject, links: linksOf(input) }]
  },
}
