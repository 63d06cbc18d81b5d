import type { Manifest } from '../../controlplane/admin.ts'

/** A sink that somebody applies to reach what is not theirs. */
export type HostileCase = {
  name: string
  /** Of the EventSink. */
  http: object
  /** Answers of the DNS server, by `host family`: one question after the other. */
  dns?: Readonly<Record<string, readonly string[][]>>
  /** Applied before it, in the sink's namespace. */
  beside?(namespace: string): Manifest[]
  /** The reason that a condition has to give; or what the API server says when it does not take it at all. */
  expect: RegExp
  /** Shown to be reached where the administrator allows everything. */
  isReachable?: boolean
}
