import type { KubeObject } from '../../api/object.ts'
import { bareMetadata, lastApplied } from '../bare.ts'
import { isRecord } from '../kept-annotations.ts'

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
export function restoreDeprecated(
  kind: string,
  object: KubeObject,
  spec: unknown,
  status: unknown,
): Record<string, unknown> {
  const annotations: unknown = object.metadata.annotations
  const gone = [lastApplied]
  const restored = { spec: {}, status: {}, taskSpec: {} } as Record<'spec' | 'status' | 'taskSpec', object>
  for (const { annotation, at, name } of deprecated.get(kind) ?? []) {
    if (!isRecord(annotations) || typeof annotations[annotation] !== 'string') continue
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

/** Fields of v1beta1's steps and step templates that v1 has no place for; a template's name besides. */
const stepFields = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'stdin',
  'stdinOnce',
  'tty',
]
const templateFields = ['name', ...stepFields]

const taskDeprecations = 'tekton.dev/v1beta1.task-deprecations'

/**
 * The run with such fields where v1beta1 has them, and what is left of the annotation that keeps them, by the task's name. As Tekton does it,
 * each goes into the first spec of that task: of the status before that of the spec, of earlier attempts first. The run itself where the
 * annotation does not fit it: Tekton then sends no event at all.
 */
export function withTaskDeprecations(object: KubeObject): KubeObject {
  const annotations: unknown = object.metadata.annotations
  const text = isRecord(annotations) ? annotations[taskDeprecations] : undefined
  const kept = typeof text === 'string' ? parse(text) : undefined
  if (!isRecord(annotations) || !isRecord(kept)) return object
  const left = new Map(Object.entries(kept))
  let fits = true
  const fold: Fold = (spec, task) => {
    const found = left.get(task)
    if (!isRecord(spec) || !isRecord(found)) return spec
    const [steps, old] = [listOf(spec.steps), listOf(found.deprecatedSteps)]
    if (steps.length !== old.length) fits = false
    left.delete(task)
    const template = found.deprecatedStepTemplate
    return {
      ...spec,
      ...(steps.length > 0 && { steps: steps.map((step, index) => withFields(step, old[index], stepFields)) }),
      ...(isRecord(template) && { stepTemplate: withFields(spec.stepTemplate ?? {}, template, templateFields) }),
    }
  }
  const status = foldStatus(object.status, object.metadata.name, fold)
  const spec = foldSpecs(object.spec, object.metadata.name, fold)
  if (!fits) return object
  const { [taskDeprecations]: _, ...others } = annotations as Record<string, string>
  const rest = left.size > 0 && { [taskDeprecations]: JSON.stringify(Object.fromEntries([...left].sort())) }
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { ...others, ...rest } },
    ...(spec && { spec }),
    ...(status && { status }),
  }
}

type Fold = (taskSpec: unknown, task: string) => unknown
type Fields = Record<string, unknown>

function foldStatus(status: Fields | undefined, name: string, fold: Fold): Fields | undefined {
  if (!isRecord(status)) return status
  const retriesStatus = listOf(status.retriesStatus).map((one) => (isRecord(one) ? foldStatus(one, name, fold) : one))
  return { ...foldSpecs(status, name, fold), ...(retriesStatus.length > 0 && { retriesStatus }) }
}

/** The specs that a run's spec or its status holds. */
function foldSpecs(holder: Fields | undefined, name: string, fold: Fold): Fields | undefined {
  if (!isRecord(holder)) return holder
  const { taskSpec, pipelineSpec } = holder
  return {
    ...holder,
    ...(isRecord(taskSpec) && { taskSpec: fold(taskSpec, name) }),
    ...(isRecord(pipelineSpec) && { pipelineSpec: foldPipeline(pipelineSpec, fold) }),
  }
}

function foldPipeline(spec: Fields, fold: Fold): Fields {
  const inTask = (task: unknown) =>
    isRecord(task) && typeof task.name === 'string' && isRecord(task.taskSpec)
      ? { ...task, taskSpec: fold(task.taskSpec, task.name) }
      : task
  const [tasks, last] = [listOf(spec.tasks).map(inTask), listOf(spec.finally).map(inTask)]
  return { ...spec, ...(tasks.length > 0 && { tasks }), ...(last.length > 0 && { finally: last }) }
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

function withFields(value: unknown, from: unknown, names: readonly string[]): unknown {
  if (!isRecord(value) || !isRecord(from)) return value
  const found = names.filter((name) => Object.hasOwn(from, name)).map((name) => [name, from[name]])
  return { ...value, ...Object.fromEntries(found) }
}
