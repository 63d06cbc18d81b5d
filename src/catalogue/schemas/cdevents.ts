import { type SpecVersion, specVersions } from '../../formats/cdevents/rules.ts'
import { eventOfType, isCustomName } from '../../formats/cdevents/vocabulary.ts'
import { eventOf } from '../../sources/event-of.ts'
import type { DetailKind, Family, MilestoneKind, Source } from '../../sources/source.ts'
import { taskRun } from '../../sources/tekton.ts'
import { fluxFactsSchema } from './flux.ts'
import { konfluxFacts, konfluxFactsOf } from './konflux.ts'
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
export function cdeventsData(type: string, source: Source, milestone: MilestoneKind): Schema {
  const { family } = eventOf(source, milestone.name)
  return {
    allOf: [official(type)],
    ...members('', {
      ...(isCustomName(type) && {
        'subject!':
          family === 'tekton'
            ? runSubject(type, milestone)
            : customSubject(milestone, type.includes('konflux-snapshot.')),
      }),
      customData: customData(type, source, family),
    }),
  }
}

/** Of an event that authors of Tasks declare: the CDEvent as the specification has it. */
export const declaredSchema = (type: string, description: string): Schema => ({
  $schema: draft,
  $id: `${idBase}/${type}.json`,
  title: type,
  description,
  allOf: [official(type)],
})

const runSubject = (type: string, { reason, details = {} }: MilestoneKind): Schema =>
  members('the run', {
    'id!': text('namespace, kind in lower case, and name of the run'),
    type: text('in 0.4.1 only'),
    'content!': members('the run, and what the milestone tells', {
      ...(type.includes('tekton-pipelinerun')
        ? { 'pipelineName!': text('of the Pipeline; of an embedded one the run’s') }
        : { 'taskName!': text('of the Task; of an embedded one the pipeline’s task, or the run') }),
      uri,
      ...(!type.includes('tekton-pipelinerun') && {
        pipelineRun: members('the PipelineRun that it is part of', {
          'id!': text('the subject’s id of that run’s events'),
        }),
      }),
      ...(reason !== undefined && { reason: text(`of ${reason}`), message: text('the same one’s') }),
      ...Object.fromEntries(Object.entries(details).map(contentOf)),
    }),
  })

const uri = text('the object in the dashboard (`--dashboard-url`), else at the API server')

/** Of all families but Tekton's, which has names of its own for what is run. */
const customSubject = ({ outcome, reason, details = {} }: MilestoneKind, isOfSnapshot: boolean): Schema =>
  members('the object', {
    'id!': text('namespace, kind in lower case, and name of the object'),
    type: text('in 0.4.1 only'),
    'content!': members('what the milestone tells', {
      uri,
      ...(outcome && { outcome: { type: 'string', enum: cdeventsOutcomes, description: 'how it ended' } }),
      ...(reason !== undefined && { reason: text(`of ${reason}`), message: text('the same one’s') }),
      ...Object.fromEntries(Object.entries(details).map(contentOf)),
      ...(details.digest && { artifactId: text('package URL of the image') }),
      ...(isOfSnapshot && {
        artifacts: {
          type: 'array',
          description: 'package URLs of what the Snapshot is made of',
          items: { type: 'string', minLength: 1 },
        },
      }),
    }),
  })

/** A detail as it stands in `content`: outcomes are in CDEvents' own words. */
const contentOf = ([name, { type, about, always, enum: allowed }]: [string, DetailKind]): [string, Schema] => [
  always ? `${name}!` : name,
  { type, description: about, ...(allowed && { enum: name === 'outcome' ? cdeventsOutcomes : allowed }) },
]

const cdeventsOutcomes = ['success', 'failure', 'cancel', 'error'] as const

/** By the name of the family. What the vocabulary has an event for may be of several: an artifact, a test. */
function customData(type: string, source: Source, family: Family): Schema {
  const told = 'what the vocabulary has no field for; absent with `data.content: none`'
  const isOfTask = type.startsWith('dev.cdevents.taskrun.finished.')
  const isShared = (family !== 'tekton' || isOfTask) && !isCustomName(type)
  if (!isShared) return members(told, { [`${family}!`]: ofObject(factsOf[family](source)) })
  return members(told, {
    ...(type.startsWith('dev.cdevents.build.finished.') && {
      outcome: {
        type: 'string',
        enum: cdeventsOutcomes,
        description: 'how the build ended; also with `data.content: none`',
      },
      errors: text('why it did not succeed'),
    }),
    ...Object.fromEntries(
      (isOfTask ? ofTasks : sharers).map((one) => [one, ofObject(factsOf[one](isOfTask ? taskRun : source))]),
    ),
  })
}

/** Whose events have types in common. */
const sharers = ['konflux', 'flux', 'generic'] as const

/** An action of Helm is a task to the table of Flux's RFC. */
const ofTasks = ['tekton', 'flux'] as const

/** By `facts` of src/formats/facts.ts. */
const factsOf: Readonly<Record<Family, (source: Source) => Record<string, Schema>>> = {
  tekton: (source) => ({ 'run!': runFacts, ...konfluxFactsOf(source) }),
  konflux: () => ({ run: runFacts, ...konfluxFacts }),
  flux: () => ({ 'flux!': fluxFactsSchema() }),
  generic: () => ({}),
}

const ofObject = (facts: Record<string, Schema>): Schema => ({
  description: 'of the object: a summary of it, or the whole object with `data.content: full`',
  anyOf: [
    members('the summary', {
      'apiVersion!': text('of the object'),
      'kind!': text('of the object'),
      'metadata!': members('of the object', {
        'name!': text('of the object'),
        namespace: text('of the object'),
        'uid!': text('of the object'),
        generation: { type: 'integer', minimum: 0, description: 'of the object' },
        labels,
      }),
      reason: text('that the milestone has'),
      ...facts,
      ...summaryParts,
    }),
    object('the whole object'),
  ],
})
