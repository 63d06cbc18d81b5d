// The runs of the benchmark: as large as asked for, with all that real ones of this size have.
import { randomUUID } from 'node:crypto'
import type { Manifest } from '../controlplane/admin.ts'

export const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

/** A TaskRun manifest; steps with scripts fill it up to about `bytes` once its status is there. */
export function taskRun(namespace: string, name: string, bytes: number): Manifest {
  const filler = 'x'.repeat(Math.max(0, Math.floor(bytes * 0.55) - 300))
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: {
      name,
      namespace,
      labels: {
        'tekton.dev/pipeline': 'build',
        'tekton.dev/pipelineRun': `${name}-run`,
        'tekton.dev/pipelineTask': 'build',
      },
    },
    spec: {
      params: [{ name: 'revision', value: randomUUID() }],
      taskSpec: {
        steps: [{ name: 'build', image: 'registry.example.com/build:1', script: `#!/bin/sh\n# ${filler}\n` }],
      },
    },
  }
}

const condition = (status: string, reason: string, at: string) => ({
  type: 'Succeeded',
  status,
  reason,
  message: `Tasks are ${reason}`,
  lastTransitionTime: at,
})

export function started(now: number): object {
  const at = time(now)
  return { podName: 'pod', startTime: at, conditions: [condition('Unknown', 'Running', at)] }
}

/** `bytes` of the whole object: steps' states and results take what the spec left. */
export function finished(begun: number, now: number, bytes: number): object {
  const filler = 'y'.repeat(Math.max(0, Math.floor(bytes * 0.2) - 300))
  const at = time(now)
  return {
    podName: 'pod',
    startTime: time(begun),
    completionTime: at,
    conditions: [condition('True', 'Succeeded', at)],
    results: [{ name: 'log', type: 'string', value: filler }],
    steps: [
      {
        name: 'build',
        container: 'step-build',
        terminated: { exitCode: 0, reason: 'Completed', startedAt: at, finishedAt: at },
      },
    ],
  }
}
