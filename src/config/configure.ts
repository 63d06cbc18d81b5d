import type { EgressPolicy } from '../api/policy.ts'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { compileEgress, type Egress } from '../delivery/egress.ts'
import type { Inside } from '../delivery/inside.ts'
import type { ProxyFailed } from '../delivery/proxy.ts'
import { createResolver } from '../delivery/resolver.ts'
import { type Config, resolveConfig } from './config.ts'
import { readConfigFile } from './file.ts'
import type { Settings } from './given.ts'

/** What does not change while the process runs: flags and environment, and the namespace of its pod. */
export type Start = {
  settings: Settings
  podNamespace: string | undefined
  /** What no policy opens; nothing where it is not known yet. */
  inside?: Inside
  /** What the cluster calls itself besides cluster.local. */
  clusterDomains?: readonly string[]
  /** Told of each time that the administrator's proxy gives no way through. */
  proxyFailed?: ProxyFailed
}

/** A configuration that was checked whole, and what is compiled of it. */
export type Configured = { config: Config; egress: Egress }

/** Flags and environment over `text`, the config.yaml of ConfigMap carillon-config; refused as a whole where anything of it is wrong. */
export function configure(start: Start, text: string): Verdict<Configured> {
  const { settings, podNamespace } = start
  const file = readConfigFile(text)
  if (!file.ok) return file
  const config = resolveConfig(settings, file.value, podNamespace)
  if (!config.ok) return config
  const egress = door(config.value.policy.egress, start)
  if (!egress.ok) return egress
  return accept({ config: config.value, egress: egress.value })
}

function door(policy: EgressPolicy, { clusterDomains, inside, proxyFailed }: Start): Verdict<Egress> {
  const egress = compileEgress(policy, createResolver(), inside, clusterDomains, proxyFailed)
  return egress.ok ? egress : refuse('FlagInvalid', `egress: ${egress.message}`)
}
