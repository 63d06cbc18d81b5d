import { labels, runFacts } from './run.ts'
import { members, object, type Schema, text } from './schema.ts'

type SpecVersion = '0.4.1' | '0.5.1'

/**
 * The official schema of a CDEvents type, which names it by words: `taskrun.finished` is task-run-finished-event in 0.4.1 and
 * taskrun-finished-event in 0.5.1, but for one (cdevents/spec, schemas/*.json `$id`). Custom types have one schema for all.
 */
export function officialSchema(type: string, specVersion: SpecVersion): string {
  const [, owner, subject = '', predicate = ''] = type.split('.')
  const base = `https://cdevents.dev/${specVersion}/schema`
  if (owner === 'cdeventsx') return `${base}/custom`
  const words = specVersion === '0.4.1' || subject === 'testoutput' ? (compounds.get(subject) ?? subject) : subject
  return `${base}/${words}-${predicate}-event`
}

/** A custom type is the same in both versions: its events are valid in the one or in the other. */
const officialReference = (type: string, specVersion: SpecVersion): Schema =>
  type.startsWith('dev.cdeventsx.')
    ? { anyOf: (['0.4.1', '0.5.1'] as const).map((version) => ({ $ref: officialSchema(type, version) })) }
    : { $ref: officialSchema(type, specVersion) }

const compounds: ReadonlyMap<string, string> = new Map([
  ['pipelinerun', 'pipeline-run'],
  ['taskrun', 'task-run'],
  ['testcaserun', 'test-case-run'],
  ['testsuiterun', 'test-suite-run'],
  ['testoutput', 'test-output'],
])

/** The CDEvent as the specification has it, and what we put into its customData. */
export const cdeventsData = (type: string, specVersion: SpecVersion): Schema => ({
  allOf: [officialReference(type, specVersion)],
  ...members('', {
    customData: members('what the vocabulary has no field for; absent with `data.content: none`', custom),
  }),
})

const custom = {
  'tekton!': {
    description: 'of the run: a summary of it, or the whole object with `data.content: full`',
    anyOf: [
      members('the summary', {
        'apiVersion!': text('of the run'),
        'kind!': text('of the run'),
        'metadata!': members('of the run', {
          'name!': text('of the run'),
          namespace: text('of the run'),
          'uid!': text('of the run'),
          generation: { type: 'integer', minimum: 0, description: 'of the run' },
          labels,
        }),
        reason: text('of the condition Succeeded'),
        'run!': runFacts,
      }),
      object('the whole run'),
    ],
  },
} satisfies Record<string, Schema>
