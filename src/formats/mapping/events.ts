import type { EncodeInput } from '../format.ts'
import { outcomeOf, pipelineNameOf, pipelineRunOf, taskNameOf } from './run.ts'

/** One event of the vocabulary, for one milestone of one kind. */
export type CDEvent = {
  /** `<subject>.<predicate>` as in the specification. */
  name: string
  /** subject.type of 0.4.1, in camel case. */
  subjectType: string
  /** The event's own version in CDEvents 0.4.1: what the schema's context.type ends with. */
  version: string
  /** subject.content: nothing but what the event's schema names. */
  content(input: EncodeInput): Record<string, unknown>
}

const url = ({ cluster, source, object }: EncodeInput) => cluster.urlOf(source, object)

// pipelinerun.started must have both in the schema, though the text calls them optional.
const pipeline = (input: EncodeInput) => ({ pipelineName: pipelineNameOf(input.object), url: url(input) })

const task = (input: EncodeInput) => ({
  taskName: taskNameOf(input.object),
  url: url(input),
  ...pipelineRunOf(input.object),
})

const pipelineRun = { subjectType: 'pipelineRun', version: '0.2.0' }
const taskRun = { subjectType: 'taskRun', version: '0.2.0' }

const taskEvents: Record<string, CDEvent> = {
  started: { ...taskRun, name: 'taskrun.started', content: task },
  finished: {
    ...taskRun,
    name: 'taskrun.finished',
    content: (input) => ({ ...task(input), ...outcomeOf(input.milestone) }),
  },
}

/**
 * Kind → milestone → event of CDEvents 0.4.1. There is no taskrun.queued in any version, and none for a retry: one `finished` per run,
 * however many attempts it took.
 */
const vocabulary: Record<string, Record<string, CDEvent>> = {
  PipelineRun: {
    queued: { ...pipelineRun, name: 'pipelinerun.queued', content: pipeline },
    started: { ...pipelineRun, name: 'pipelinerun.started', content: pipeline },
    finished: {
      ...pipelineRun,
      name: 'pipelinerun.finished',
      content: (input) => ({ ...pipeline(input), ...outcomeOf(input.milestone) }),
    },
  },
  TaskRun: taskEvents,
  CustomRun: taskEvents,
}

export function eventFor(kind: string, milestoneName: string): CDEvent | undefined {
  const events = Object.hasOwn(vocabulary, kind) ? vocabulary[kind] : undefined
  return events !== undefined && Object.hasOwn(events, milestoneName) ? events[milestoneName] : undefined
}

/** `dev.cdevents.<subject>.<predicate>.<major.minor.patch>` */
export const typeOf = (event: CDEvent): string => `dev.cdevents.${event.name}.${event.version}`
