import type { CustomEvent, EventOf, Link, LooseEvent, Wire, WireOf } from './event.ts'
import type { EventName } from './generated.ts'
import type { SpecVersion } from './rules.ts'
import { written } from './translate.ts'
import { subjectTypeOf, typeOf } from './vocabulary.ts'

/**
 * The event as the given version of the specification writes it: a plain object in a steady order of members, for JSON.stringify. Nothing is
 * checked but what the types check: `validate` what is to be sent. Nothing of the input is changed; parts of it are shared.
 */
export function build<Version extends SpecVersion, Name extends EventName>(
  version: Version,
  event: EventOf<Name>,
): WireOf<Version, Name>
export function build<Version extends SpecVersion>(version: Version, event: CustomEvent): Wire<Version>
export function build(version: SpecVersion, event: LooseEvent): unknown {
  return buildLoose(version, event)
}

/** The same for content that comes from outside: what is wrong with it is left in, for `validate` to find. Throws for an unknown name. */
export function buildLoose(version: SpecVersion, event: LooseEvent): Wire {
  const { name, subject, chainId, links, schemaUri, customData, customDataContentType } = event
  const old = version === '0.4.1'
  const wire = {
    context: {
      ...(old ? { version } : { specversion: version }),
      id: event.id,
      source: event.source,
      type: typeOf(version, name),
      timestamp: event.timestamp,
      ...(schemaUri !== undefined && { schemaUri }),
      ...(chainId !== undefined && { chainId }),
      ...(links !== undefined && links.length > 0 && { links }),
    },
    subject: {
      id: subject.id,
      ...(subject.source !== undefined && { source: subject.source }),
      ...(old && { type: subjectTypeOf(name) }),
      content: written(version, name, subject.content),
    },
    ...(customDataContentType !== undefined && { customDataContentType }),
    ...(customData !== undefined && { customData }),
  }
  return wire as Wire
}

/** PATH: `contextId` is the id of the event before this one in its chain. */
export const path = (contextId: string, tags: Record<string, string> = {}): Link => ({
  linkType: 'PATH',
  from: { contextId },
  tags,
})

/** RELATION: what the event of that id is to this one. */
export const relation = (linkKind: string, contextId: string, tags: Record<string, string> = {}): Link => ({
  linkType: 'RELATION',
  linkKind,
  target: { contextId },
  tags,
})

/** END: this event is the last of its chain, that of the given id the one before. */
export const end = (contextId: string, tags: Record<string, string> = {}): Link => ({
  linkType: 'END',
  from: { contextId },
  tags,
})
