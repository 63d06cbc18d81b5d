import { type DetailKind, type MilestoneKind, outcomes, type Source } from '../../sources/source.ts'
import { howItEnded, labels, runFacts, summaryParts } from './run.ts'
import { members, object, type Schema, text, time } from './schema.ts'

/** What Carillon's own format sends as data for a milestone. */
export function ownData(source: Source, row: MilestoneKind): Schema {
  const apiVersion = source.group ? `${source.group}/${source.version}` : source.version
  return members('', {
    'apiVersion!': { type: 'string', const: apiVersion, description: 'of the object' },
    'kind!': { type: 'string', const: source.kind, description: 'of the object' },
    'name!': text('of the object'),
    namespace: text('of the object'),
    'uid!': text('of the object: tells it from a later one of the same name'),
    generation: { type: 'integer', minimum: 0, description: 'of the object: moves with each change of its spec' },
    labels,
    'milestone!': milestone(row),
    ...(source.family === 'tekton' && { 'run!': runFacts }),
    'url!': text('the object in the dashboard (`--dashboard-url`), else at the API server'),
    ...summaryParts,
    object: object(
      'with `data.content: full`, the whole object but for what never leaves the cluster (docs/security.md)',
    ),
  })
}

function milestone({ name, outcome, reason, details }: MilestoneKind): Schema {
  return members('what happened', {
    'name!': { type: 'string', const: name, description: 'the milestone' },
    'time!': time('when it happened; also the event’s `time`'),
    ...(outcome && { 'outcome!': { type: 'string', enum: outcomes, description: howItEnded } }),
    ...(reason !== undefined && {
      reason: text(`of ${reason}; at most 256 characters`, { maxLength: 256 }),
      message: text('the same one’s; at most 1024 characters', { maxLength: 1024 }),
    }),
    ...(details && { details: detailsSchema(details) }),
  })
}

function detailsSchema(details: Readonly<Record<string, DetailKind>>): Schema {
  const entries = Object.entries(details).map(([name, { type, about, always, enum: allowed }]): [string, Schema] => [
    always ? `${name}!` : name,
    { type, description: about, ...(allowed && { enum: allowed }) },
  ])
  return members(
    'of this very milestone; absent where what they are read from is redacted',
    Object.fromEntries(entries),
  )
}
