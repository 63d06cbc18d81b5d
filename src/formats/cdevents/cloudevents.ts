import { isObject } from './check.ts'
import type { Wire } from './event.ts'
import type { EventName } from './generated.ts'
import { jsonOf } from './json.ts'
import type { Problem } from './problem.ts'
import type { SpecVersion } from './rules.ts'
import { type CustomName, isCustomName, subjectTypeOf } from './vocabulary.ts'

/** A CloudEvent 1.0 that carries a CDEvent, as the JSON event format has it; extensions may be added. */
export type CloudEvent<Data = unknown> = {
  specversion: '1.0'
  id: string
  source: string
  type: string
  subject: string
  time: string
  datacontenttype: string
  dataschema?: string
  data: Data
}

/** The CloudEvent of a CDEvent (spec, cloudevents-binding.md): what both have is the same in both. `dataschema` is optional: see `schemaOf`. */
export function toCloudEvent<Event extends Wire>(event: Event, dataschema?: string): CloudEvent<Event> {
  return {
    specversion: '1.0',
    id: event.context.id,
    source: event.context.source,
    type: event.context.type,
    subject: event.subject.id,
    time: event.context.timestamp,
    datacontenttype: 'application/json',
    ...(dataschema !== undefined && { dataschema }),
    data: event,
  }
}

/** Where a version of the specification publishes the schema of an event: its `$id`. */
export function schemaOf(version: SpecVersion, name: EventName | CustomName): string {
  const base = `https://cdevents.dev/${version}/schema`
  if (isCustomName(name)) return `${base}/custom`
  const [subject, predicate] = name.split('.')
  // 0.4.1 writes pipeline-run; of 0.5.1 one schema alone still does so.
  const dashed = version === '0.4.1' || subject === 'testoutput'
  const words = dashed ? subjectTypeOf(name).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) : subject
  return `${base}/${words}-${predicate}-event`
}

/** The CDEvent in a CloudEvent, and where the two differ in what they both have; not yet validated. Takes any value, never throws. */
export function fromCloudEvent(value: unknown): { event: unknown; mismatches: Problem[] } {
  const ce: Record<string, unknown> = isObject(value) ? value : {}
  const event = dataOf(ce)
  const context = isObject(event) && isObject(event.context) ? event.context : {}
  const subject = isObject(event) && isObject(event.subject) ? event.subject : {}
  const pairs: [attribute: string, path: string, value: unknown][] = [
    ['id', '/context/id', context.id],
    ['source', '/context/source', context.source],
    ['type', '/context/type', context.type],
    ['subject', '/subject/id', subject.id],
    ['time', '/context/timestamp', context.timestamp],
  ]
  const mismatches = pairs
    .filter(([attribute, , inner]) => !isSame(attribute, ce[attribute], inner))
    .map(([attribute, path]): Problem => {
      const message =
        ce[attribute] === undefined
          ? `is not told: the CloudEvent has no ${attribute}`
          : `differs from the CloudEvent's ${attribute}`
      return { path, rule: 'binding', message }
    })
  return { event, mismatches }
}

/** Times are compared as moments: libraries write them anew, often to the millisecond. */
function isSame(attribute: string, outer: unknown, inner: unknown): boolean {
  if (outer === inner) return true
  if (attribute !== 'time') return false
  const moments = [outer, inner].map((time) =>
    time instanceof Date ? time.getTime() : typeof time === 'string' ? Date.parse(time) : Number.NaN,
  )
  return moments[0] === moments[1]
}

/** `data` may also be text that is JSON, and `data_base64` such text in UTF-8. */
function dataOf(ce: Record<string, unknown>): unknown {
  const text = typeof ce.data_base64 === 'string' ? fromBase64(ce.data_base64) : ce.data
  return typeof text === 'string' ? jsonOf(text) : text
}

function fromBase64(text: string): string | undefined {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0)))
  } catch {
    // What atob throws differs from runtime to runtime.
    return undefined
  }
}
