import type { CustomEvent, EventOf, Link, LooseEvent, Wire, WireOf } from './event.ts'
import type { EventName } from './generated.ts'
import type { Fields, SpecVersion } from './rules.ts'
import { isCustomName, rowOf, subjectTypeOf, typeOf, vocabulary } from './vocabulary.ts'

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
      content: old ? oldContent(name, subject.content) : subject.content,
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

/** Content of 0.5.1 → content of 0.4.1. */
const older: ReadonlyMap<string, Translation> = new Map(
  Object.entries(vocabulary).flatMap(([name, row]) => {
    const translation = translationOf(row.content)
    return translation ? [[name, translation] as const] : []
  }),
)

type Translation = ReadonlyMap<
  string,
  { name: string; words: Readonly<Record<string, string>> | undefined; inner: Translation | undefined }
>

/** Which fields have another name or other words in 0.4.1; undefined where none has. */
function translationOf(fields: Fields): Translation | undefined {
  const found = Object.entries(fields).flatMap(([name, { rule, old }]) => {
    const inner = rule.is === 'object' ? translationOf(rule.fields) : undefined
    const otherwise = old?.name !== undefined || old?.words !== undefined || inner !== undefined
    return otherwise ? [[name, { name: old?.name ?? name, words: old?.words, inner }] as const] : []
  })
  return found.length > 0 ? new Map(found) : undefined
}

function oldContent(name: string, content: Record<string, unknown>): Record<string, unknown> {
  const translation = isCustomName(name) ? undefined : older.get(rowOf(name) && name)
  return translation ? translate(content, translation) : content
}

function translate(content: unknown, translation: Translation): Record<string, unknown> {
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    return content as Record<string, unknown>
  const translated: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(content)) {
    const other = translation.get(key)
    if (other === undefined) translated[key] = value
    else if (other.inner) translated[other.name] = translate(value, other.inner)
    else if (other.words && typeof value === 'string' && Object.hasOwn(other.words, value)) {
      translated[other.name] = other.words[value]
    } else translated[other.name] = value
  }
  return translated
}
