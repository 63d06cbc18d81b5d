import { bareAtTop, encodePart } from './bare.ts'
import { apiVersionOf } from './facts.ts'
import type { EncodeInput } from './format.ts'
import { pointerText } from './pointers.ts'

type Input = Pick<EncodeInput, 'source' | 'object' | 'options' | 'cluster' | 'truncated'>

/** No sink takes more (limits.maxEventBytes): with so much included an event stays behind, and what else it lacks does not matter. */
const largestEvent = 1_048_576

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
    apiVersion: apiVersionOf(source, object),
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
  const top = bareAtTop(object)
  const members: string[] = []
  let length = 0
  for (const pointer of include) {
    const part = encodePart(top, pointer)
    if (part === undefined) continue
    members.push(`${JSON.stringify(pointerText(pointer))}:${part}`)
    length += part.length
    if (length > largestEvent) break
  }
  return `,"include":{${members.join()}}`
}
