import { parseArgs } from 'node:util'
import { parse } from 'yaml'
import { parseDuration } from './api/durations.ts'
import { parseQuantity } from './api/quantity.ts'
import { accept, refuse, type Verdict } from './api/verdict.ts'
import { readSocketCommand, type SocketCommand } from './cli/arguments.ts'
import { isSocketCommand } from './cli/commands.ts'
import { environmentName, type Flag, type FlagName, runFlags } from './cli/flags.ts'
import type { HelpTopic } from './cli/help.ts'
import type { ClusterOptions } from './kube/kubeconfig.ts'

/** What the operator was told, from flags, environment, ConfigMap carillon-config and defaults, in this order. */
export type Config = {
  namespace: string
  dataDir: string
  adminNamespaces: string[]
  watchNamespaces: string[]
  allowCidrs: string[]
  clusterUri: string | undefined
  dashboardUrl: string | undefined
  class: string | undefined
  /** Without a host: all addresses, of the families that the machine has. */
  listen: { host: string | undefined; port: number }
  logLevel: LogLevel
  /** undefined: no Lease is kept. */
  leaseMs: number | undefined
  /** How long attempts under way may go on after a stop. */
  graceMs: number
  /** What may wait for all subscriptions of a namespace. */
  quota: { rows: number; bytes: number }
}

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** Settings as they were given, before defaults; lists always as arrays. */
export type Settings = Partial<Record<FlagName, string[]>>

export type Command =
  | { name: 'run'; settings: Settings; cluster: ClusterOptions }
  | { name: 'version' }
  | { name: 'help'; of: HelpTopic }
  | SocketCommand

/** Reads the command line and environment: the only place that does. */
export function readCommand(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Verdict<Command> {
  const [name = 'help', ...rest] = argv
  if (name === 'version' || name === '--version') return accept({ name: 'version' })
  if (name === 'help' || name === '--help' || name === '-h') return accept({ name: 'help', of: topicOf(rest) })
  if (name === 'run') return readRun(rest, env)
  const words = name === 'deadletters' ? 2 : 1
  const command = argv.slice(0, words).join(' ')
  if (isSocketCommand(command)) {
    const read = readSocketCommand(command, argv.slice(words), env[environmentName('data-dir')] ?? '')
    return read.ok && read.value === 'help' ? accept({ name: 'help', of: command }) : (read as Verdict<SocketCommand>)
  }
  if (name !== 'deadletters')
    return refuse(
      'UnknownCommand',
      `unknown command '${name}'; the commands are run, deadletters, replay, purge, version and help`,
    )
  const [verb = '--help'] = rest
  if (verb === '--help' || verb === '-h' || verb === 'help') return accept({ name: 'help', of: 'deadletters' })
  return refuse('UnknownCommand', `unknown command 'deadletters ${verb}'; the commands are list, show and retry`)
}

function topicOf(words: readonly string[]): HelpTopic {
  const [first = ''] = words
  const both = words.slice(0, 2).join(' ')
  if (isSocketCommand(both)) return both
  if (isSocketCommand(first)) return first
  return first === 'run' || first === 'deadletters' ? first : 'carillon'
}

function readRun(args: string[], env: Readonly<Record<string, string | undefined>>): Verdict<Command> {
  const flags = readFlags(args)
  if (!flags.ok) return flags
  if (flags.value === 'help') return accept({ name: 'help', of: 'run' })
  const settings = { ...readEnvironment(env), ...flags.value }
  return accept({ name: 'run', settings, cluster: clusterOptions(settings, env) })
}

function clusterOptions(settings: Settings, env: Readonly<Record<string, string | undefined>>): ClusterOptions {
  const { HOME, KUBECONFIG, KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env
  return {
    kubeconfig: settings.kubeconfig?.[0] ?? (KUBECONFIG || undefined),
    home: HOME || undefined,
    service: host ? { host, port: port || '443' } : undefined,
  }
}

function readFlags(args: string[]): Verdict<Settings | 'help'> {
  const options = Object.fromEntries(
    runFlags.map((flag: Flag) => [flag.name, { type: 'string' as const, multiple: true as const }]),
  )
  try {
    const { values } = parseArgs({
      args,
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: false,
    })
    if (values.help) return accept('help')
    const { help: _, ...given } = values
    for (const flag of runFlags as readonly Flag[]) {
      const value = (given as Record<string, string[] | undefined>)[flag.name]
      if (value && value.length > 1 && !flag.list) return refuse('FlagInvalid', `--${flag.name} may be given once`)
    }
    return accept(given as Settings)
  } catch (error) {
    const message = (error as Error).message.split('. To specify')[0] ?? ''
    return refuse('FlagInvalid', `${lowerFirst(message)}; see 'carillon run --help'`)
  }
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)

function readEnvironment(env: Readonly<Record<string, string | undefined>>): Settings {
  const settings: Settings = {}
  for (const flag of runFlags as readonly Flag[]) {
    const value = env[environmentName(flag.name)]
    if (value === undefined || value === '') continue
    settings[flag.name as FlagName] = flag.list ? splitList(value) : [value]
  }
  return settings
}

const splitList = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)

/** Keys of config.yaml in ConfigMap carillon-config, and the flag that each stands for. */
const fileKeys: Record<string, FlagName> = {
  adminNamespaces: 'admin-namespace',
  watchNamespaces: 'watch-namespace',
  clusterUri: 'cluster-uri',
  dashboardUrl: 'dashboard-url',
  logLevel: 'log-level',
}

/** Reads `config.yaml` of ConfigMap carillon-config. Unknown keys are refused: a typo must not switch off a setting in silence. */
export function readConfigFile(text: string): Verdict<Settings> {
  let document: unknown
  try {
    document = parse(text) ?? {}
  } catch (error) {
    return refuse('ConfigInvalid', `ConfigMap carillon-config, config.yaml: ${(error as Error).message.split('\n')[0]}`)
  }
  if (typeof document !== 'object' || Array.isArray(document)) {
    return refuse('ConfigInvalid', 'ConfigMap carillon-config, config.yaml must be a mapping')
  }
  const settings: Settings = {}
  for (const [key, value] of Object.entries(document as Record<string, unknown>)) {
    const group = Object.hasOwn(fileGroups, key) ? fileGroups[key] : undefined
    const read = group ? group(value) : readFileKey(key, value)
    if (!read.ok) return read
    Object.assign(settings, read.value)
  }
  return accept(settings)
}

const fileGroups: Record<string, (value: unknown) => Verdict<Settings>> = { egress: readEgress, quotas: readQuotas }

function readFileKey(key: string, value: unknown): Verdict<Settings> {
  const flag = Object.hasOwn(fileKeys, key) ? fileKeys[key] : undefined
  if (!flag) {
    return refuse(
      'ConfigInvalid',
      `carillon-config: unknown key '${key}'; allowed are ${[...Object.keys(fileKeys), ...Object.keys(fileGroups)].join(', ')}`,
    )
  }
  if (value === null || value === '') return accept({})
  const list = (runFlags as readonly Flag[]).find((candidate) => candidate.name === flag)?.list
  const values = list ? value : [value]
  if (!Array.isArray(values) || !values.every((entry) => typeof entry === 'string')) {
    return refuse('ConfigInvalid', `carillon-config: ${key} must be ${list ? 'a list of strings' : 'a string'}`)
  }
  return accept(list && values.length === 0 ? {} : { [flag]: values })
}

function readEgress(value: unknown): Verdict<Settings> {
  if (typeof (value ?? {}) !== 'object' || Array.isArray(value))
    return refuse('ConfigInvalid', 'carillon-config: egress must be a mapping with allowCidrs')
  const unknown = Object.keys((value as object) ?? {}).find((key) => key !== 'allowCidrs')
  if (unknown !== undefined)
    return refuse('ConfigInvalid', `carillon-config: unknown key 'egress.${unknown}'; allowed is egress.allowCidrs`)
  const cidrs = (value as { allowCidrs?: unknown } | null)?.allowCidrs ?? []
  if (!Array.isArray(cidrs) || !cidrs.every((entry) => typeof entry === 'string')) {
    return refuse('ConfigInvalid', 'carillon-config: egress.allowCidrs must be a list of strings')
  }
  return accept(cidrs.length === 0 ? {} : { 'allow-cidr': cidrs })
}

const quotaKeys: Record<string, FlagName> = {
  maxPendingPerNamespace: 'max-pending-per-namespace',
  maxPendingBytesPerNamespace: 'max-pending-bytes-per-namespace',
}

function readQuotas(value: unknown): Verdict<Settings> {
  const names = Object.keys(quotaKeys)
  if (typeof (value ?? {}) !== 'object' || Array.isArray(value))
    return refuse('ConfigInvalid', `carillon-config: quotas must be a mapping with ${names.join(' and ')}`)
  const settings: Settings = {}
  for (const [key, given] of Object.entries((value as Record<string, unknown>) ?? {})) {
    const flag = Object.hasOwn(quotaKeys, key) ? quotaKeys[key] : undefined
    if (!flag) {
      const allowed = names.map((name) => `quotas.${name}`).join(', ')
      return refuse('ConfigInvalid', `carillon-config: unknown key 'quotas.${key}'; allowed are ${allowed}`)
    }
    if (given === null || given === '') continue
    if (typeof given !== 'number' && typeof given !== 'string')
      return refuse('ConfigInvalid', `carillon-config: quotas.${key} must be a quantity, such as 200000 or 1Gi`)
    settings[flag] = [String(given)]
  }
  return accept(settings)
}

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
  for (const flag of ['namespace', 'admin-namespace', 'watch-namespace', 'class'] as const) {
    const wrong = given[flag]?.find((name) => !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name))
    if (wrong !== undefined)
      return refuse('FlagInvalid', `--${flag} '${wrong}' is no name: use lower case letters, digits and '-'`)
  }
  if (one('data-dir') === '') return refuse('FlagInvalid', '--data-dir must name a directory')
  const clusterUri = one('cluster-uri')?.replace(/\/+$/, '')
  if (clusterUri !== undefined && !/^[!#$&-;=?-Z_a-z~%[\]]+$/.test(clusterUri)) {
    return refuse('FlagInvalid', `--cluster-uri '${clusterUri}' is no URI reference`)
  }
  const leaseMs = leaseDuration(one('leader-elect') ?? '', one('leader-elect-lease-duration') ?? '')
  if (!leaseMs.ok) return leaseMs
  const graceMs = gracePeriod(one('grace-period') ?? '')
  if (!graceMs.ok) return graceMs
  const quota = quotaOf(one)
  if (!quota.ok) return quota
  return accept({
    namespace: one('namespace') ?? podNamespace ?? 'carillon-system',
    dataDir: one('data-dir') ?? '',
    adminNamespaces: given['admin-namespace'] ?? [],
    watchNamespaces: given['watch-namespace'] ?? [],
    allowCidrs: given['allow-cidr'] ?? [],
    clusterUri,
    dashboardUrl: one('dashboard-url'),
    class: one('class'),
    listen: listen.value,
    logLevel,
    leaseMs: leaseMs.value,
    graceMs: graceMs.value,
    quota: quota.value,
  })
}

function gracePeriod(text: string): Verdict<number> {
  const ms = parseDuration(text)
  if (!ms.ok) return refuse('FlagInvalid', `--grace-period: ${ms.message}`)
  return ms.value <= 600_000 ? ms : refuse('FlagInvalid', `--grace-period '${text}' must not be longer than 10m`)
}

function quotaOf(one: (name: FlagName) => string | undefined): Verdict<Config['quota']> {
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
