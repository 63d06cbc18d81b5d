import type { KubeObject } from '../../../src/api/object.ts'
import { eventId } from '../../../src/formats/attributes.ts'
import { typeOf } from '../../../src/formats/cloudevents.ts'
import { rowOf } from '../../../src/sources/event-of.ts'
import { sourceFor } from '../../../src/sources/index.ts'
import type { Milestone, Source } from '../../../src/sources/source.ts'
import type { Received } from '../../controlplane/sink.ts'
import type { Played } from './play.ts'

/** A milestone that some state of an object tells. */
export type Told = { source: Source; object: KubeObject; milestone: Milestone }

/** All that the states of an object tell, each once. */
function tellingsOf({ states }: Played): Told[] {
  const [first] = states
  const source = first && sourceFor(first)
  if (source === undefined) throw new Error(`no source for a ${first?.kind}`)
  const byKey = new Map<string, Told>()
  let previous: ReturnType<Source['project']> | undefined
  for (const object of states) {
    for (const milestone of [...source.milestones(object), ...source.transitions(previous, object)])
      if (!byKey.has(milestone.key)) byKey.set(milestone.key, { source, object, milestone })
    previous = source.project(object)
  }
  return [...byKey.values()]
}

/** Which milestone of which object an event is of: its id follows from that alone. */
export function tracer(all: readonly Played[]): (event: Event) => Told | undefined {
  const told = all.flatMap(tellingsOf)
  const byId = new Map(
    told.map((one) => [idOf(one, 'cloudevents', typeOf(one.source, one.milestone.name)), one] as const),
  )
  return ({ id, type, subject, format }) =>
    format === 'cloudevents'
      ? byId.get(id)
      : told.find((one) => [undefined, subject].some((part) => idOf(one, format, type, part) === id))
}

const idOf = ({ object, milestone }: Told, format: Format, type: string, part?: string): string =>
  eventId(object.metadata.uid, milestone.key, format, type, part)

export type Format = 'cloudevents' | 'cdevents'
export type Event = { format: Format; id: string; type: string; subject: string; received: Received }

export const eventOf = (received: Received): Event => ({
  format: received.path.endsWith('cdevents') ? 'cdevents' : 'cloudevents',
  id: received.id,
  type: String(received.headers['ce-type']),
  subject: decodeURIComponent(String(received.headers['ce-subject'])),
  received,
})

/** What is another in each run of the test, or is none of ours to repeat, by names of its own: `<commit 1>`, `<digest 1>`, … */
class Placeholders {
  readonly #known = new Map<string, string>()
  readonly #count = new Map<string, number>()

  of(what: string, value: string): string {
    const known = this.#known.get(value)
    if (known !== undefined) return known
    const number = (this.#count.get(what) ?? 0) + 1
    this.#count.set(what, number)
    this.#known.set(value, `<${what} ${number}>`)
    return `<${what} ${number}>`
  }

  in(text: string): string {
    return text
      .replace(/\/clusters\/[0-9a-f-]{36}/g, '<cluster>')
      .replace(/https?:\/\/[^\s"]+/g, (address) => this.of('repository', address))
      .replace(/pkg:oci\/[^"\s]+/g, (purl) => this.of('artifact', purl))
      .replace(/\b[a-z0-9.-]+\.[a-z]{2,}(\/[a-z0-9._-]+)+(:[A-Za-z0-9._-]+)?(@sha256:[0-9a-f]{64})?/g, (image) =>
        this.of('image', image),
      )
      .replace(/sha256:[0-9a-f]{64}/g, (digest) => this.of('digest', digest))
      .replace(/\b[0-9a-f]{40}\b/g, (commit) => this.of('commit', commit))
      .replace(/chain:(\S+)/g, (_, chain) => this.of('chain', chain))
      .replace(/\b\d{13}\b/g, '<time>')
  }
}

/**
 * A line for each event, by object in the order of their creation, and within an object as they came, below a line of whose they are: what,
 * of which row, linked to what.
 */
export function linesOf(all: readonly Played[], events: readonly Event[]): string[] {
  const trace = tracer(all)
  const placeholders = new Placeholders()
  const nameOf = (event: Event): string => {
    const told = trace(event)
    if (told === undefined) return `nothing that was played: ${event.type} ${event.subject}`
    return `${event.type} of ${told.object.metadata.name}`
  }
  const byId = new Map(events.map((event) => [event.id, event]))
  const ofObject = Map.groupBy(events, (event) => trace(event)?.object.metadata.uid)
  const objects = [...all.flatMap(({ states }) => states[0]?.metadata.uid ?? []), undefined]
  const lines: string[] = []
  let heading = ''
  for (const event of objects.flatMap((uid) => ofObject.get(uid) ?? [])) {
    const told = trace(event)
    const row = told && rowOf(told.source, told.milestone.name)
    const { whose, what } = event.format === 'cdevents' ? cdevent(event, byId, nameOf) : cloudevent(event)
    const above = placeholders.in(
      [`${told?.object.metadata.namespace} ${told?.source.kind} ${told?.object.metadata.name}`, ...whose].join(' '),
    )
    if (above !== heading) lines.push(above)
    heading = above
    const key = placeholders.in(told?.milestone.key ?? '')
    lines.push(
      `  ${[event.type, ...what.map((part) => placeholders.in(part))].join(' ')} <- ${row?.name}${key === row?.name ? '' : ` (${key})`}`,
    )
  }
  return lines
}

const extensions = [
  'application',
  'componentgroup',
  'component',
  'commit',
  'snapshot',
  'release',
  'scenario',
  'pipelinetype',
]

type Line = { whose: string[]; what: string[] }

/** `outcome` is of the event, the other extensions are of the object. */
function cloudevent({ received }: Event): Line {
  const { milestone } = JSON.parse(received.body) as { milestone: { reason?: string; details?: object } }
  const told = (name: string) =>
    received.headers[`ce-${name}`] === undefined ? [] : [`${name}=${received.headers[`ce-${name}`]}`]
  const { reason, details } = milestone
  return {
    whose: extensions.flatMap(told),
    what: [
      ...told('outcome'),
      ...(reason === undefined ? [] : [`reason=${reason}`]),
      ...(details === undefined ? [] : [JSON.stringify(details)]),
    ],
  }
}

type Link = { linkType: string; linkKind?: string; from?: { contextId: string }; target?: { contextId: string } }
type CdEvent = {
  context: { chainId?: string; links?: Link[] }
  subject: { id: string; content: Record<string, unknown> }
}

function cdevent({ received }: Event, byId: ReadonlyMap<string, Event>, nameOf: (event: Event) => string): Line {
  const { context, subject } = JSON.parse(received.body) as CdEvent
  const links = (context.links ?? []).map(({ linkType, linkKind, from, target }) => {
    const found = byId.get((from ?? target)?.contextId ?? '')
    return `[${[linkType, linkKind].filter(Boolean).join(' ')} ${found ? nameOf(found) : 'to nothing that was sent'}]`
  })
  return { whose: [`chain:${context.chainId}`], what: [subject.id, content(subject.content), ...links] }
}

/** Addresses and messages are of no concern: the formats' own tests have them. */
function content(of: Record<string, unknown>): string {
  const shown = Object.entries(of).filter(([name]) => !['uri', 'url', 'message', 'errors'].includes(name))
  return JSON.stringify(Object.fromEntries(shown.map(([name, value]) => [name, withoutAddresses(value)])))
}

const withoutAddresses = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .filter(([name]) => !['uri', 'url'].includes(name))
          .map(([name, inner]) => [name, withoutAddresses(inner)]),
      )
    : value
