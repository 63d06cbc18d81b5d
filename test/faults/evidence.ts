// What the checker looks at: plain data from three sources that know nothing of each other.

/** A write that the API server acknowledged; or, with `certain` false, one whose answer was lost. */
export type Moment = {
  /** ms since the epoch, when the answer came. */
  at: number
  certain: boolean
  namespace: string
  kind: string
  name: string
  /** '' for an object whose creation may or may not have been. */
  uid: string
  /** As in the catalogue: queued, started, finished, … */
  milestone: string
}

/** A request as a sink noted it, before it answered. */
export type Arrival = {
  at: number
  /** Which sink it was: `namespace/name`, known to the sink itself. */
  sink: string
  /** Header Carillon-Subscription. */
  subscription: string
  id: string
  kind: string
  namespace: string
  name: string
  uid: string
  milestone: string
  sequence: string
  /** Of a batch: how many events the request held. */
  among?: number
  /** The sink answered 2xx. */
  taken: boolean
  /** What the sink did, for the reader: 204, 503, hang. */
  answer: string
}

/** A subscription as it was declared. */
export type Declared = {
  /** `namespace/name` */
  key: string
  sinks: string[]
  kinds: string[]
  milestones: string[]
  /** Whose objects it sees. */
  namespaces: string[]
}

/** What a status says after everything has come to rest. */
export type Told = {
  of: 'EventSubscription' | 'EventSink'
  key: string
  /** Sinks have none. */
  matched?: number
  delivered: number
  deadLettered: number
  dropped: number
  pending: number
}

export type Evidence = {
  truth: readonly Moment[]
  declared: readonly Declared[]
  arrivals: readonly Arrival[]
  told: readonly Told[]
}

export const momentKey = (of: Pick<Moment, 'uid' | 'milestone'>): string => `${of.uid} ${of.milestone}`
