import type { KubeObject } from '../../api/object.ts'
import { fields, list, text } from '../../sources/read.ts'
import { legalText } from '../attributes.ts'
import { apiVersionOf, factsOf } from '../facts.ts'
import type { EncodeInput } from '../format.ts'
import { toldLabels } from '../konflux/labels.ts'
import { parentOf } from './parent.ts'

/** Name by which a run is a subject: unique in its source, the same for ever (facts of identity only, no version). */
export const subjectIdOf = (object: KubeObject, kind: string, name = object.metadata.name): string =>
  legalText(`${object.metadata.namespace ?? ''}/${kind.toLowerCase()}/${name}`)

/**
 * The Pipeline's name. Tekton's label has it from the first reconcile on, and is the run's own name where the spec is embedded; before,
 * what the reference says.
 */
export const pipelineNameOf = (object: KubeObject): string =>
  text(fields(object.metadata.labels)['tekton.dev/pipeline']) ??
  referenced(fields(object.spec).pipelineRef) ??
  object.metadata.name

/** The Task's name; for an embedded spec that of the pipeline task, else the run's. A custom task is named by its kind. */
export function taskNameOf(object: KubeObject): string {
  const labels = fields(object.metadata.labels)
  const spec = fields(object.spec)
  return (
    text(labels['tekton.dev/task']) ??
    referenced(spec.taskRef) ??
    referenced(spec.customRef) ??
    text(labels['tekton.dev/pipelineTask']) ??
    text(fields(spec.customRef ?? spec.customSpec).kind) ??
    object.metadata.name
  )
}

/** A reference by name, or by a resolver's parameter `name` (bundles, cluster, hub). */
function referenced(value: unknown): string | undefined {
  const ref = fields(value)
  const param = list(ref.params)
    .map(fields)
    .find(({ name }) => name === 'name')
  return text(ref.name) ?? text(param?.value)
}

/** The PipelineRun that a run is part of, as a reference to that run's own events: they have the same source. */
export function pipelineRunOf(object: KubeObject): { pipelineRun?: { id: string } } {
  const { name } = parentOf(object)
  return name === undefined ? {} : { pipelineRun: { id: subjectIdOf(object, 'pipelinerun', name) } }
}

/** What customData tells of an object by default: who it is, and its facts. No value of a param or result is in it. */
export function summaryOf({ source, object, milestone: { reason } }: EncodeInput): Record<string, unknown> {
  const { name, namespace, uid, generation } = object.metadata
  return {
    apiVersion: apiVersionOf(source, object),
    kind: source.kind,
    metadata: { name, namespace, uid, generation, labels: toldLabels(object) },
    ...(reason !== undefined && { reason }),
    ...factsOf(source, object),
  }
}
