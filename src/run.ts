import { readFileSync } from 'node:fs'
import { accept, refuse, type Verdict } from './api/verdict.ts'
import { type Config, type LogLevel, resolveConfig } from './config/config.ts'
import { readConfigFile } from './config/file.ts'
import type { Settings } from './config/given.ts'
import { compileEgress } from './delivery/egress.ts'
import { compileDashboard } from './formats/dashboard.ts'
import { openArchive } from './kube/archive.ts'
import { connect, type KubeClient } from './kube/client.ts'
import type { ClusterOptions } from './kube/kubeconfig.ts'
import type { KubeLog } from './kube/log.ts'
import { clusterUid, getObject } from './kube/resources.ts'
import { serveHealth } from './operator/health.ts'
import { marginMs } from './operator/recovery/checkpoint.ts'
import { createMetrics } from './status/metrics.ts'
import { live, openOutbox, work } from './wiring/lives.ts'
import type { Ground } from './wiring/parts.ts'
import { clusterServices } from './wiring/services.ts'
import type { Health } from './wiring/wire.ts'

export type RunOptions = {
  settings: Settings
  cluster: ClusterOptions
  version: string
  /** For tests, which can't wait: how much a checkpoint is taken to be less than it says. */
  marginMs?: number
  createLog(level: LogLevel): KubeLog
}

/** The operator, from start to a clean stop. Refusals are what the user can mend: they say what was tried and what to do. */
export async function run(options: RunOptions, signal: AbortSignal): Promise<Verdict> {
  const early = resolveConfig(options.settings)
  if (!early.ok) return early
  // Wrong flags are told of whether there is a cluster or not.
  const checked = compileParts(early.value, 'https://kubernetes.default.svc')
  if (!checked.ok) return checked
  const log = options.createLog(early.value.logLevel)
  const connected = await connect({ ...options.cluster, userAgent: `carillon/${options.version}`, log })
  if (!connected.ok) return connected
  await using client = connected.value
  const ground = await lay(options, client, log)
  if (!ground.ok) return ground
  const { config } = ground.value
  await using _archive = ground.value.archive
  const metrics = createMetrics()
  const open = () => openOutbox(ground.value, metrics)
  const opened = open()
  if (!opened.ok) return opened
  await using outbox = opened.value
  let health: Health = { refresh: () => undefined, notReady: () => 'starting' }
  const listening = await listen(config, () =>
    serveHealth({ ...config.listen, metrics, refresh: () => health.refresh(), notReady: () => health.notReady() }),
  )
  if (!listening.ok) return listening
  await using server = listening.value
  const show = (shown: Health) => {
    health = shown
  }
  const present = { metrics, version: options.version, server: client.server, port: server.port, show }
  return await live(outbox, open, (one, end) => work(ground.value, present, one, end), signal)
}

/** The configuration with the cluster's part of it, and what is compiled of it. */
async function lay(options: RunOptions, client: KubeClient, log: KubeLog): Promise<Verdict<Ground>> {
  const early = resolveConfig(options.settings, {}, podNamespace())
  if (!early.ok) return early
  const file = await readConfigMap(client, early.value.namespace)
  if (!file.ok) return file
  const config = resolveConfig(options.settings, file.value, podNamespace())
  if (!config.ok) return config
  const compiled = compileParts(config.value, client.server)
  if (!compiled.ok) return compiled
  const { egress, urlOf } = compiled.value
  const uri = config.value.clusterUri === undefined ? await defaultUri(client) : accept(config.value.clusterUri)
  if (!uri.ok) return uri
  const cluster = { uri: uri.value, urlOf, schemaBase: config.value.schemaBaseUrl }
  const { logLevel } = config.value
  const told = logLevel === early.value.logLevel ? log : options.createLog(logLevel)
  const userAgent = `carillon/${options.version}`
  const archive = config.value.archive && openArchive({ ...config.value.archive, userAgent, log: told })
  const margin = options.marginMs ?? marginMs
  const policy = () => config.value.policy
  const services = clusterServices(client)
  return accept({
    config: config.value,
    policy,
    client,
    archive,
    cluster,
    egress,
    services,
    log: told,
    marginMs: margin,
  })
}

/** What is compiled of the configuration; `server` is the API server's URL. */
function compileParts({ dashboardUrl, policy }: Config, server: string) {
  const egress = compileEgress(policy.egress)
  if (!egress.ok) return refuse('FlagInvalid', `--allow-cidr: ${egress.message}`)
  const urlOf = compileDashboard(dashboardUrl, server)
  if (!urlOf.ok) return refuse('FlagInvalid', `--dashboard-url: ${urlOf.message}`)
  return accept({ egress: egress.value, urlOf: urlOf.value })
}

async function defaultUri(client: KubeClient): Promise<Verdict<string>> {
  const uid = await clusterUid(client)
  return uid.ok
    ? accept(`/clusters/${uid.value}`)
    : refuse(uid.reason, `${uid.message}; or name the cluster with --cluster-uri`)
}

/** There may be no such ConfigMap; one that can't be read is no reason to go on with another cluster URI or other admins. */
async function readConfigMap(client: KubeClient, namespace: string): Promise<Verdict<Settings>> {
  const resource = { group: '', version: 'v1', plural: 'configmaps' }
  try {
    const map = await getObject(client, resource, namespace, 'carillon-config')
    const text = (map?.data as Record<string, string> | undefined)?.['config.yaml']
    return text === undefined ? accept({}) : readConfigFile(text)
  } catch (error) {
    const { message } = error as Error
    return refuse('ConfigUnreadable', `ConfigMap carillon-config of namespace ${namespace} can't be read: ${message}`)
  }
}

function podNamespace(): string | undefined {
  try {
    return readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/namespace', 'utf8').trim() || undefined
  } catch {
    return undefined // not in a pod
  }
}

async function listen<T>({ listen: { host, port } }: Config, serve: () => Promise<T>): Promise<Verdict<T>> {
  try {
    return accept(await serve())
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'EADDRINUSE' ? 'something else listens there' : message
    return refuse('ListenFailed', `can't listen on ${host ?? ''}:${port}: ${why}; choose another address with --listen`)
  }
}
