import { type MilestoneKind, outcomes } from '../../sources/source.ts'
import { members, object, type Schema, text, time } from './schema.ts'

const names = (description: string): Schema => ({ type: 'array', description, items: { type: 'string', minLength: 1 } })

/** `RunFacts` of src/formats/run-facts.ts. */
export const runFacts: Schema = members('of the run, as it was when the event was made', {
  ref: members('what is run; absent where the spec is embedded', {
    apiVersion: text('of a custom task'),
    kind: text('such as Task; of a custom task its own'),
    name: text('of the Pipeline, Task or custom task'),
    resolver: text('that fetches it, such as git or bundles'),
  }),
  'params!': names('names of the params; their values are in `object` only'),
  'results!': names('names of the results; their values are in `object` only'),
  startTime: time('of the present attempt'),
  completionTime: time('of the present attempt'),
  durationMs: { type: 'integer', minimum: 0, description: 'from startTime to completionTime' },
  retries: {
    type: 'integer',
    minimum: 1,
    description: 'attempts that failed before the present one; absent where there are none',
  },
})

/** An outcome, by src/sources/tekton-conditions.ts. */
const howItEnded =
  'how it ended: `success`, `failure` (it ran, and what it ran failed), `cancelled`, `timeout` or `error` (it could not run, or Tekton failed)'

/** Of a milestone that always has one, that may have one, or that has none. */
export const outcomeMember = (outcome: MilestoneKind['outcome']): Record<string, Schema> =>
  outcome === undefined
    ? {}
    : { [outcome === true ? 'outcome!' : 'outcome']: { type: 'string', enum: outcomes, description: howItEnded } }

/** metadata.labels, as Kubernetes has them. */
export const labels: Schema = {
  type: 'object',
  description:
    'of the object, but for those that name a person or a credential (docs/konflux.md); absent where it has none',
  additionalProperties: { type: 'string' },
}

/** What a summary may hold besides: `extendSummary` of src/formats/summary-parts.ts. */
export const summaryParts: Readonly<Record<string, Schema>> = {
  truncated: {
    type: 'boolean',
    description: 'true where the whole object was asked for, and would have made the event too large',
  },
  objectRef: members('with `truncated`: where the object is', {
    'apiVersion!': text('of the object'),
    'kind!': text('of the object'),
    namespace: text('of the object'),
    'name!': text('of the object'),
    'uid!': text('of the object'),
    resourceVersion: text('the state that the event was made of'),
    'url!': text('in the dashboard, else at the API server'),
  }),
  include: object('what the subscription’s `data.include` names and is there, by its JSON Pointer'),
}
