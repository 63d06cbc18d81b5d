import type { KubeObject } from '../../api/object.ts'
import type { Milestone, Source } from '../../sources/source.ts'
import { encodeAttributes } from '../attributes.ts'
import { encodeBare, hasIdentity } from '../bare.ts'
import { type EncodeInput, type Format, nothing, oneEvent } from '../format.ts'
import type { FormatOptions, TektonOptions } from '../options.ts'

/**
 * Milestones that Tekton v1.12 has types for (pkg/reconciler/events/cloudevent/cloudevent.go). `finished` splits by outcome.
 * A CustomRun has neither queued nor unknown. Tekton sends its `started` while there is no condition (our `queued`), and its `running`
 * for every Unknown. Here `started` stands for the milestone of that name alone: one event per run, sent by default, and never before
 * the custom controller took the run up (TEP-0137, "Events Logic").
 */
const words = new Map<string, ReadonlySet<string>>([
  ['TaskRun', new Set(['queued', 'started', 'running', 'unknown', 'finished'])],
  ['PipelineRun', new Set(['queued', 'started', 'running', 'unknown', 'finished'])],
  ['CustomRun', new Set(['started', 'running', 'finished'])],
])

const dataKeys = new Map([
  ['TaskRun', 'taskRun'],
  ['PipelineRun', 'pipelineRun'],
  ['CustomRun', 'customRun'],
])

/** What such an event shows of a run. */
type View = (source: Source, object: KubeObject) => Readonly<Record<string, unknown>>

/**
 * In mode eachChange `running` is told at each change of a condition with that reason, as Tekton did up to v1.11 for TaskRuns and
 * PipelineRuns (events.Emit, where the condition before and after differ); a CustomRun's it never repeated.
 */
const repeats = (source: Source, { tekton }: FormatOptions): boolean =>
  tekton.mode === 'eachChange' && source.family === 'tekton' && source.kind !== 'CustomRun'

/** Tekton's own events, by the version that ends their types and what they show of the run. */
export function tektonFormat(name: 'tektonv1' | 'tektonv2', version: 'v1' | 'v2', view: View): Format {
  const knows = (source: Source, milestoneName: string, options: FormatOptions) =>
    milestoneName === 'changed'
      ? repeats(source, options)
      : source.family === 'tekton' && words.get(source.kind)?.has(milestoneName) === true
  return {
    name,
    maxBytes: 1_048_576,
    hasSummary: false,
    knows,
    // Who asks for each change of what runs and names no milestones means `running` too.
    besides(source, named, options) {
      if (!repeats(source, options)) return []
      return named === undefined ? ['running', 'changed'] : named.includes('running') ? ['changed'] : []
    },
    formOf: ({ extensions, data, tekton }) => JSON.stringify([extensions, data, tekton]),
    encode(input) {
      const { source, object, milestone } = input
      if (!knows(source, milestone.name, input.options) || !hasIdentity(object)) return nothing
      const type = `dev.tekton.event.${source.kind.toLowerCase()}.${wordOf(milestone)}.${version}`
      const subject = object.metadata.name
      const head = encodeAttributes(input, {
        format: name,
        type,
        subject,
        source: runSource(input, input.options.tekton.source),
        whole: true,
      })
      return oneEvent({
        ...head,
        type,
        subject,
        data: `{"${dataKeys.get(source.kind)}":${encodeRun(view, source, object)}}`,
      })
    },
  }
}

function encodeRun(view: View, source: Source, object: KubeObject): string {
  try {
    return encodeBare(view(source, object))
  } catch (error) {
    // Some thousands of levels, which the API server takes, are more than the stack does: such a run goes out with its metadata alone.
    if (error instanceof RangeError) return encodeBare(view(source, { ...object, spec: {}, status: {} }))
    throw error
  }
}

// Tekton looks at nothing but the condition's status: cancelled, timed out and ignored failures are all `failed`.
function wordOf({ name, outcome }: Milestone): string {
  if (name === 'changed') return 'running'
  return name !== 'finished' ? name : outcome === 'success' ? 'successful' : 'failed'
}

/**
 * `canonical` is the object's path in the API; `classic` what Tekton sends in the field, where its objects have lost their kind:
 * `/apis///namespaces/<ns>//<name>`.
 */
export function runSource({ source, object }: EncodeInput, style: TektonOptions['source']): string {
  const { name, namespace = '' } = object.metadata
  if (style === 'classic') return `/apis///namespaces/${namespace}//${name}`
  return `/apis/${source.group}/${source.version}/namespaces/${namespace}/${source.plural}/${name}`
}
