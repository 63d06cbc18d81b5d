import { parseDuration } from '../api/durations.ts'
import type { Policy } from '../api/policy.ts'
import { accept, type Verdict } from '../api/verdict.ts'
import { compileDashboard } from '../formats/dashboard.ts'
import { type SelectableFamily, selectableFamilies } from '../sources/source.ts'
import { type ArchiveConfig, archiveOf } from './archive.ts'
import { booleanOf, type Given, givenOf, type Settings } from './given.ts'
import { policyOf } from './policy.ts'
import { type Listen, listenOf, type WebhookConfig, webhookOf } from './webhook.ts'

/** What the operator was told, from flags, environment, ConfigMap carillon-config and defaults, in this order. */
export type Config = {
  namespace: string
  dataDir: string
  /** Of which families kinds may be read. */
  sources: ReadonlySet<SelectableFamily>
  watchNamespaces: string[]
  clusterUri: string | undefined
  dashboardUrl: string | undefined
  /** Without a slash at its end. */
  schemaBaseUrl: string | undefined
  class: string | undefined
  /** Where Tekton's ConfigMaps are, to warn of a sink of its own; undefined: they are not looked at. */
  tektonConfigNamespace: string | undefined
  listen: Listen
  /** Whether /metrics wants a token. */
  metricsAuth: boolean
  logLevel: LogLevel
  /** undefined: no Lease is kept. */
  leaseMs: number | undefined
  /** How long attempts under way may go on after a stop. */
  graceMs: number
  /** What may change while the operator runs. */
  policy: Policy
  /** Where to look for what came and went unseen; undefined: nowhere. */
  archive: ArchiveConfig | undefined
  /** Where the API server asks whether what is applied is right; undefined: nowhere. */
  webhook: WebhookConfig | undefined
}

const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** Puts defaults under the settings and checks each. `settings` wins over `file`. */
export function resolveConfig(settings: Settings, file: Settings = {}, podNamespace?: string): Verdict<Config> {
  const given = givenOf(settings, file)
  const { one } = given
  const listen = listenOf(given, 'listen')
  if (!listen.ok) return listen
  const logLevel = logLevels.find((level) => level === one('log-level'))
  if (!logLevel) return given.wrong('log-level', ` must be one of ${logLevels.join(', ')}, not '${one('log-level')}'`)
  for (const flag of ['namespace', 'admin-namespace', 'watch-namespace', 'class', 'tekton-config-namespace'] as const) {
    const wrong = given.all(flag).find((name) => !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name))
    if (wrong !== undefined) return given.wrong(flag, ` '${wrong}' is no name: use lower case letters, digits and '-'`)
  }
  if (one('data-dir') === '') return given.wrong('data-dir', ' must name a directory')
  const clusterUri = one('cluster-uri')?.replace(/\/+$/, '')
  if (clusterUri !== undefined && !/^[!#$&-;=?-Z_a-z~%[\]]+$/.test(clusterUri))
    return given.wrong('cluster-uri', ` '${clusterUri}' is no URI reference`)
  const schemaBaseUrl = one('schema-base-url')?.replace(/\/+$/, '')
  if (schemaBaseUrl !== undefined && !isWebUrl(schemaBaseUrl)) {
    const rule = 'must be an absolute http or https URL without query and fragment'
    return given.wrong('schema-base-url', ` '${schemaBaseUrl}' ${rule}`)
  }
  const dashboard = compileDashboard(one('dashboard-url'), 'https://kubernetes.default.svc')
  if (!dashboard.ok) return given.wrong('dashboard-url', `: ${dashboard.message}`)
  const leaseMs = leaseDuration(given)
  if (!leaseMs.ok) return leaseMs
  const graceMs = gracePeriod(given)
  if (!graceMs.ok) return graceMs
  const policy = policyOf(given)
  if (!policy.ok) return policy
  const archive = archiveOf(given)
  if (!archive.ok) return archive
  const webhook = webhookOf(given)
  if (!webhook.ok) return webhook
  const metricsAuth = booleanOf(given, 'metrics-auth')
  if (!metricsAuth.ok) return metricsAuth
  const sources = sourcesOf(given)
  if (!sources.ok) return sources
  return accept({
    namespace: one('namespace') ?? podNamespace ?? 'carillon-system',
    dataDir: one('data-dir') ?? '',
    sources: sources.value,
    watchNamespaces: [...given.all('watch-namespace')],
    clusterUri,
    dashboardUrl: one('dashboard-url'),
    schemaBaseUrl,
    class: one('class'),
    tektonConfigNamespace: one('tekton-config-namespace'),
    listen: listen.value,
    metricsAuth: metricsAuth.value,
    logLevel,
    leaseMs: leaseMs.value,
    graceMs: graceMs.value,
    policy: policy.value,
    archive: archive.value,
    webhook: webhook.value,
  })
}

function sourcesOf(given: Given): Verdict<ReadonlySet<SelectableFamily>> {
  const named = given.all('source')
  const wrong = named.find((name) => !selectableFamilies.some((family) => family === name))
  if (wrong !== undefined) return given.wrong('source', ` '${wrong}' is none of ${selectableFamilies.join(', ')}`)
  return accept(new Set(selectableFamilies.filter((family) => named.length === 0 || named.includes(family))))
}

function isWebUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:\/\/[^\s?#@"<>\\^`{|}]+$/.test(text)
}

function gracePeriod(given: Given): Verdict<number> {
  const text = given.one('grace-period') ?? ''
  const ms = parseDuration(text)
  if (!ms.ok) return given.wrong('grace-period', `: ${ms.message}`)
  return ms.value <= 600_000 ? ms : given.wrong('grace-period', ` '${text}' must not be longer than 10m`)
}

/** A Lease holds whole seconds. */
function leaseDuration(given: Given): Verdict<number | undefined> {
  const elect = booleanOf(given, 'leader-elect')
  if (!elect.ok) return elect
  const duration = given.one('leader-elect-lease-duration') ?? ''
  const ms = parseDuration(duration)
  if (!ms.ok) return given.wrong('leader-elect-lease-duration', `: ${ms.message}`)
  if (ms.value < 5_000 || ms.value % 1000 !== 0)
    return given.wrong('leader-elect-lease-duration', ` '${duration}' must be whole seconds, 5s at least`)
  return accept(elect.value ? ms.value : undefined)
}
