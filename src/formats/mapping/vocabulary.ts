import type { Source } from '../../sources/source.ts'
import { isUri } from '../cdevents/formats.ts'
import type { EventName } from '../cdevents/generated.ts'
import type { CustomName } from '../cdevents/vocabulary.ts'
import type { EncodeInput } from '../format.ts'
import { detailsOf, outcomeOf } from './outcomes.ts'
import { pipelineNameOf, pipelineRunOf, taskNameOf } from './run.ts'

/** The event that a milestone becomes: one of the vocabulary, or `dev.cdeventsx.tekton-<subject>.<milestone>.0.1.0`. */
export type MappedEvent = {
  name: EventName | CustomName
  /** subject.content in the names and words of 0.5.1: nothing but what the event's schema has. */
  content(input: EncodeInput): Record<string, unknown>
}

/** One of the vocabulary. */
export type CoreEvent = MappedEvent & { name: EventName }

type Subject = 'pipelinerun' | 'taskrun'

/** A CustomRun is a task run to CDEvents: part of a pipeline run, and what runs is somebody's task. */
const subjects: Readonly<Record<string, Subject>> = {
  PipelineRun: 'pipelinerun',
  TaskRun: 'taskrun',
  CustomRun: 'taskrun',
}

const urlOf = ({ cluster, source, object }: EncodeInput): string => cluster.urlOf(source, object)

/** 0.5.1 takes none but absolute URIs: an event that need not have one goes without rather than not at all. */
export function link(input: EncodeInput): { uri?: string } {
  const uri = urlOf(input)
  return input.options.cdevents.specVersion === '0.4.1' || isUri(uri) ? { uri } : {}
}

const about: Readonly<Record<Subject, MappedEvent['content']>> = {
  pipelinerun: (input) => ({ pipelineName: pipelineNameOf(input.object), ...link(input) }),
  taskrun: (input) => ({ taskName: taskNameOf(input.object), ...link(input), ...pipelineRunOf(input.object) }),
}

// The schema demands both, though the text calls them optional.
const pipelineStarted: MappedEvent['content'] = (input) => ({
  pipelineName: pipelineNameOf(input.object),
  uri: urlOf(input),
})

const finished =
  (subject: Subject): MappedEvent['content'] =>
  (input) => ({ ...about[subject](input), ...outcomeOf(input.milestone, input.options.cdevents.outcomes) })

/**
 * Subject → milestone → event of the vocabulary. It has no taskrun.queued in any version, and nothing for a retry: one `finished` per
 * run, however many attempts it took.
 */
const core: Readonly<Record<Subject, ReadonlyMap<string, CoreEvent>>> = {
  pipelinerun: new Map([
    ['queued', { name: 'pipelinerun.queued', content: about.pipelinerun }],
    ['started', { name: 'pipelinerun.started', content: pipelineStarted }],
    ['finished', { name: 'pipelinerun.finished', content: finished('pipelinerun') }],
  ]),
  taskrun: new Map([
    ['started', { name: 'taskrun.started', content: about.taskrun }],
    ['finished', { name: 'taskrun.finished', content: finished('taskrun') }],
  ]),
}

const subjectOf = (source: Source): Subject | undefined =>
  source.family === 'tekton' && Object.hasOwn(subjects, source.kind) ? subjects[source.kind] : undefined

/** The event of the vocabulary for a milestone, where it has one. */
export function coreEvent(source: Source, milestoneName: string): CoreEvent | undefined {
  const subject = subjectOf(source)
  return subject && core[subject].get(milestoneName)
}

// What the Go SDK takes for a predicate; the schema would take capitals too.
const predicate = /^[a-z]+$/

/** The event for a milestone of a Tekton run; undefined for other sources, and for what the kind's catalogue does not have. */
export function eventFor(source: Source, milestoneName: string): MappedEvent | undefined {
  const found = coreEvent(source, milestoneName)
  if (found) return found
  const subject = subjectOf(source)
  if (subject === undefined || !predicate.test(milestoneName)) return undefined
  if (!source.catalogue.some(({ name }) => name === milestoneName)) return undefined
  return { name: `dev.cdeventsx.tekton-${subject}.${milestoneName}.0.1.0`, content: customContent(subject) }
}

/** The same in both versions of the specification, as the type is: who and where, then what the milestone itself tells. */
const customContent =
  (subject: Subject): MappedEvent['content'] =>
  (input) => {
    const { milestone, options } = input
    const { reason, message } = milestone
    return {
      ...about[subject](input),
      ...(reason !== undefined && { reason }),
      ...(message !== undefined && { message }),
      ...detailsOf(milestone, options.cdevents.outcomes),
    }
  }
