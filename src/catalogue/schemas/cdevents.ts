import { type SpecVersion, specVersions } from '../../formats/cdevents/rules.ts'
import { eventOfType, isCustomName } from '../../formats/cdevents/vocabulary.ts'
import type { DetailKind, MilestoneKind } from '../../sources/source.ts'
import { labels, runFacts, summaryParts } from './run.ts'
import { draft, idBase, members, object, type Schema, text } from './schema.ts'

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

const compounds: ReadonlyMap<string, string> = new Map([
  ['pipelinerun', 'pipeline-run'],
  ['taskrun', 'task-run'],
  ['testcaserun', 'test-case-run'],
  ['testsuiterun', 'test-suite-run'],
  ['testoutput', 'test-output'],
])

/** A type of the vocabulary belongs to one version of the specification, a custom one to any. */
function official(type: string): Schema {
  const version = eventOfType(type)?.version
  if (version !== undefined) return { $ref: officialSchema(type, version) }
  return { anyOf: specVersions.map((one) => ({ $ref: officialSchema(type, one) })) }
}

/** The CDEvent as the specification has it, and what we put into its customData; of a custom event also into its subject. */
export const cdeventsData = (type: string, milestone: MilestoneKind): Schema => ({
  allOf: [official(type)],
  ...members('', {
    ...(isCustomName(type) && { 'subject!': customSubject(type, milestone) }),
    customData: members('what the vocabulary has no field for; absent with `data.content: none`', custom),
  }),
})

/** Of an event that authors of Tasks declare: the CDEvent as the specification has it. */
export const declaredSchema = (type: string, description: string): Schema => ({
  $schema: draft,
  $id: `${idBase}/${type}.json`,
  title: type,
  description,
  allOf: [official(type)],
})

const customSubject = (type: string, { reason, details = {} }: MilestoneKind): Schema =>
  members('the run', {
    'id!': text('namespace, kind in lower case, and name of the run'),
    type: text('in 0.4.1 only'),
    'content!': members('the run, and what the milestone tells', {
      ...(type.includes('tekton-pipelinerun')
        ? { 'pipelineName!': text('of the Pipeline; of an embedded one the run’s') }
        : { 'taskName!': text('of the Task; of an embedded one the pipeline’s task, or the run') }),
      uri: text('the object in the dashboard (`--dashboard-url`), else at the API server'),
      ...(!type.includes('tekton-pipelinerun') && {
        pipelineRun: members('the PipelineRun that it is part of', {
          'id!': text('the subject’s id of that run’s events'),
        }),
      }),
      ...(reason !== undefined && { reason: text(`of ${reason}`), message: text('the same one’s') }),
      ...Object.fromEntries(Object.entries(details).map(contentOf)),
    }),
  })

/** A detail as it stands in `content`: outcomes are in CDEvents' own words. */
const contentOf = ([name, { type, about, always, enum: allowed }]: [string, DetailKind]): [string, Schema] => [
  always ? `${name}!` : name,
  { type, description: about, ...(allowed && { enum: name === 'outcome' ? cdeventsOutcomes : allowed }) },
]

const cdeventsOutcomes = ['success', 'failure', 'cancel', 'error'] as const

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
        ...summaryParts,
      }),
      object('the whole run'),
    ],
  },
} satisfies Record<string, Schema>
