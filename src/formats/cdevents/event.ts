import type { Contents, Contents041, EventName, Types } from './generated.ts'
import type { SpecVersion } from './rules.ts'
import type { CustomName } from './vocabulary.ts'

/** The id of another event's context. */
export type ContextRef = { contextId: string }

/** What is said about a link. Always there in what this library builds, as `{}` where nothing is: the Go SDK refuses a link without. */
export type Tags = Record<string, string>

/**
 * A link embedded in `context.links`, to what came before this event. PATH: the event before it in its chain. RELATION: another event, and
 * in `linkKind` what it is to this one (`TRIGGER`, `ARTIFACT`). END: this event ends its chain; `from` is the event before it. There is no
 * START: an event with a fresh `chainId` is one.
 */
export type Link =
  | { linkType: 'PATH'; from: ContextRef; tags: Tags }
  | { linkType: 'RELATION'; linkKind: string; target: ContextRef; tags: Tags }
  | { linkType: 'END'; from?: ContextRef; tags: Tags }

/** What an event is besides its name and subject; the same for all. */
export type Envelope = {
  /** Unique among the events of its source; the same again where it is sent again. */
  id: string
  /** URI reference, better an absolute URI: who tells of it. */
  source: string
  /** RFC 3339: when it happened. */
  timestamp: string
  /** Shared by all events of one causal chain: a UUID. */
  chainId?: string | undefined
  links?: readonly Link[] | undefined
  /** Absolute URI of a stricter schema. The Go SDK, and Flux with it, refuses an event with one. */
  schemaUri?: string | undefined
  /** An object, or else base64 of what `customDataContentType` says. */
  customData?: Record<string, unknown> | string | undefined
  /** Media type of `customData`, application/json where it is left out. */
  customDataContentType?: string | undefined
}

/** What an event is about. `id` is the same for the same subject for ever; `source` is there where it is not that of the event. */
export type Subject<Content> = { id: string; source?: string | undefined; content: Content }

/** An event in the neutral model: names and words of 0.5.1, in whatever version it was read or will be written. */
export type EventOf<Name extends EventName> = Envelope & { name: Name; subject: Subject<Contents[Name]> }

/** An event that is no part of the vocabulary; its name is its whole type, `dev.cdeventsx.<tool>-<subject>.<predicate>.<version>`. */
export type CustomEvent = Envelope & { name: CustomName; subject: Subject<Record<string, unknown>> }

/** Any event in the neutral model, told apart by its name. */
export type CDEvent = { [Name in EventName]: EventOf<Name> }[EventName] | CustomEvent

/** Any event in the neutral model whose content is not known to be right: what `buildLoose` takes, for `validate` to judge. */
export type LooseEvent = Envelope & { name: EventName | CustomName; subject: Subject<Record<string, unknown>> }

type WireContents = { '0.4.1': Contents041; '0.5.1': Contents }

/** What versions write otherwise, besides names and words in the content. */
type Written = {
  '0.4.1': { context: { version: '0.4.1' }; subject: { type: string } }
  '0.5.1': { context: { specversion: '0.5.1' }; subject: unknown }
}

/** An event as it is written in a version of the specification. */
export type Wire<
  Version extends SpecVersion = SpecVersion,
  Type extends string = string,
  Content = Record<string, unknown>,
> = Version extends SpecVersion
  ? {
      context: Written[Version]['context'] & {
        id: string
        source: string
        type: Type
        timestamp: string
        schemaUri?: string
        chainId?: string
        links?: readonly Link[]
      }
      subject: Written[Version]['subject'] & { id: string; source?: string; content: Content }
      customData?: Record<string, unknown> | string
      customDataContentType?: string
    }
  : never

/** An event of the vocabulary as it is written, with the very type and content. */
export type WireOf<Version extends SpecVersion, Name extends EventName> = Wire<
  Version,
  Types[Version][Name],
  WireContents[Version][Name]
>
