import { path } from '../cdevents/build.ts'
import type { EncodeInput, FormatProblem } from '../format.ts'
import { type Draft, type Drafts, draftCDEvent } from '../mapping/encode.ts'
import { declaredEvents, short } from './declared-events.ts'

/** Characters of an event, without what it tells of the run: a dead letter keeps it for a week. */
const maxLength = 32_768

/**
 * What a milestone gives together with the events that its run's author declares for it: those come after the milestone's own, and have a
 * PATH link from that. What would not be valid is a problem, told under its declaration's name; all others go.
 */
export function withDeclared(input: EncodeInput, own: Drafts): Drafts {
  const declared = declaredEvents(input)
  if (declared.events.length + declared.problems.length === 0) return own
  const [before] = own.events
  const links = before ? [path(before.id)] : []
  const events: Draft[] = [...own.events]
  const problems: FormatProblem[] = [...own.problems, ...declared.problems]
  for (const { declaration, ...parts } of declared.events) {
    const made = draftCDEvent(input, { ...parts, links, part: declaration, maxLength })
    events.push(...made.events)
    problems.push(
      ...made.problems.map(({ reason, message }) => ({
        reason,
        message: short(`declaration ${declaration}: ${message}`),
      })),
    )
  }
  return { events, problems }
}
