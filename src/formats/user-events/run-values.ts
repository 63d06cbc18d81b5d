import type { KubeObject } from '../../api/object.ts'
import { type Fields, fields, list, text } from '../../sources/read.ts'
import { pipelineNameOf, taskNameOf } from '../mapping/run.ts'

/** A result or param as Tekton has it: a text, a list of texts, or a map of texts. Odd objects may hold anything. */
export type RunValues = {
  results: ReadonlyMap<string, unknown>
  /** The run's own, else the defaults of the spec that it ran with. */
  params: ReadonlyMap<string, unknown>
  /** `taskRun.name` and the like, as Tekton's `$(context.…)` names them. */
  context: ReadonlyMap<string, string>
}

/**
 * What a declaration can take from a run, each of the three read when it is first asked for. Line breaks at the end of a result are dropped,
 * as a shell's `$(…)` does.
 */
export function valuesOf(kind: string, object: KubeObject): RunValues {
  let results: RunValues['results'] | undefined
  let params: RunValues['params'] | undefined
  let context: RunValues['context'] | undefined
  return {
    get results() {
      results ??= resultsOf(object)
      return results
    },
    get params() {
      params ??= paramsOf(object)
      return params
    },
    get context() {
      context ??= contextOf(kind, object)
      return context
    },
  }
}

const resultsOf = (object: KubeObject) =>
  named(fields(object.status).results, ({ value }) => (typeof value === 'string' ? withoutLastBreaks(value) : value))

function paramsOf(object: KubeObject): Map<string, unknown> {
  const spec = fields(object.spec)
  const found = named(specRunBy(spec, fields(object.status)).params, (param) => param.default)
  for (const [name, value] of named(spec.params, (param) => param.value)) found.set(name, value)
  return found
}

/** No regular expression: looking for breaks before the end takes the square of their number. */
function withoutLastBreaks(text: string): string {
  let end = text.length
  while (end > 0 && (text[end - 1] === '\n' || text[end - 1] === '\r')) end -= 1
  return text.slice(0, end)
}

const specRunBy = (spec: Fields, status: Fields): Fields =>
  fields(status.taskSpec ?? status.pipelineSpec ?? spec.taskSpec ?? spec.pipelineSpec)

function named(entries: unknown, read: (entry: Fields) => unknown): Map<string, unknown> {
  const found = new Map<string, unknown>()
  for (const entry of list(entries).map(fields)) {
    const name = text(entry.name)
    const value = read(entry)
    if (name !== undefined && value !== undefined) found.set(name, value)
  }
  return found
}

/** https://tekton.dev/docs/pipelines/variables: those that are known of a run from outside, and `customRun`. */
function contextOf(kind: string, object: KubeObject): Map<string, string> {
  const { name, namespace = '', uid } = object.metadata
  const labels = fields(object.metadata.labels)
  const of = (prefix: string, values: Record<string, string | undefined>) =>
    Object.entries(values).flatMap(([key, value]) =>
      value === undefined ? [] : [[`${prefix}.${key}`, value] as const],
    )
  const own = { name, namespace, uid }
  const parent = text(labels['tekton.dev/pipelineRun'])
  const above =
    parent === undefined
      ? []
      : [
          ...of('pipelineRun', { name: parent, namespace, uid: text(labels['tekton.dev/pipelineRunUID']) }),
          ...of('pipeline', { name: text(labels['tekton.dev/pipeline']) }),
          ...of('pipelineTask', { name: text(labels['tekton.dev/pipelineTask']) }),
        ]
  if (kind === 'PipelineRun') {
    return new Map([...above, ...of('pipelineRun', own), ...of('pipeline', { name: pipelineNameOf(object) })])
  }
  const retries = String(list(fields(object.status).retriesStatus).length)
  const task = of('task', { name: taskNameOf(object), 'retry-count': retries })
  return new Map([...above, ...of(kind === 'CustomRun' ? 'customRun' : 'taskRun', own), ...task])
}
