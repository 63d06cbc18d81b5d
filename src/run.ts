import { readFileSync } from 'node:fs'
import { accept, refuse, type Verdict } from './api/verdict.ts'
import type { Config, LogLevel } from './config/config.ts'
import { configure } from './config/configure.ts'
import type { Settings } from './config/given.ts'
import { insideOf } from './delivery/inside.ts'
import { clusterDomains, readResolvConf } from './delivery/names.ts'
import { compileDashboard } from './formats/dashboard.ts'
import { openArchive } from './kube/archive.ts'
import { connect, type KubeClient } from './kube/client.ts'
import type { ClusterOptions } from './kube/kubeconfig.ts'
import type { KubeLog } from './kube/log.ts'
import { clusterUid } from './kube/resources.ts'
import { serverAddresses, serversOf } from './kube/server-addresses.ts'
import { serveHealth } from './operator/health.ts'
import { marginMs } from './operator/recovery/checkpoint.ts'
import { createMetrics, type Metrics } from './status/metrics.ts'
import { ConfigKeeper } from './wiring/config-keeper.ts'
import { levelledLog } from './wiring/levelled-log.ts'
import { live, openOutbox, work } from './wiring/lives.ts'
import { metricsDoor } from './wiring/metrics-door.ts'
import { controller, type Ground, now } from './wiring/parts.ts'
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
  const start = { settings: options.settings, podNamespace: podNamespace(), clusterDomains: domainsHere() }
  // Wrong flags are told of whether there is a cluster or not.
  const early = configure(start, '')
  if (!early.ok) return early
  const { config } = early.value
  const { log, setLevel } = levelledLog((level) => options.createLog(level), config.logLevel)
  const connected = await connect({ ...options.cluster, userAgent: `carillon/${options.version}`, log })
  if (!connected.ok) return connected
  await using client = connected.value
  const metrics = createMetrics()
  const { namespace, dataDir } = config
  const ownPorts: number[] = []
  using apiServer = await serverAddresses(serversOf(client.server, options.cluster))
  const inside = insideOf(apiServer.places, () => ownPorts)
  const proxyFailed = (answer: string) => metrics.proxyFailures.inc({ answer })
  const known = { ...start, inside, proxyFailed }
  const keeper = new ConfigKeeper({ start: known, namespace, dataDir, client, log, metrics, controller, now, setLevel })
  let named: Verdict<string> | undefined
  const nameCluster = async () => {
    if (!named?.ok) named = await defaultUri(client)
    return named
  }
  const layOut = () => lay(options, keeper, nameCluster, client, log)
  const ground = await layOut()
  if (!ground.ok) return ground
  await using _archive = ground.value.archive
  const open = () => openOutbox(ground.value, metrics)
  const opened = open()
  if (!opened.ok) return opened
  await using outbox = opened.value
  let health: Health = { refresh: () => undefined, notReady: () => 'starting' }
  const listening = await listen(config.listen, '--listen', () =>
    serveHealth({
      ...config.listen,
      metrics,
      admit: config.metricsAuth ? metricsDoor(client, log) : undefined,
      refresh: () => health.refresh(),
      notReady: () => health.notReady(),
    }),
  )
  if (!listening.ok) return listening
  await using server = listening.value
  const answering = await listen(config.webhook?.listen ?? config.listen, '--webhook-listen', () =>
    webhookOf(ground.value, metrics),
  )
  if (!answering.ok) return answering
  await using _webhook = answering.value
  ownPorts.push(server.port, ...(config.webhook ? [config.webhook.listen.port] : []))
  const show = (shown: Health) => {
    health = shown
  }
  const present = { metrics, version: options.version, server: client.server, port: server.port, show }
  return await live(outbox, open, (one, end) => work(ground.value, layOut, present, one, end), signal)
}

/** What a life begins with: the configuration as the cluster has it now, with the cluster's part of it, and what is compiled of it. */
async function lay(
  options: RunOptions,
  keeper: ConfigKeeper,
  nameCluster: () => Promise<Verdict<string>>,
  client: KubeClient,
  log: KubeLog,
) {
  const begun = await keeper.begin()
  if (!begun.ok) return begun
  const config = begun.value
  const urlOf = compileDashboard(config.dashboardUrl, client.server)
  if (!urlOf.ok) return urlOf
  const uri = config.clusterUri === undefined ? await nameCluster() : accept(config.clusterUri)
  if (!uri.ok) return uri
  const cluster = { uri: uri.value, urlOf: urlOf.value, schemaBase: config.schemaBaseUrl }
  const archive = config.archive && openArchive({ ...config.archive, userAgent: `carillon/${options.version}`, log })
  return accept<Ground>({
    config,
    policy: () => keeper.policy,
    keeper,
    client,
    archive,
    cluster,
    egress: keeper.egress,
    services: clusterServices(client),
    log,
    marginMs: options.marginMs ?? marginMs,
  })
}

async function defaultUri(client: KubeClient): Promise<Verdict<string>> {
  const uid = await clusterUid(client)
  return uid.ok
    ? accept(`/clusters/${uid.value}`)
    : refuse(uid.reason, `${uid.message}; or name the cluster with --cluster-uri`)
}

function podNamespace(): string | undefined {
  try {
    return readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/namespace', 'utf8').trim() || undefined
  } catch {
    return undefined // not in a pod
  }
}

function domainsHere(): string[] {
  try {
    return clusterDomains(readResolvConf(readFileSync('/etc/resolv.conf', 'utf8')))
  } catch {
    return [] // there need not be one
  }
}

/** What answers the API server is loaded only where it is wanted. */
async function webhookOf(ground: Ground, metrics: Metrics): Promise<AsyncDisposable | undefined> {
  return ground.config.webhook && (await (await import('./wiring/webhook.ts')).serveWebhook(ground, metrics))
}

async function listen<T>({ host, port }: Config['listen'], flag: string, serve: () => Promise<T>): Promise<Verdict<T>> {
  try {
    return accept(await serve())
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'EADDRINUSE' ? 'something else listens there' : message
    return refuse('ListenFailed', `can't listen on ${host ?? ''}:${port}: ${why}; choose another address with ${flag}`)
  }
}
