import type { KubeObject } from '../../src/api/object.ts'

/** A TaskRun that has ended, of about `bytes` as JSON, in as many small fields as real ones have. */
export function bigTaskRun(bytes: number): KubeObject {
  const run = (steps: number): KubeObject => ({
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: {
      name: 'build-image-x7k2p',
      namespace: 'team-a',
      uid: '0b7f6f0e-7c1c-4a0e-9a38-6c6f5a3f1d11',
      resourceVersion: '123456',
      generation: 1,
      creationTimestamp: '2026-03-04T07:46:28Z',
      labels: {
        'app.kubernetes.io/managed-by': 'tekton-pipelines',
        'tekton.dev/memberOf': 'tasks',
        'tekton.dev/pipeline': 'build',
        'tekton.dev/pipelineRun': 'build-x7k2p',
        'tekton.dev/pipelineRunUID': '7a0a0d0c-2f4f-4d7c-8d4c-1c3a5b7d9e10',
        'tekton.dev/pipelineTask': 'build-image',
        'tekton.dev/task': 'buildah',
      },
      annotations: {
        'example.com/ticket': 'SHOP-1234',
        'carillon.dev/events': JSON.stringify([
          {
            name: 'published',
            on: { kind: 'TaskRun', task: 'buildah' },
            type: 'dev.cdevents.artifact.published',
            artifact: { image: '$(results.IMAGE_URL)', digest: '$(results.IMAGE_DIGEST)' },
            content: { user: '$(params.param-0)' },
          },
        ]),
      },
      managedFields: [manager('kubectl-create'), manager('controller')],
    },
    spec: {
      params: Array.from({ length: 8 }, (_, n) => ({ name: `param-${n}`, value: `value-of-parameter-${n}` })),
      serviceAccountName: 'pipeline',
      timeout: '1h0m0s',
      taskRef: { kind: 'Task', name: 'buildah' },
    },
    status: {
      podName: 'build-image-x7k2p-pod',
      startTime: '2026-03-04T07:46:29Z',
      completionTime: '2026-03-04T07:49:12Z',
      conditions: [
        {
          type: 'Succeeded',
          status: 'True',
          reason: 'Succeeded',
          message: 'All Steps have completed executing',
          lastTransitionTime: '2026-03-04T07:49:12Z',
        },
      ],
      results: [
        { name: 'IMAGE_URL', type: 'string', value: 'registry.example.com/shop:1.4' },
        { name: 'IMAGE_DIGEST', type: 'string', value: `sha256:${'0b31'.repeat(16)}` },
      ],
      steps: Array.from({ length: steps }, (_, n) => stepState(n)),
      taskSpec: { steps: Array.from({ length: steps }, (_, n) => step(n)) },
    },
  })
  let steps = 1
  while (JSON.stringify(run(steps + 1)).length <= bytes) steps += 1
  return run(steps)
}

const manager = (name: string) => ({
  manager: name,
  operation: 'Update',
  apiVersion: 'tekton.dev/v1',
  time: '2026-03-04T07:49:12Z',
  fieldsType: 'FieldsV1',
  fieldsV1: { 'f:metadata': { 'f:labels': { '.': {}, 'f:tekton.dev/pipeline': {}, 'f:tekton.dev/task': {} } } },
})

const step = (n: number) => ({
  name: `step-${n}`,
  image: `registry.example.com/tools/step-${n}:1`,
  command: ['/bin/sh', '-c'],
  args: [`do-the-work --number ${n} --verbose`],
  env: [
    { name: 'HOME', value: '/tekton/home' },
    { name: 'STEP', value: `${n}` },
  ],
  computeResources: { limits: { memory: '4Gi' }, requests: { cpu: '500m', memory: '1Gi' } },
  volumeMounts: [{ name: 'work', mountPath: '/work/source' }],
})

const stepState = (n: number) => ({
  name: `step-${n}`,
  container: `step-step-${n}`,
  imageID: `registry.example.com/tools/step-${n}@sha256:${'9f1c'.repeat(16)}`,
  terminationReason: 'Completed',
  terminated: {
    containerID: `containerd://${'ab12'.repeat(16)}`,
    exitCode: 0,
    reason: 'Completed',
    startedAt: '2026-03-04T07:46:40Z',
    finishedAt: '2026-03-04T07:47:10Z',
  },
})
