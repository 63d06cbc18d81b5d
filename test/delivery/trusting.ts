import assert from 'node:assert/strict'
import { examine, type TlsMaterial } from '../../src/delivery/certificates.ts'

/** What trusts the certificates of this PEM, and nobody else. */
export function trusting(ca: string): { tls: TlsMaterial } {
  const examined = examine({ bundle: ca })
  assert.ok(examined.ok)
  return { tls: examined.material }
}
