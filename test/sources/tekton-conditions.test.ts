import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '../../src/sources/source.ts'
import { outcomeOf, succeeded } from '../../src/sources/tekton-conditions.ts'

const condition = (status: 'True' | 'False' | 'Unknown', reason?: string) => ({
  status,
  reason,
  message: undefined,
  changed: undefined,
})

/** Every reason of a condition False that Tekton v1.15 has (pkg/apis/pipeline/v1, v1beta1). */
const table: Record<Exclude<Outcome, 'success'>, string[]> = {
  failure: [
    'Failed',
    'FailureIgnored',
    'StepFailed',
    'StepOOM',
    'SidecarFailed',
    'SidecarOOM',
    'InitContainerFailed',
    'InitContainerOOM',
    'PodEvicted',
    'TaskRunResultLargerThanAllowedLimit',
    'a reason of a custom controller',
    'constructor',
    '__proto__',
  ],
  cancelled: ['TaskRunCancelled', 'Cancelled', 'CustomRunCancelled', 'CancelledRunFinally', 'StoppedRunFinally'],
  timeout: ['TaskRunTimeout', 'PipelineRunTimeout', 'CustomRunTimedOut'],
  error: [
    ...['TaskRunImagePullFailed', 'CreateContainerConfigError', 'PodCreationFailed', 'PodAdmissionFailed'],
    ...['TaskRunStopSidecarFailed', 'InvalidParamValue', 'TaskRunResolutionFailed', 'TaskRunValidationFailed'],
    ...['TaskValidationFailed', 'ResourceVerificationFailed', 'CouldntCreateWorkspacePVC', 'PipelineValidationFailed'],
    ...['PipelineInvalidGraph', 'CouldntGetPipeline', 'CouldntGetTask', 'ParameterMissing', 'ParameterTypeMismatch'],
    ...['ObjectParameterMissKeys', 'ParamArrayIndexingInvalid', 'InvalidMatrixParameterTypes'],
    ...['InvalidWorkspaceBindings', 'InvalidTaskRunSpecs', 'InvalidTaskResultReference'],
    ...['InvalidPipelineResultReference', 'RequiredWorkspaceMarkedOptional', 'InvalidPipelineResourceBindings'],
    ...['CELEvaluationFailed', 'CouldntGetPipelineResult', 'CreateRunFailed', 'CustomRunWorkspaceNotSupported'],
    'ReasonCouldntCreateOrUpdateAffinityAssistantStatefulSet',
  ],
}

for (const [outcome, reasons] of Object.entries(table)) {
  test(`a run that is False ends as ${outcome} for its ${reasons.length} reasons`, () => {
    for (const reason of reasons) assert.equal(outcomeOf(condition('False', reason)), outcome, reason)
  })
}

test('True is success whatever the reason, Unknown is no end, False without a reason is failure', () => {
  for (const reason of ['Succeeded', 'Completed', 'Failed', undefined]) {
    assert.equal(outcomeOf(condition('True', reason)), 'success')
  }
  assert.equal(outcomeOf(condition('Unknown', 'Cancelled')), undefined)
  assert.equal(outcomeOf(condition('False')), 'failure')
})

test('only a condition of type Succeeded that is True, False or Unknown counts', () => {
  const succeededCondition = { type: 'Succeeded', status: 'True', reason: 'Succeeded' }
  const none = [
    {},
    { conditions: null },
    { conditions: 'True' },
    { conditions: { Succeeded: 'True' } },
    { conditions: [null, 'x', 3, []] },
    { conditions: [{ type: 'Ready', status: 'True' }] },
    { conditions: [{ ...succeededCondition, status: 'true' }] },
    { conditions: [{ ...succeededCondition, status: true }] },
  ]
  for (const status of none) assert.equal(succeeded(status), undefined, JSON.stringify(status))
  assert.equal(succeeded({ conditions: [null, { type: 'Ready' }, succeededCondition] })?.status, 'True')
})

test('a message is cut to 1024 characters', () => {
  const conditions = [{ type: 'Succeeded', status: 'False', message: 'x'.repeat(1 << 20) }]
  assert.equal(succeeded({ conditions })?.message?.length, 1024)
})
