import { type Condition, conditionOf } from './conditions.ts'
import type { Fields } from './read.ts'
import type { Outcome } from './source.ts'

/** The condition `Succeeded` of a run: knative moves its lastTransitionTime with each change, also of the message. */
export const succeeded = (status: Fields): Condition | undefined => conditionOf(status, 'Succeeded')

/**
 * What the reasons of a condition False mean, all three kinds in one: no reason means one thing here and another there
 * (tektoncd/pipeline pkg/apis/pipeline/v1/{taskrun,pipelinerun}_types.go, v1beta1/customrun_types.go).
 * error: it could not run, or Tekton failed; failure, the rest: it ran, and what it ran failed.
 */
export const outcomesByReason: ReadonlyMap<string, Outcome> = new Map([
  ...['TaskRunCancelled', 'Cancelled', 'CustomRunCancelled'].map((reason) => [reason, 'cancelled'] as const),
  // As spec.status has them; Kueue stops what it pre-empts so. Tekton writes Cancelled of both, others these.
  ...['CancelledRunFinally', 'StoppedRunFinally'].map((reason) => [reason, 'cancelled'] as const),
  ...['TaskRunTimeout', 'PipelineRunTimeout', 'CustomRunTimedOut'].map((reason) => [reason, 'timeout'] as const),
  ...[
    'CouldntCreateWorkspacePVC',
    'CreateContainerConfigError',
    'InvalidParamValue',
    'PodAdmissionFailed',
    'PodCreationFailed',
    'ResourceVerificationFailed',
    'TaskRunImagePullFailed',
    'TaskRunResolutionFailed',
    'TaskRunStopSidecarFailed',
    'TaskRunValidationFailed',
    'TaskValidationFailed',
    'CELEvaluationFailed',
    'CouldntGetPipeline',
    'CouldntGetPipelineResult',
    'CouldntGetTask',
    'CreateRunFailed',
    'InvalidMatrixParameterTypes',
    'InvalidPipelineResourceBindings',
    'InvalidPipelineResultReference',
    'InvalidTaskResultReference',
    'InvalidTaskRunSpecs',
    'InvalidWorkspaceBindings',
    'ObjectParameterMissKeys',
    'ParamArrayIndexingInvalid',
    'ParameterMissing',
    'ParameterTypeMismatch',
    'PipelineInvalidGraph',
    'PipelineValidationFailed',
    'ReasonCouldntCreateOrUpdateAffinityAssistantStatefulSet',
    'RequiredWorkspaceMarkedOptional',
    'CustomRunWorkspaceNotSupported',
  ].map((reason) => [reason, 'error'] as const),
])

/** How a run ended, by its condition; undefined while that is Unknown. A reason that is not known is a failure. */
export function outcomeOf(condition: Condition): Outcome | undefined {
  if (condition.status === 'Unknown') return undefined
  if (condition.status === 'True') return 'success'
  return outcomesByReason.get(condition.reason ?? '') ?? 'failure'
}
