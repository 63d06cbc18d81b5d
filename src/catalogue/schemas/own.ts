import { sourcesOf } from '../../sources/index.ts'
import type { DetailKind, Family, MilestoneKind, Source } from '../../sources/source.ts'
import { fluxFactsSchema } from './flux.ts'
import { konfluxFactsOf } from './konflux.ts'
import { labels, outcomeMember, runFacts, summaryParts } from './run.ts'
import { members, object, type Schema, text, time } from './schema.ts'

/** What Carillon's own format sends as data for a milestone. */
export function ownData(source: Source, row: MilestoneKind): Schema {
  return members('', {
    'apiVersion!': { type: 'string', ...apiVersions(source), description: 'of the object' },
    'kind!': { type: 'string', const: source.kind, description: 'of the object' },
    'name!': text('of the object'),
    namespace: text('of the object'),
    'uid!': text('of the object: tells it from a later one of the same name'),
    generation: { type: 'integer', minimum: 0, description: 'of the object: moves with each change of its spec' },
    labels,
    'milestone!': milestone(row),
    ...factsSchemas[source.family](source, row),
    'url!': text('the object in the dashboard (`--dashboard-url`), else at the API server'),
    ...summaryParts,
    object: object(
      'with `data.content: full`, the whole object but for what never leaves the cluster (docs/security.md)',
    ),
  })
}

/** By `facts` of src/formats/facts.ts. */
const factsSchemas: Readonly<Record<Family, (source: Source, row: MilestoneKind) => Record<string, Schema>>> = {
  tekton: (source) => ({ 'run!': runFacts, ...konfluxFactsOf(source) }),
  konflux: konfluxFactsOf,
  flux: (source) => ({ 'flux!': fluxFactsSchema(source) }),
  generic: () => ({}),
}

/**
 * All in which the kind is read: events of one type have one schema, in whichever group and version the cluster has the kind. Of a kind that
 * nothing is known of only the cluster can tell.
 */
function apiVersions({ kind, family }: Source): Pick<Schema, 'const' | 'enum'> {
  const all = sourcesOf(kind)
    .filter((source) => source.family === family)
    .flatMap(({ group, version, versions = [] }) => [version, ...versions].map((one) => `${group}/${one}`))
  const [only] = all
  if (only === undefined) return {}
  return all.length === 1 ? { const: only } : { enum: all }
}

function milestone({ name, outcome, reason, details }: MilestoneKind): Schema {
  return members('what happened', {
    'name!': { type: 'string', const: name, description: 'the milestone' },
    'time!': time('when it happened; also the event’s `time`'),
    ...outcomeMember(outcome),
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
