// Builds and Snapshots of the size and the shape that those of a Konflux cluster have.
import { createHash } from 'node:crypto'
import type { Manifest } from '../controlplane/admin.ts'
import { time } from './objects.ts'

const hex = (text: string, length: number): string => createHash('sha256').update(text).digest('hex').slice(0, length)
const digestOf = (name: string): string => `sha256:${hex(name, 64)}`
const imageOf = (component: string): string => `registry.example.com/tenant/${component}`
const componentOf = (name: string): string => `app-${Number.parseInt(hex(name, 4), 16) % 40}`

const tasks = ['init', 'clone', 'prefetch', 'build', 'index', 'source', 'scan', 'deprecated', 'sast', 'clamav', 'tags']
const more = ['push', 'rpms', 'coverity', 'shell', 'unicode', 'show']

/** Some 17 kB of tasks: a build's pipelineSpec, which stands in its spec and again in its status. */
const pipelineSpec = {
  description: 'Builds an image, checks it, and tells what is in it. '.repeat(24),
  params: Array.from({ length: 16 }, (_, n) => ({
    name: `param-${n}`,
    type: 'string',
    default: `value-${n}`,
    description: `What the pipeline takes as its parameter ${n}, and what it is for`,
  })),
  tasks: [...tasks, ...more].map((name, index) => ({
    name,
    runAfter: index === 0 ? [] : ['init'],
    params: Array.from({ length: 8 }, (_, n) => ({ name: `${name}-${n}`, value: `$(params.param-${n}) of ${name}` })),
    taskRef: {
      resolver: 'bundles',
      params: [
        { name: 'name', value: name },
        { name: 'bundle', value: `registry.example.com/tasks/${name}:0.2@${digestOf(name)}` },
        { name: 'kind', value: 'task' },
      ],
    },
    when: [{ input: `$(tasks.init.results.${name})`, operator: 'in', values: ['true'] }],
  })),
}

/** A build on a push. About 40 kB once it is finished. */
export function build(namespace: string, name: string): Manifest {
  const component = componentOf(name)
  const sha = hex(name, 40)
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'PipelineRun',
    metadata: {
      name,
      namespace,
      labels: {
        'appstudio.openshift.io/application': 'app',
        'appstudio.openshift.io/component': component,
        'pipelines.appstudio.openshift.io/type': 'build',
        'pipelinesascode.tekton.dev/event-type': 'push',
        'pipelinesascode.tekton.dev/sha': sha,
        'pipelinesascode.tekton.dev/url-org': 'tenant',
        'pipelinesascode.tekton.dev/url-repository': component,
        'tekton.dev/pipeline': name,
      },
      annotations: {
        'build.appstudio.redhat.com/commit_sha': sha,
        'build.appstudio.redhat.com/target_branch': 'main',
        'build.appstudio.openshift.io/repo': `https://git.example.com/tenant/${component}?rev=${sha}`,
        'pipelinesascode.tekton.dev/repo-url': `https://git.example.com/tenant/${component}`,
        'pipelinesascode.tekton.dev/sha': sha,
        'pipelinesascode.tekton.dev/sha-title': 'Make the shop faster, and say why '.repeat(4),
        'pipelinesascode.tekton.dev/on-cel-expression': 'event == "push" && target_branch == "main" '.repeat(8),
        'tekton.dev/pipelinerunSpanContext': JSON.stringify({
          traceparent: `00-${hex(`${name}t`, 32)}-${hex(`${name}s`, 16)}-01`,
        }),
      },
    },
    spec: { params: [{ name: 'revision', value: sha }], pipelineSpec },
  }
}

const condition = (status: string, reason: string, message: string, at: string) => ({
  type: 'Succeeded',
  ...{ status, reason, message, lastTransitionTime: at },
})

/** What it is running, so far: the state after `done` of its tasks. */
export function buildRunning(name: string, begun: number, now: number, done: number): object {
  return {
    startTime: time(begun),
    conditions: [condition('Unknown', 'Running', `Tasks Completed: ${done}, Incomplete: ${17 - done}`, time(now))],
    pipelineSpec,
    childReferences: childReferences(name, done),
    provenance: {
      featureFlags: { coschedule: 'disabled', enableAPIFields: 'beta', resultExtractionMethod: 'sidecar' },
    },
  }
}

const childReferences = (name: string, count: number) =>
  [...tasks, ...more].slice(0, count).map((task) => ({
    ...{ apiVersion: 'tekton.dev/v1', kind: 'TaskRun', name: `${name}-${task}`, pipelineTaskName: task },
    whenExpressions: [{ input: 'true', operator: 'in', values: ['true'] }],
  }))

export function buildFinished(name: string, begun: number, now: number): object {
  const component = componentOf(name)
  return {
    ...buildRunning(name, begun, now, 17),
    completionTime: time(now),
    conditions: [condition('True', 'Completed', 'Tasks Completed: 17 (Failed: 0), Skipped: 2', time(now))],
    results: [
      { name: 'IMAGE_URL', type: 'string', value: `${imageOf(component)}:${hex(name, 12)}` },
      { name: 'IMAGE_DIGEST', type: 'string', value: digestOf(name) },
      { name: 'CHAINS-GIT_URL', type: 'string', value: `https://git.example.com/tenant/${component}` },
      { name: 'CHAINS-GIT_COMMIT', type: 'string', value: hex(name, 40) },
    ],
  }
}

/** What Chains writes into it. */
export const signed = { metadata: { annotations: { 'chains.tekton.dev/signed': 'true' } } }

/** About 5 kB with its status: of one component, as after a push. */
export function snapshot(namespace: string, name: string): Manifest {
  const component = componentOf(name)
  const { labels = {}, annotations = {} } = build(namespace, name).metadata as {
    labels?: Record<string, string>
    annotations?: Record<string, string>
  }
  const copied = (of: Record<string, string>) =>
    Object.entries(of).map(([key, value]) => [
      key.replace('pipelinesascode.tekton.dev/', 'pac.test.appstudio.openshift.io/'),
      value,
    ])
  const tests = ['enterprise-contract', 'integration', 'acceptance'].map((scenario) => ({
    ...{ scenario, status: 'TestPassed', details: 'Integration test passed' },
    ...{ startTime: '2026-03-04T07:47:00Z', completionTime: '2026-03-04T07:49:50Z' },
    ...{ lastUpdateTime: '2026-03-04T07:49:50.723Z', testPipelineRunName: `${name}-${scenario}` },
  }))
  return {
    apiVersion: 'appstudio.redhat.com/v1alpha1',
    kind: 'Snapshot',
    metadata: {
      ...{ name, namespace },
      labels: { ...Object.fromEntries(copied(labels)), 'test.appstudio.openshift.io/type': 'component' },
      annotations: {
        ...Object.fromEntries(copied(annotations)),
        'test.appstudio.openshift.io/status': JSON.stringify(tests),
      },
    },
    spec: {
      application: 'app',
      components: [
        {
          name: component,
          containerImage: `${imageOf(component)}@${digestOf(name)}`,
          source: { git: { url: `https://git.example.com/tenant/${component}`, revision: hex(name, 40) } },
        },
      ],
    },
    status: {
      conditions: ['AppStudioTestSucceeded', 'AppStudioIntegrationStatus', 'AutoReleased'].map((type) => ({
        ...{ type, status: 'True', reason: type === 'AppStudioTestSucceeded' ? 'Passed' : 'Finished' },
        ...{ message: 'All Integration Pipeline tests passed', lastTransitionTime: '2026-03-04T07:49:51Z' },
      })),
    },
  }
}

/** Snapshots as the API server takes them, whatever is in them: not the schema of Konflux, which is not ours. */
export const snapshotCrd: Manifest = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'snapshots.appstudio.redhat.com' },
  spec: {
    group: 'appstudio.redhat.com',
    scope: 'Namespaced',
    names: { kind: 'Snapshot', listKind: 'SnapshotList', plural: 'snapshots', singular: 'snapshot' },
    versions: [
      {
        ...{ name: 'v1alpha1', served: true, storage: true },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}
