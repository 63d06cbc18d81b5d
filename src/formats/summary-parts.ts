import { bareObject } from './bare.ts'
import type { EncodeInput } from './format.ts'
import { pointerText, valueAt } from './pointers.ts'

type Input = Pick<EncodeInput, 'source' | 'object' | 'options' | 'cluster' | 'truncated'>

/** Where the object is, for who was sent less of it than was asked for. */
export type ObjectRef = {
  apiVersion: string
  kind: string
  namespace?: string
  name: string
  uid: string
  /** The state that the event was made of. */
  resourceVersion?: string
  /** In the dashboard, else at the API server. */
  url: string
}

/**
 * A summary, a JSON object with something in it, and behind it what a summary may hold besides:
 * - `truncated: true` and `objectRef`, where it stands in for an event that was too large;
 * - `include`: the parts of the object that the subscription's `data.include` names and that are there, by their JSON Pointer, in the
 *   order of the spec. What was redacted is no longer in the object, and what never leaves the cluster is not among them.
 */
export function extendSummary(summary: string, input: Input): string {
  const { truncated, options } = input
  if (!truncated && options.data.include.length === 0) return summary
  const standIn = truncated ? `,"truncated":true,"objectRef":${JSON.stringify(objectRef(input))}` : ''
  return `${summary.slice(0, -1)}${standIn}${encodeIncluded(input)}}`
}

function objectRef({ source, object, cluster }: Input): ObjectRef {
  const { namespace, name, uid, resourceVersion } = object.metadata
  return {
    apiVersion: source.group ? `${source.group}/${source.version}` : source.version,
    kind: source.kind,
    ...(namespace !== undefined && { namespace }),
    name,
    uid,
    ...(typeof resourceVersion === 'string' && { resourceVersion }),
    url: cluster.urlOf(source, object),
  }
}

function encodeIncluded({ object, options }: Input): string {
  const { include } = options.data
  if (include.length === 0) return ''
  const bare = bareObject(object)
  const members: string[] = []
  for (const pointer of include) {
    const part = encodePart(valueAt(bare, pointer))
    if (part !== undefined) members.push(`${JSON.stringify(pointerText(pointer))}:${part}`)
  }
  return `,"include":{${members.join()}}`
}

/** Undefined where nothing is there, or what is nested too deeply to be written. */
function encodePart(part: unknown): string | undefined {
  try {
    return JSON.stringify(part)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
