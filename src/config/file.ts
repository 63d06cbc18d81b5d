import { parse } from 'yaml'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { type Flag, type FlagName, runFlags } from '../cli/flags.ts'
import type { Settings } from './config.ts'

/** Keys of config.yaml in ConfigMap carillon-config, and the flag that each stands for. */
const fileKeys: Record<string, FlagName> = {
  adminNamespaces: 'admin-namespace',
  tenantKinds: 'tenant-kind',
  watchNamespaces: 'watch-namespace',
  clusterUri: 'cluster-uri',
  dashboardUrl: 'dashboard-url',
  schemaBaseUrl: 'schema-base-url',
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

const fileGroups: Record<string, (value: unknown) => Verdict<Settings>> = {
  egress: readEgress,
  quotas: readQuotas,
  tekton: readTekton,
  archive: readArchive,
}

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

function readTekton(value: unknown): Verdict<Settings> {
  if (typeof (value ?? {}) !== 'object' || Array.isArray(value))
    return refuse('ConfigInvalid', 'carillon-config: tekton must be a mapping with configNamespace')
  const unknown = Object.keys((value as object) ?? {}).find((key) => key !== 'configNamespace')
  if (unknown !== undefined)
    return refuse(
      'ConfigInvalid',
      `carillon-config: unknown key 'tekton.${unknown}'; allowed is tekton.configNamespace`,
    )
  const namespace = (value as { configNamespace?: unknown } | null)?.configNamespace ?? ''
  if (typeof namespace !== 'string')
    return refuse('ConfigInvalid', 'carillon-config: tekton.configNamespace must be a string')
  return accept(namespace === '' ? {} : { 'tekton-config-namespace': [namespace] })
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

const archiveKeys: Record<string, FlagName> = {
  url: 'archive-url',
  tokenFile: 'archive-token-file',
  caFile: 'archive-ca-file',
  after: 'archive-after',
  reach: 'archive-reach',
}

function readArchive(value: unknown): Verdict<Settings> {
  const names = Object.keys(archiveKeys)
  if (typeof (value ?? {}) !== 'object' || Array.isArray(value))
    return refuse('ConfigInvalid', `carillon-config: archive must be a mapping with ${names.join(', ')}`)
  const settings: Settings = {}
  for (const [key, given] of Object.entries((value as Record<string, unknown>) ?? {})) {
    const flag = Object.hasOwn(archiveKeys, key) ? archiveKeys[key] : undefined
    if (!flag) {
      const allowed = names.map((name) => `archive.${name}`).join(', ')
      return refuse('ConfigInvalid', `carillon-config: unknown key 'archive.${key}'; allowed are ${allowed}`)
    }
    if (given === null || given === '') continue
    if (typeof given !== 'string') return refuse('ConfigInvalid', `carillon-config: archive.${key} must be a string`)
    settings[flag] = [given]
  }
  return accept(settings)
}
