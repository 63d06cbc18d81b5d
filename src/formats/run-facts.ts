import type { KubeObject } from '../api/object.ts'
import { type Fields, fields, list, text, time } from '../sources/read.ts'
import type { Source } from '../sources/source.ts'
import { timestamp } from './attributes.ts'

/** What a summary tells of a Tekton run: names and times, never the values of params or results. */
export type RunFacts = {
  /** The Pipeline, Task or custom task it runs; absent where the spec is embedded. */
  ref?: { apiVersion?: string; kind?: string; name?: string; resolver?: string }
  params: string[]
  results: string[]
  /** RFC 3339; of the present attempt. */
  startTime?: string
  completionTime?: string
  /** From startTime to completionTime. */
  durationMs?: number
  /** Attempts that failed before the present one. */
  retries?: number
}

export function runFacts(object: KubeObject): RunFacts {
  const spec = fields(object.spec)
  const status = fields(object.status)
  const ref = refOf(spec)
  const start = time(status.startTime)
  const end = time(status.completionTime)
  const retries = list(status.retriesStatus).length
  return {
    ...(ref && { ref }),
    params: names(spec.params),
    results: names(status.results),
    ...(start !== undefined && { startTime: timestamp(start) }),
    ...(end !== undefined && { completionTime: timestamp(end) }),
    ...(start !== undefined && end !== undefined && { durationMs: Math.max(end - start, 0) }),
    ...(retries > 0 && { retries }),
  }
}

function refOf(spec: Fields): RunFacts['ref'] {
  const ref = fields(spec.pipelineRef ?? spec.taskRef ?? spec.customRef ?? spec.customSpec)
  const found: NonNullable<RunFacts['ref']> = {}
  for (const name of ['apiVersion', 'kind', 'name', 'resolver'] as const) {
    const value = text(ref[name])
    if (value !== undefined) found[name] = value
  }
  return Object.keys(found).length > 0 ? found : undefined
}

const names = (value: unknown): string[] => list(value).flatMap((entry) => text(fields(entry).name) ?? [])

/** The extensions of a run's events in Carillon's own format, where the run has what they tell. */
export function runExtensions(source: Source, object: KubeObject): Record<string, string> {
  const labels = fields(object.metadata.labels)
  const isPipelineRun = source.kind === 'PipelineRun'
  const found = {
    pipeline: text(labels['tekton.dev/pipeline']) ?? text(fields(fields(object.spec).pipelineRef).name),
    pipelinerun: isPipelineRun ? object.metadata.name : text(labels['tekton.dev/pipelineRun']),
    pipelinetask: text(labels['tekton.dev/pipelineTask']),
    traceparent: traceparent(source, object),
  }
  const extensions: Record<string, string> = {}
  for (const [name, value] of Object.entries(found)) if (value !== undefined) extensions[name] = value
  return extensions
}

// W3C Trace Context §3.2, version 00; neither id may be all zeros.
const valid = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** The trace that Tekton runs this object under: annotation tekton.dev/<kind>SpanContext, a JSON map of W3C headers. */
const traceparent = (source: Source, object: KubeObject): string | undefined =>
  traceparentIn(text(fields(object.metadata.annotations)[`tekton.dev/${source.kind.toLowerCase()}SpanContext`]))

export function traceparentIn(carrier: string | undefined): string | undefined {
  const found = carrier === undefined ? undefined : /"traceparent"\s*:\s*"([0-9a-f-]{55})"/.exec(carrier)?.[1]
  return found !== undefined && valid.test(found) ? found : undefined
}
