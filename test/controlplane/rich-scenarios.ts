// Runs that use what Tekton's runs can hold: every field that has another name, or looks otherwise, in v1beta1.
import { type Play, playAnnotation } from './kubelet.ts'
import type { Scenario } from './scenarios.ts'

const image = 'stand-in/image'
const played = (play: Play) => ({ [playAnnotation]: JSON.stringify(play) })
const digest = `sha256:${'cd'.repeat(32)}`

const podTemplate = {
  nodeSelector: { disk: 'ssd' },
  tolerations: [{ key: 'build', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 0 }],
  env: [{ name: 'FROM_TEMPLATE', value: '' }],
  securityContext: { runAsNonRoot: false, sysctls: [{ name: 'net.core.somaxconn', value: '1024' }] },
  volumes: [{ name: 'fast', emptyDir: { medium: 'Memory', sizeLimit: '0.5Gi' } }],
  enableServiceLinks: false,
  hostNetwork: false,
}

/** Quantities as people write them. */
const computeResources = {
  requests: { cpu: '0.5', memory: '1024Mi' },
  limits: { cpu: '1000m', memory: '1.5Gi' },
}

const params = [
  { name: 'text', value: 'a' },
  { name: 'list', value: ['x', ''] },
  { name: 'object', value: { os: 'linux', arch: 'amd64' } },
  { name: 'empty', value: '' },
]

const paramSpecs = [
  { name: 'text', type: 'string', description: 'some text' },
  { name: 'list', type: 'array', default: [] },
  { name: 'object', type: 'object', properties: { os: { type: 'string' }, arch: { type: 'string' } } },
  { name: 'empty', type: 'string', default: 'nothing' },
]

const taskSpec = {
  displayName: 'Build',
  description: 'A task with all that there is',
  params: paramSpecs,
  stepTemplate: {
    env: [{ name: 'HOME', value: '/tmp' }],
    computeResources: { requests: { cpu: '0.1' } },
    securityContext: { allowPrivilegeEscalation: false },
  },
  steps: [
    {
      name: 'first',
      image,
      command: ['true'],
      timeout: '90s',
      onError: 'continue',
      computeResources,
      env: [
        { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
      ],
      volumeMounts: [{ name: 'scratch', mountPath: '/scratch', readOnly: false }],
      workspaces: [{ name: 'source', mountPath: '/src' }],
    },
    { image, script: 'echo <hello> & done', results: [{ name: 'digest', description: 'of the image' }] },
  ],
  sidecars: [
    {
      name: 'registry',
      image,
      computeResources: { limits: { memory: '64Mi' } },
      ports: [{ containerPort: 5000 }],
      readinessProbe: { httpGet: { port: 5000, path: '/' }, periodSeconds: 10, initialDelaySeconds: 0 },
    },
  ],
  volumes: [
    { name: 'scratch', emptyDir: {} },
    { name: 'kept', configMap: { name: 'settings', optional: true, items: [{ key: 'a', path: 'b' }] } },
  ],
  workspaces: [{ name: 'source', mountPath: '/src', optional: true, readOnly: false }],
  results: [
    { name: 'digest', description: 'of the image' },
    { name: 'tags', type: 'array' },
  ],
}

const workspaces = [{ name: 'source', emptyDir: { sizeLimit: '1024Ki' } }]
const play: Play = { results: { digest, tags: ['1.0', ''] } }

const wholeTask: Scenario = {
  name: 'rich-task',
  kind: 'TaskRun',
  annotations: {
    ...played(play),
    'tekton.dev/v1beta1Resources': '{"inputs":[{"name":"source","resourceRef":{"name":"git"}}]}',
    'tekton.dev/v1beta1CloudEvents':
      '[{"target":"http://sink","status":{"condition":"Sent","message":"","retryCount":0}}]',
    'tekton.dev/v1beta1.task-deprecations':
      '{"rich-task":{"deprecatedSteps":[{"name":"","resources":{},"tty":true},{"name":"","resources":{},"ports":[{"containerPort":1}]}]}}',
  },
  spec: {
    params,
    serviceAccountName: 'builder',
    timeout: '1.5h',
    retries: 1,
    taskSpec,
    workspaces,
    podTemplate,
    computeResources: { limits: { cpu: '2000m' } },
    sidecarSpecs: [{ name: 'registry', computeResources: { requests: { memory: '33554432' } } }],
  },
  end: 'True/Succeeded',
  history: [],
}

const stepSpecs: Scenario = {
  name: 'rich-step-specs',
  kind: 'TaskRun',
  annotations: played(play),
  spec: {
    params,
    serviceAccountName: 'builder',
    timeout: '1h0m0s',
    taskSpec,
    stepSpecs: [{ name: 'first', computeResources: { limits: { cpu: '1.0' }, requests: {} } }],
  },
  end: 'True/Succeeded',
  history: [],
}

const wholePipeline: Scenario = {
  name: 'rich-pipeline',
  kind: 'PipelineRun',
  annotations: { 'example.com/note': 'kept' },
  spec: {
    params,
    taskRunTemplate: { serviceAccountName: 'builder', podTemplate },
    timeouts: { pipeline: '1h30m', tasks: '60m', finally: '90s' },
    workspaces,
    taskRunSpecs: [
      {
        pipelineTaskName: 'build',
        serviceAccountName: 'default',
        podTemplate: { priorityClassName: '', nodeSelector: {} },
        stepSpecs: [{ name: 'first', computeResources }],
        sidecarSpecs: [{ name: 'registry', computeResources: {} }],
        metadata: { labels: { team: 'a' }, annotations: { note: 'b' } },
        timeout: '10m',
      },
    ],
    pipelineSpec: {
      displayName: 'Whole',
      params: paramSpecs,
      workspaces: [{ name: 'source', optional: true }],
      tasks: [
        {
          name: 'build',
          displayName: 'Build it',
          params: ['text', 'list[*]', 'object[*]', 'empty'].map((name) => ({
            name: name.replace('[*]', ''),
            value: `$(params.${name})`,
          })),
          workspaces: [{ name: 'source', workspace: 'source' }],
          retries: 1,
          timeout: '5m0s',
          taskSpec: {
            ...taskSpec,
            metadata: { annotations: played({ ...play, failFirst: 1 }), labels: { kind: 'build' } },
          },
        },
        {
          name: 'shaky',
          onError: 'continue',
          taskSpec: {
            metadata: { annotations: played({ exitCode: 2 }) },
            steps: [{ name: 'main', image, command: ['false'] }],
          },
        },
        {
          name: 'platforms',
          runAfter: ['build'],
          matrix: {
            params: [{ name: 'os', value: ['linux', 'windows'] }],
            include: [{ name: 'arm', params: [{ name: 'arch', value: 'arm64' }] }],
          },
          taskSpec: {
            params: [{ name: 'os' }, { name: 'arch', default: 'amd64' }],
            steps: [{ name: 'main', image, command: ['true'] }],
          },
        },
        {
          name: 'never',
          runAfter: ['build'],
          when: [{ input: '$(params.text)', operator: 'notin', values: ['a'] }],
          taskSpec: { steps: [{ name: 'main', image, command: ['true'] }] },
        },
        {
          name: 'approve',
          runAfter: ['build'],
          timeout: '1h0m0s',
          retries: 1,
          params: [{ name: 'list', value: ['x', ''] }],
          taskSpec: {
            apiVersion: 'example.dev/v1',
            kind: 'Approval',
            metadata: { annotations: played({ results: { approver: 'somebody' } }), labels: { kind: 'approval' } },
            spec: { from: { somebody: [1, null] } },
          },
        },
      ],
      finally: [
        {
          name: 'notify',
          params: [{ name: 'status', value: '$(tasks.build.status)' }],
          taskSpec: {
            params: [{ name: 'status', type: 'string' }],
            steps: [{ name: 'main', image, command: ['true'] }],
          },
        },
      ],
      results: [
        { name: 'image', description: '', value: '$(tasks.build.results.digest)' },
        { name: 'tags', type: 'array', value: ['$(tasks.build.results.tags[*])'] },
      ],
    },
  },
  end: 'True/Completed',
  history: [],
}

/** No resolver answers: it waits for its task until it is cancelled. */
const remote: Scenario = {
  name: 'remote-task',
  kind: 'TaskRun',
  spec: {
    serviceAccountName: 'default',
    timeout: '1h0m0s',
    taskRef: {
      kind: 'Task',
      resolver: 'git',
      params: [
        { name: 'url', value: 'https://git.example.com/tasks' },
        { name: 'paths', value: ['a', 'b'] },
      ],
    },
  },
  intervention: {
    at: 'Unknown/ResolvingTaskRef',
    doing: 'cancel it',
    patch: { spec: { status: 'TaskRunCancelled', statusMessage: 'enough' } },
  },
  end: 'False/TaskRunCancelled',
  history: [],
}

const remotePipeline: Scenario = {
  name: 'remote-pipeline',
  kind: 'PipelineRun',
  spec: {
    pipelineRef: {
      resolver: 'bundles',
      params: [
        { name: 'bundle', value: 'registry.example.com/p:1' },
        { name: 'options', value: { a: 'b' } },
      ],
    },
    taskRunTemplate: { serviceAccountName: 'default' },
  },
  intervention: { at: 'Unknown/ResolvingPipelineRef', doing: 'cancel it', patch: { spec: { status: 'Cancelled' } } },
  end: 'False/Cancelled',
  history: [],
}

export const richScenarios: readonly Scenario[] = [wholeTask, stepSpecs, wholePipeline, remote, remotePipeline]
