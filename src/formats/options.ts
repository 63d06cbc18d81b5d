import type { AnnotationReader } from './user-events/annotation.ts'

/** What a subscription asks of its formats, checked and made ready (src/operator/options.ts). Each format reads its own part. */
export type FormatOptions = {
  /** The subscription's own CloudEvents extensions, already checked by `checkExtensions`. */
  extensions: Readonly<Record<string, string>>
  data: DataOptions
  cdevents: CDEventsOptions
  tekton: TektonOptions
  flux: FluxOptions
}

/** Parts of the object, as reference tokens of JSON Pointers (RFC 6901). */
export type DataOptions = {
  /** Held by a summary besides what is documented, in this order; none twice. */
  include: readonly Pointer[]
  /** Never leave the cluster, in whatever content: no encoder sees them (redaction.ts). */
  redact: readonly Pointer[]
}

/** `/spec/params` as ['spec', 'params']. */
export type Pointer = readonly string[]

export type CDEventsOptions = {
  specVersion: '0.4.1' | '0.5.1'
  /** What an event must satisfy to be sent: the specification's schema, or also what the Go SDK, and so Flux, accepts. */
  profile: 'schema' | 'sdk-go'
  /** Reason → outcome, before the built-in table. */
  outcomes: Readonly<Record<string, CDEventsOutcome>>
  userEvents: UserEventsOptions | undefined
}

export type CDEventsOutcome = 'success' | 'failure' | 'cancel' | 'error'

/** Which events that authors of Tasks and Pipelines declare may pass. */
export type UserEventsOptions = {
  /** `dev.cdevents.<subject>.<predicate>`, or `dev.cdeventsx.<tool>-<subject>.<predicate>`; without a version. */
  types: ReadonlySet<string>
  /** Nothing but these: the milestones' own events stay out. */
  only: boolean
  /** Reads declarations, and remembers some. Left out: each is read anew. */
  read?: AnnotationReader
}

export type TektonOptions = {
  /** once: as Tekton v1.12 sends them; eachChange: `running` again at each change, as before. */
  mode: 'once' | 'eachChange'
  /** canonical: the object's path in the API; classic: what Tekton sends in the field. */
  source: 'canonical' | 'classic'
}

export type FluxOptions = {
  /** As CDEvents: service events and incidents (the RFC's last revision), or the table of its first one, row by row. */
  profile: 'service' | 'rfc'
}

/** Those of a subscription that says nothing. */
export const defaultOptions: FormatOptions = {
  extensions: {},
  data: { include: [], redact: [] },
  cdevents: { specVersion: '0.4.1', profile: 'schema', outcomes: {}, userEvents: undefined },
  tekton: { mode: 'once', source: 'canonical' },
  flux: { profile: 'service' },
}
