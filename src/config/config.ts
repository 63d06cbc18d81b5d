import { parseDuration } from '../api/durations.ts'
import { defaultPolicy, type Policy, type Quotas } from '../api/policy.ts'
import { parseQuantity } from '../api/quantity.ts'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { type Flag, type FlagName, runFlags } from '../cli/flags.ts'

import { whyNever } from '../operator/kinds-allowed.ts'
import { readGenericName } from '../sources/generic.ts'
import { type ArchiveConfig, archiveOf } from './archive.ts'

/** What the operator was told, from flags, environment, ConfigMap carillon-config and defaults, in this order. */
export type Config = {
  namespace: string
  dataDir: string
  watchNamespaces: string[]
  clusterUri: string | undefined
  dashboardUrl: string | undefined
  /** Without a slash at its end. */
  schemaBaseUrl: string | undefined
  class: string | undefined
  /** Where Tekton's ConfigMaps are, to warn of a sink of its own; undefined: they are not looked at. */
  tektonConfigNamespace: string | undefined
  /** Without a host: all addresses, of the families that the machine has. */
  listen: { host: string | undefined; port: number }
  logLevel: LogLevel
  /** undefined: no Lease is kept. */
  leaseMs: number | undefined
  /** How long attempts under way may go on after a stop. */
  graceMs: number
  /** What may change while the operator runs. */
  policy: Policy
  /** Where to look for what came and went unseen; undefined: nowhere. */
  archive: ArchiveConfig | undefined
}

const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** Settings as they were given, before defaults; lists always as arrays. */
export type Settings = Partial<Record<FlagName, string[]>>

/** Puts defaults under the settings and checks each. `settings` wins over `file`. */
export function resolveConfig(settings: Settings, file: Settings = {}, podNamespace?: string): Verdict<Config> {
  const given: Settings = { ...file, ...settings }
  const one = (name: FlagName) =>
    given[name]?.[0] ?? (runFlags as readonly Flag[]).find((flag) => flag.name === name)?.default
  const listen = parseListen(one('listen') ?? '')
  if (!listen.ok) return listen
  const logLevel = logLevels.find((level) => level === one('log-level'))
  if (!logLevel)
    return refuse('FlagInvalid', `--log-level must be one of ${logLevels.join(', ')}, not '${one('log-level')}'`)
  for (const flag of ['namespace', 'admin-namespace', 'watch-namespace', 'class', 'tekton-config-namespace'] as const) {
    const wrong = given[flag]?.find((name) => !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name))
    if (wrong !== undefined)
      return refuse('FlagInvalid', `--${flag} '${wrong}' is no name: use lower case letters, digits and '-'`)
  }
  for (const name of given['tenant-kind'] ?? []) {
    const wrong = wrongTenantKind(name)
    if (wrong !== undefined) return refuse('FlagInvalid', `--tenant-kind '${name}' ${wrong}`)
  }
  if (one('data-dir') === '') return refuse('FlagInvalid', '--data-dir must name a directory')
  const clusterUri = one('cluster-uri')?.replace(/\/+$/, '')
  if (clusterUri !== undefined && !/^[!#$&-;=?-Z_a-z~%[\]]+$/.test(clusterUri)) {
    return refuse('FlagInvalid', `--cluster-uri '${clusterUri}' is no URI reference`)
  }
  const schemaBaseUrl = one('schema-base-url')?.replace(/\/+$/, '')
  if (schemaBaseUrl !== undefined && !isWebUrl(schemaBaseUrl))
    return refuse(
      'FlagInvalid',
      `--schema-base-url '${schemaBaseUrl}' must be an absolute http or https URL without query and fragment`,
    )
  const leaseMs = leaseDuration(one('leader-elect') ?? '', one('leader-elect-lease-duration') ?? '')
  if (!leaseMs.ok) return leaseMs
  const graceMs = gracePeriod(one('grace-period') ?? '')
  if (!graceMs.ok) return graceMs
  const quota = quotaOf(one)
  if (!quota.ok) return quota
  const archive = archiveOf(one)
  if (!archive.ok) return archive
  return accept({
    namespace: one('namespace') ?? podNamespace ?? 'carillon-system',
    dataDir: one('data-dir') ?? '',
    watchNamespaces: given['watch-namespace'] ?? [],
    clusterUri,
    dashboardUrl: one('dashboard-url'),
    schemaBaseUrl,
    class: one('class'),
    tektonConfigNamespace: one('tekton-config-namespace'),
    listen: listen.value,
    logLevel,
    leaseMs: leaseMs.value,
    graceMs: graceMs.value,
    policy: {
      ...defaultPolicy,
      adminNamespaces: new Set(given['admin-namespace']),
      tenantKinds: new Set(given['tenant-kind']),
      egress: { ...defaultPolicy.egress, allowCidrs: given['allow-cidr'] ?? [] },
      quotas: { ...defaultPolicy.quotas, pending: quota.value },
    },
    archive: archive.value,
  })
}

function wrongTenantKind(name: string): string | undefined {
  const read = readGenericName(name)
  if (!read) return 'must be Kind.group, such as Certificate.cert-manager.io, or Pod.core'
  const never = whyNever(read.kind, read.group)
  return never && `is never watched: ${never}`
}

function isWebUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:\/\/[^\s?#@"<>\\^`{|}]+$/.test(text)
}

function gracePeriod(text: string): Verdict<number> {
  const ms = parseDuration(text)
  if (!ms.ok) return refuse('FlagInvalid', `--grace-period: ${ms.message}`)
  return ms.value <= 600_000 ? ms : refuse('FlagInvalid', `--grace-period '${text}' must not be longer than 10m`)
}

function quotaOf(one: (name: FlagName) => string | undefined): Verdict<Quotas['pending']> {
  const read = (name: FlagName): Verdict<number> => {
    const quantity = parseQuantity(one(name) ?? '')
    return quantity.ok ? quantity : refuse('FlagInvalid', `--${name}: ${quantity.message}`)
  }
  const rows = read('max-pending-per-namespace')
  if (!rows.ok) return rows
  const bytes = read('max-pending-bytes-per-namespace')
  return bytes.ok ? accept({ rows: rows.value, bytes: bytes.value }) : bytes
}

/** A Lease holds whole seconds. */
function leaseDuration(elect: string, duration: string): Verdict<number | undefined> {
  if (elect !== 'true' && elect !== 'false')
    return refuse('FlagInvalid', `--leader-elect must be true or false, not '${elect}'`)
  const ms = parseDuration(duration)
  if (!ms.ok) return refuse('FlagInvalid', `--leader-elect-lease-duration: ${ms.message}`)
  if (ms.value < 5_000 || ms.value % 1000 !== 0)
    return refuse('FlagInvalid', `--leader-elect-lease-duration '${duration}' must be whole seconds, 5s at least`)
  return accept(elect === 'true' ? ms.value : undefined)
}

function parseListen(text: string): Verdict<Config['listen']> {
  const match = /^(.*):(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  if (!match || port > 65535)
    return refuse('FlagInvalid', `--listen '${text}' must be host:port or :port, such as 127.0.0.1:8080`)
  const host = (match[1] ?? '').replace(/^\[(.*)\]$/, '$1')
  return accept({ host: host === '' ? undefined : host, port })
}
