import type { TlsMaterial } from './certificates.ts'
import type { Signer } from './signing.ts'

export type Headers = Readonly<Record<string, string>>

/** What requests to a sink carry and how they are secured, as its spec says and what that refers to holds now. */
export type Access = {
  /** Names in lower case. */
  headers: Headers
  tls?: TlsMaterial | undefined
  sign?: Signer | undefined
}
