import type { Policy, Quotas } from '../api/policy.ts'
import { accept, type Verdict } from '../api/verdict.ts'
import type { FlagName } from '../cli/run-flags.ts'
import { whyNever } from '../operator/kinds-allowed.ts'
import { readGenericName } from '../sources/generic.ts'
import { egressOf } from './egress.ts'
import { booleanOf, type Given, quantityOf } from './given.ts'
import { sinkDefaultsOf } from './sink-defaults.ts'

/** What the administrator decides, checked whole. */
export function policyOf(given: Given): Verdict<Policy> {
  for (const name of given.all('tenant-kind')) {
    const wrong = wrongTenantKind(name)
    if (wrong !== undefined) return given.wrong('tenant-kind', ` '${name}' ${wrong}`)
  }
  const egress = egressOf(given)
  if (!egress.ok) return egress
  const requireCredentialLabel = booleanOf(given, 'require-credential-label')
  if (!requireCredentialLabel.ok) return requireCredentialLabel
  const quotas = quotasOf(given)
  if (!quotas.ok) return quotas
  const defaults = sinkDefaultsOf(given)
  if (!defaults.ok) return defaults
  return accept({
    adminNamespaces: new Set(given.all('admin-namespace')),
    tenantKinds: new Set(given.all('tenant-kind')),
    egress: egress.value,
    requireCredentialLabel: requireCredentialLabel.value,
    quotas: quotas.value,
    defaults: defaults.value,
  })
}

function wrongTenantKind(name: string): string | undefined {
  const read = readGenericName(name)
  if (!read) return 'must be Kind.group, such as Certificate.cert-manager.io, or Pod.core'
  const never = whyNever(read.kind, read.group)
  return never && `is never watched: ${never}`
}

/** Quotas that may be without a bound, which is written 0. What waits on the volume always has one: the volume has an end. */
const boundable = {
  sinks: 'max-sinks-per-namespace',
  subscriptions: 'max-subscriptions-per-namespace',
  eventsPerSecond: 'max-events-per-second-per-namespace',
  connections: 'max-connections-per-namespace',
  filterCost: 'max-filter-cost-per-namespace',
} as const satisfies Partial<Record<keyof Quotas, FlagName>>

function quotasOf(given: Given): Verdict<Quotas> {
  const rows = quantityOf(given, 'max-pending-per-namespace')
  if (!rows.ok) return rows
  const bytes = quantityOf(given, 'max-pending-bytes-per-namespace')
  if (!bytes.ok) return bytes
  const quotas: Partial<Quotas> = { pending: { rows: rows.value, bytes: bytes.value } }
  for (const [quota, name] of Object.entries(boundable) as [keyof typeof boundable, FlagName][]) {
    const bound = /^0+$/.test(given.one(name) ?? '') ? accept(undefined) : quantityOf(given, name)
    if (!bound.ok) return bound
    quotas[quota] = bound.value
  }
  return accept(quotas as Quotas)
}
