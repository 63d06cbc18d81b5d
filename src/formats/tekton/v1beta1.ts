import type { KubeObject } from '../../api/object.ts'
import type { Source } from '../../sources/source.ts'
import { bareMetadata, lastApplied } from '../bare.ts'
import { isRecord } from '../kept-annotations.ts'
import { restoreDeprecated, withTaskDeprecations } from './deprecated.ts'
import { goDuration } from './go-duration.ts'
import {
  always,
  type Convert,
  dropped,
  field,
  list,
  map,
  mapOf,
  pointer,
  type Rule,
  renamed,
  struct,
} from './go-shape.ts'
import { goTime } from './go-time.ts'
import { kubernetesStruct } from './kubernetes-structs.ts'

/**
 * A TaskRun or PipelineRun (v1) or CustomRun as Tekton v1.12 puts it into an event: converted to v1beta1 and written by Go
 * (pkg/apis/pipeline/v1beta1/*_conversion.go and the json tags of *_types.go), without apiVersion and kind, and, unlike Tekton's,
 * without managedFields and last-applied-configuration. Fields that v1.12 does not know stay as they were read. The object itself is not
 * touched; what does not change is shared with it.
 */
export function toV1beta1({ kind }: Source, run: KubeObject): Record<string, unknown> {
  const convert = kinds.get(kind)
  if (!convert) return { metadata: bareMetadata(run, [lastApplied]), spec: run.spec, status: run.status }
  const object = kind === 'CustomRun' ? run : withTaskDeprecations(run)
  return restoreDeprecated(kind, object, convert.spec(object.spec ?? {}), convert.status(object.status ?? {}))
}

const isString = (value: unknown): value is string => typeof value === 'string'
const orEmpty = (value: unknown): unknown => value ?? ''

/** ParamValue.UnmarshalJSON: a string, strings, or a map of strings (null counts as ''); else the string of its JSON. */
const paramValue: Convert = (value) => {
  if (isString(value)) return value
  if (value === null) return ''
  const items = Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : undefined
  if (!items?.every((item) => item === null || isString(item))) return JSON.stringify(value)
  if (items.every(isString)) return value
  if (Array.isArray(value)) return value.map(orEmpty)
  return Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, orEmpty(item)]))
}

const kubernetes = (name: string): Rule => pointer(kubernetesStruct(name))
const kubernetesList = (name: string): Rule => field(list(kubernetesStruct(name)))

const duration = pointer(goDuration)
const moment = pointer(goTime)
const opaque = pointer(struct({}))
const params = field(list(struct({ name: always(''), value: always('', paramValue) })))
const ref = pointer(struct({ params }))
const when = field(list(struct({})))
const labelled = struct({ labels: map, annotations: map })

const properties = mapOf(struct({}))
const paramSpecs = field(
  list(struct({ name: always(''), type: always('string'), properties, default: pointer(paramValue) })),
)
const results = field(list(struct({ name: always(''), properties, value: pointer(paramValue) })))
const runResult = struct({ name: always(''), value: always('', paramValue) })

const namedOnly = field(list(struct({ name: always('') })))
const workspaceUsages = field(list(struct({ name: always(''), mountPath: always('') })))
const workspaceBindings = kubernetesList('WorkspaceBinding')

const resources = always({}, kubernetesStruct('ResourceRequirements'), 'resources')
const overrides = list(struct({ name: always(''), computeResources: resources }))
const container = {
  name: always(''),
  computeResources: resources,
  env: kubernetesList('EnvVar'),
  envFrom: kubernetesList('EnvFromSource'),
  volumeMounts: kubernetesList('VolumeMount'),
  volumeDevices: kubernetesList('VolumeDevice'),
  securityContext: kubernetes('SecurityContext'),
  ports: kubernetesList('ContainerPort'),
  livenessProbe: kubernetes('Probe'),
  readinessProbe: kubernetes('Probe'),
  startupProbe: kubernetes('Probe'),
  lifecycle: kubernetes('Lifecycle'),
}

const task = {
  params: paramSpecs,
  steps: field(
    list(
      struct({
        ...container,
        timeout: duration,
        workspaces: workspaceUsages,
        stdoutConfig: opaque,
        stderrConfig: opaque,
        ref,
        params,
        results,
        when,
      }),
    ),
  ),
  stepTemplate: pointer(struct(container)),
  sidecars: field(list(struct({ ...container, workspaces: workspaceUsages, restartPolicy: dropped }))),
  workspaces: namedOnly,
  volumes: kubernetesList('Volume'),
  results,
}
const taskSpec = pointer(struct(task))

const pipelineTasks = field(
  list(
    struct({
      taskRef: ref,
      taskSpec: pointer(struct({ ...task, spec: always(null), metadata: always({}, labelled) })),
      when,
      params,
      matrix: { ...map, convert: struct({ params, include: field(list(struct({ params }))) }) },
      workspaces: namedOnly,
      timeout: duration,
      pipelineRef: dropped,
      pipelineSpec: dropped,
    }),
  ),
)
const pipelineSpec = pointer(
  struct({
    tasks: pipelineTasks,
    finally: pipelineTasks,
    params: paramSpecs,
    workspaces: namedOnly,
    results: field(list(struct({ name: always(''), description: always(''), value: always('', paramValue) }))),
  }),
)

const taskRunSpec = struct({
  serviceAccountName: always(''),
  debug: pointer(struct({ breakpoints: opaque })),
  params,
  taskRef: ref,
  taskSpec,
  timeout: duration,
  workspaces: workspaceBindings,
  stepSpecs: field(overrides, 'stepOverrides'),
  sidecarSpecs: field(overrides, 'sidecarOverrides'),
  podTemplate: kubernetes('Template'),
  computeResources: kubernetes('ResourceRequirements'),
  managedBy: dropped,
})

// PipelineTaskMetadata.convertFrom takes the annotations from the labels. A receiver of Tekton's events knows it so.
const labelsTwice: Convert = (value) => {
  if (!isRecord(value)) return value
  const { annotations: _, labels, ...rest } = value
  return labelled({ ...rest, ...(isRecord(labels) && { labels, annotations: labels }) })
}

const pipelineRunSpec = struct({
  pipelineRef: ref,
  pipelineSpec,
  params,
  timeouts: pointer(struct({ pipeline: duration, tasks: duration, finally: duration })),
  workspaces: workspaceBindings,
  taskRunSpecs: field(
    list(
      struct({
        serviceAccountName: renamed('taskServiceAccountName'),
        podTemplate: pointer(kubernetesStruct('Template'), 'taskPodTemplate'),
        computeResources: kubernetes('ResourceRequirements'),
        stepSpecs: field(overrides, 'stepOverrides'),
        sidecarSpecs: field(overrides, 'sidecarOverrides'),
        metadata: pointer(labelsTwice),
        timeout: duration,
      }),
    ),
  ),
  podTemplate: kubernetes('Template'),
  managedBy: dropped,
})

/** spec.taskRunTemplate's fields stand in v1beta1's spec itself. */
const flatPipelineRunSpec: Convert = (value) => {
  if (!isRecord(value) || !isRecord(value.taskRunTemplate)) return pipelineRunSpec(value)
  const { taskRunTemplate, ...spec } = value
  const { serviceAccountName, podTemplate } = value.taskRunTemplate
  return pipelineRunSpec({
    ...spec,
    ...(serviceAccountName !== undefined && { serviceAccountName }),
    ...(podTemplate !== undefined && { podTemplate }),
  })
}

const status = {
  conditions: field(list(struct({ type: always(''), status: always(''), lastTransitionTime: always(null, goTime) }))),
  annotations: map,
  startTime: moment,
  completionTime: moment,
}
const featureFlags = pointer(struct({ enableTektonOCIBundles: { write: 'pointer' } }))
const provenance = pointer(struct({ refSource: pointer(struct({ digest: map })), featureFlags }))
const containerState = {
  waiting: opaque,
  running: kubernetes('ContainerStateRunning'),
  terminated: kubernetes('ContainerStateTerminated'),
}
const artifacts = field(list(struct({ values: field(list(struct({ digest: map }))), buildOutput: dropped })))

const taskRunStatus: Convert = struct({
  ...status,
  podName: always(''),
  steps: field(
    list(
      struct({
        ...containerState,
        results: field(list(runResult)),
        provenance,
        inputs: artifacts,
        outputs: artifacts,
        terminationReason: dropped,
      }),
    ),
  ),
  sidecars: field(list(struct(containerState))),
  retriesStatus: field(list((value) => taskRunStatus(value))),
  results: field(list(runResult), 'taskResults'),
  taskSpec,
  provenance,
  artifacts: dropped,
  spanContext: dropped,
})

const pipelineRunStatus = struct({
  ...status,
  finallyStartTime: moment,
  results: field(list(runResult), 'pipelineResults'),
  pipelineSpec,
  skippedTasks: field(list(struct({ name: always(''), reason: always(''), whenExpressions: when }))),
  childReferences: field(list(struct({ whenExpressions: when }))),
  provenance,
  spanContext: dropped,
})

const customRunSpec = struct({
  customRef: ref,
  customSpec: pointer(struct({ metadata: always({}, labelled), spec: always(null) })),
  params,
  serviceAccountName: always(''),
  timeout: duration,
  workspaces: workspaceBindings,
})

const customRunStatus: Convert = struct({
  ...status,
  results: field(list(struct({ name: always(''), value: always('') }))),
  retriesStatus: field(list((value) => customRunStatus(value))),
  extraFields: always(null),
})

const kinds = new Map<string, { spec: Convert; status: Convert }>([
  ['TaskRun', { spec: taskRunSpec, status: taskRunStatus }],
  ['PipelineRun', { spec: flatPipelineRunSpec, status: pipelineRunStatus }],
  ['CustomRun', { spec: customRunSpec, status: customRunStatus }],
])
