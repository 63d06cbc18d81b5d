import type { KubeObject } from '../../api/object.ts'
import { fields, text } from '../../sources/read.ts'
import { eventId } from '../attributes.ts'
import type { EncodeInput } from '../format.ts'
import { eventFor, typeOf } from './events.ts'

/** A link embedded in context.links. `tags` is always there: the Go SDK, and Flux with it, refuses a link without (sdk-go v0.5). */
export type Link = { linkType: 'PATH'; from: { contextId: string }; tags: Record<string, string> }

/**
 * PATH from the event before this one of the same run: the latest earlier milestone that the object still shows and that has an event.
 * Ids are computed, so nothing need be remembered; the first event of a run has no link.
 */
export function linksOf({ source, object, milestone }: EncodeInput): Link[] {
  const earlier = source
    .milestones(object)
    .filter((other) => other.rank < milestone.rank && eventFor(source.kind, other.name) !== undefined)
    .at(-1)
  const event = earlier && eventFor(source.kind, earlier.name)
  if (!earlier || !event) return []
  return [
    {
      linkType: 'PATH',
      from: { contextId: eventId(object.metadata.uid, earlier.key, 'cdevents', typeOf(event)) },
      tags: {},
    },
  ]
}

/**
 * What all events of one causal chain share, as a UUID where it can be: the trace id that the run carries, so that the chain and the
 * OpenTelemetry trace are one; else the uid of the PipelineRun that it belongs to; else its own.
 */
export const chainIdOf = (object: KubeObject): string =>
  traceId(object) ?? text(fields(object.metadata.labels)['tekton.dev/pipelineRunUID']) ?? object.metadata.uid

// W3C Trace Context §3.2: version, trace id, parent id, flags; a trace id of zeros is none.
const traceparent =
  /\b[0-9a-f]{2}-(?!0{32})([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})-[0-9a-f]{16}-/

/** Tekton keeps a JSON map of W3C headers in these (pkg/tracing); a bare traceparent is accepted too. */
const carriers = [
  'tekton.dev/taskrunSpanContext',
  'tekton.dev/customrunSpanContext',
  'tekton.dev/pipelinerunSpanContext',
]

function traceId(object: KubeObject): string | undefined {
  const annotations = fields(object.metadata.annotations)
  for (const name of carriers) {
    const found = traceparent.exec(text(annotations[name]) ?? '')
    if (found) return found.slice(1).join('-')
  }
  return undefined
}
