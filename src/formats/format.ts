import type { KubeObject } from '../api/object.ts'
import type { Milestone, Source } from '../sources/source.ts'
import type { FormatOptions } from './options.ts'

export type FormatName = 'cloudevents' | 'cdevents' | 'tektonv1' | 'tektonv2'

/** How much of the object an event carries. */
export type Content = 'summary' | 'full' | 'none'

/** What an encoder is given. The object is as it was read but for what the subscription redacts; it is not kept. */
export type EncodeInput = {
  source: Source
  object: KubeObject
  milestone: Milestone
  /** What is wanted now: of a subscription with content `full`, its summary too. */
  content: Content
  /** The event stands in for a larger one that a sink would not take: `extendSummary` says so in it. */
  truncated?: boolean
  options: FormatOptions
  cluster: Cluster
  /** What is remembered of others, for links; left out: nothing. */
  known?: Lookup | undefined
  /** The causal chain that the object's first event had; left out where this is that one, or nobody remembers. */
  chain?: string | undefined
}

/**
 * What the ledger holds of an object that is there or was, a month ago at most: what the ids of its events are made of. `keys`: of the
 * milestones that were seen of it.
 */
export type KnownObject = { uid: string; chain: string | undefined; keys: readonly string[] }

/** By the name of the object's source (`PipelineRun`), its namespace and its name; of several that had the name, the last. */
export type Lookup = (source: string, namespace: string, name: string) => KnownObject | undefined

/** What encoders know of the cluster. */
export type Cluster = {
  /** First part of every `source`: `--cluster-uri`, by default `/clusters/<uid of kube-system>`. */
  uri: string
  /** Absolute URL of an object, by the dashboard template or, without one, the API server's. */
  urlOf(source: Source, object: KubeObject): string
  /** Where the JSON Schemas of our own format are served, without a slash at its end (`--schema-base-url`); else there is no `dataschema`. */
  schemaBase?: string | undefined
}

/**
 * A CloudEvent, encoded once for every sink and mode.
 * `attributes` is a JSON object of strings in spec order (specversion, id, source, type, subject, time, datacontenttype, extensions);
 * `data` is serialised JSON, or undefined where the event has none. Binary mode makes headers of the one and a body of the other;
 * structured mode splices both into one JSON object.
 */
export type EncodedEvent = {
  id: string
  type: string
  subject: string
  attributes: string
  data: string | undefined
  /**
   * The same event, smaller, where there is such: for a sink that answers 413. A format with a summary gives it with content `full`, where
   * it is what `encode` gives with content `summary` and `truncated`; else whoever stores the event adds it.
   */
  summary?: { attributes: string; data: string | undefined }
}

/**
 * What a milestone gives in one format: no event where the format has none. A problem stands for an event that would not have been
 * valid, and is not sent.
 */
export type Encoding = { events: readonly EncodedEvent[]; problems: readonly FormatProblem[] }

export const nothing: Encoding = { events: [], problems: [] }

export const oneEvent = (event: EncodedEvent): Encoding => ({ events: [event], problems: [] })

/** Why an event is not sent. `message` names the path and the rule, never a value of the object. */
export type FormatProblem = { reason: FormatProblemReason; message: string }

/** EventInvalid: what was made is no valid event; DeclarationInvalid: an author's declaration; BodyFailed: the subscription's `body`; ObjectUnreadable: what the object should tell. */
export type FormatProblemReason = 'EventInvalid' | 'DeclarationInvalid' | 'BodyFailed' | 'ObjectUnreadable'

/** One wire format. `encode` never throws on odd objects. */
export type Format = {
  name: FormatName
  /** The largest event in bytes, where the format itself fixes it; else the sink's maxEventBytes counts. */
  maxBytes?: number
  /** Whether a too large event can be had smaller with content `summary`. */
  hasSummary: boolean
  /** Whether this format has an event for that milestone name of that kind: of a row of its catalogue, or one that a subscription defines. */
  knows(source: Source, milestoneName: string, options: FormatOptions): boolean
  /**
   * Milestones that its options bring besides those that a subscription names for a kind (undefined: the default tier), for this format
   * alone.
   */
  besides?(source: Source, named: readonly string[] | undefined, options: FormatOptions): readonly string[]
  /** The options that its events depend on, as a text: those of equal forms are encoded once. Made when a subscription is compiled. */
  formOf(options: FormatOptions): string
  encode(input: EncodeInput): Encoding
}
