import type { Explanation } from './judge-object.ts'

/** A CR that the API server would refuse (reason `Invalid`), or that would be Stalled (the condition's reason). */
export type RefusedCr = {
  kind: 'EventSubscription' | 'EventSink'
  /** `namespace/name`. */
  name: string
  reason: string
  problems: string[]
}

/** What `carillon explain` prints; `--output json` and `yaml` print just this. */
export type Explained = { refused: RefusedCr[]; explanations: Explanation[] }
