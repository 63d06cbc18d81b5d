import type { KubeObject } from '../../api/object.ts'
import { type Fields, fields, list, text } from '../../sources/read.ts'

/** The PipelineRun that a run is part of, as far as the run itself tells. */
export type Parent = { name: string | undefined; uid: string | undefined }

/**
 * Tekton writes both when it creates a TaskRun, CustomRun or PipelineRun for a pipeline's task (pkg/reconciler/pipelinerun): the owner
 * reference, and labels. The reference goes first: taskRunSpecs may put labels of their own over Tekton's.
 */
export function parentOf(object: KubeObject): Parent {
  const labels = fields(object.metadata.labels)
  const owner = list(object.metadata.ownerReferences).map(fields).find(isPipelineRun)
  return {
    name: text(owner?.name) ?? text(labels['tekton.dev/pipelineRun']),
    uid: text(owner?.uid) ?? text(labels['tekton.dev/pipelineRunUID']),
  }
}

const isPipelineRun = ({ kind, apiVersion, controller }: Fields): boolean =>
  kind === 'PipelineRun' && controller === true && text(apiVersion)?.startsWith('tekton.dev/') === true
