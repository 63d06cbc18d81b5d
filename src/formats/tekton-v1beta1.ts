import type { KubeObject } from '../api/object.ts'
import type { Source } from '../sources/source.ts'
import { bareMetadata, isRecord, lastApplied } from './bare.ts'
import { goDuration } from './go-duration.ts'
import { always, type Convert, dropped, field, list, map, pointer, renamed, struct } from './go-shape.ts'

/**
 * A TaskRun or PipelineRun (v1) or CustomRun as Tekton v1.12 puts it into an event: converted to v1beta1 and written by Go
 * (pkg/apis/pipeline/v1beta1/*_conversion.go and the json tags of *_types.go), without apiVersion and kind, and, unlike Tekton's,
 * without managedFields and last-applied-configuration. Kubernetes' own structs inside (podTemplate, volumes, probes, quantities, …)
 * stay as they were read, and so does the annotation tekton.dev/v1beta1.task-deprecations. The object itself is not touched; what does not change is shared with it.
 */
export function toV1beta1({ kind }: Source, object: KubeObject): Record<string, unknown> {
  const convert = kinds.get(kind)
  if (!convert) return { metadata: bareMetadata(object, [lastApplied]), spec: object.spec, status: object.status }
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

const duration = pointer(goDuration)
const opaque = pointer(struct({}))
const params = field(list(struct({ name: always(''), value: always('', paramValue) })))
const ref = pointer(struct({ params }))
const when = field(list(struct({})))
const labelled = struct({ labels: map, annotations: map })

const paramSpecs = field(
  list(struct({ name: always(''), type: always('string'), properties: map, default: pointer(paramValue) })),
)
const results = field(list(struct({ name: always(''), properties: map, value: pointer(paramValue) })))
const runResult = struct({ name: always(''), value: always('', paramValue) })

const namedOnly = field(list(struct({ name: always('') })))
const workspaceUsages = field(list(struct({ name: always(''), mountPath: always('') })))
const claim = struct({
  metadata: always({}, struct({})),
  spec: always({ resources: {} }, struct({ resources: always({}) })),
  status: always({}),
})
const workspaceBindings = field(list(struct({ name: always(''), volumeClaimTemplate: pointer(claim) })))

const resources = always({}, undefined, 'resources')
const overrides = list(struct({ name: always(''), computeResources: resources }))
const container = { name: always(''), env: field(list(struct({ name: always('') }))), computeResources: resources }

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
        podTemplate: renamed('taskPodTemplate'),
        stepSpecs: field(overrides, 'stepOverrides'),
        sidecarSpecs: field(overrides, 'sidecarOverrides'),
        metadata: pointer(labelsTwice),
        timeout: duration,
      }),
    ),
  ),
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
  conditions: field(list(struct({ type: always(''), status: always(''), lastTransitionTime: always(null) }))),
  annotations: map,
}
const provenance = pointer(struct({ refSource: pointer(struct({ digest: map })) }))
const containerState = {
  waiting: opaque,
  running: pointer(struct({ startedAt: always(null) })),
  terminated: pointer(struct({ exitCode: always(0), startedAt: always(null), finishedAt: always(null) })),
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

/** Where v1 keeps, as annotations, what only v1beta1 has fields for. */
const deprecated = new Map<string, { annotation: string; at: 'spec' | 'status' | 'taskSpec'; name: string }[]>([
  ['PipelineRun', [{ annotation: 'tekton.dev/v1beta1Resources', at: 'spec', name: 'resources' }]],
  [
    'TaskRun',
    [
      { annotation: 'tekton.dev/v1beta1Resources', at: 'spec', name: 'resources' },
      { annotation: 'tekton.dev/v1beta1CloudEvents', at: 'status', name: 'cloudEvents' },
      { annotation: 'tekton.dev/v1beta1ResourcesResult', at: 'status', name: 'resourcesResult' },
      { annotation: 'tekton.dev/v1beta1ResourcesStatus', at: 'taskSpec', name: 'resources' },
    ],
  ],
])

/** An annotation that does not parse stays one. Tekton sends no event at all for such a run. */
function restoreDeprecated(kind: string, object: KubeObject, spec: unknown, status: unknown): Record<string, unknown> {
  const annotations: unknown = object.metadata.annotations
  const gone = [lastApplied]
  const restored = { spec: {}, status: {}, taskSpec: {} } as Record<'spec' | 'status' | 'taskSpec', object>
  for (const { annotation, at, name } of deprecated.get(kind) ?? []) {
    if (!isRecord(annotations) || !isString(annotations[annotation])) continue
    const value = parse(annotations[annotation])
    if (value === undefined) continue
    gone.push(annotation)
    if (Array.isArray(value) ? value.length > 0 : 'inputs' in value || 'outputs' in value) {
      restored[at] = { ...restored[at], [name]: value }
    }
  }
  const metadata = bareMetadata(object, gone)
  if (gone.length === 1 || !isRecord(spec) || !isRecord(status)) return { metadata, spec, status }
  const taskSpec = Object.keys(restored.taskSpec).length > 0 && {
    taskSpec: { ...(isRecord(status.taskSpec) && status.taskSpec), ...restored.taskSpec },
  }
  return { metadata, spec: { ...spec, ...restored.spec }, status: { ...status, ...restored.status, ...taskSpec } }
}

function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
