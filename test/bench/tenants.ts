// Very many tenants, each with a sink and a subscription: what they cost when nothing happens, and what one that floods costs the others.
import { setTimeout as delay } from 'node:timers/promises'
import type { Manifest } from '../controlplane/admin.ts'
import { applyCrds, applyOperatorRights, type ControlPlane, startControlPlane } from '../controlplane/controlplane.ts'
import { installTekton } from '../controlplane/tekton.ts'
import { metric, type OperatorProcess, startOperator } from '../operator/process.ts'
import { type Child, cpuMs, peakRssMiB, percentile, rssMiB, startChild } from './child.ts'
import type { LoadReport } from './load.ts'
import { buildOperator, losses, program, type Rig, settled } from './measure.ts'
import { takePrecedence, waitedMs, yieldPrecedence } from './precedence.ts'
import type { ReceiverOrder, ReceiverReport } from './receiver.ts'
import type { TenantsOrder } from './tenants-load.ts'
import type { WatcherOrder, WatcherReport } from './watcher.ts'

export type TenantsSizes = {
  namespaces: number
  /** How long nothing happens, s. */
  idle: number
  /** Namespaces in which something goes on, status writes a second in all of them together, and how long a round lasts, s. */
  busy: number
  rate: number
  seconds: number
  rounds: number
  /** Events a second of the one that floods. */
  flood: number
}

export const fullTenants: TenantsSizes = {
  namespaces: 1000,
  idle: 60,
  busy: 20,
  rate: 40,
  seconds: 10,
  rounds: 5,
  flood: 500,
}

/** The same at a share of the size; rates stay. */
export const scaledTenants = (share: number): TenantsSizes => ({
  ...fullTenants,
  namespaces: Math.max(30, Math.round(fullTenants.namespaces * share)),
  idle: Math.max(1, Math.round(fullTenants.idle * share)),
  seconds: Math.max(2, Math.round(fullTenants.seconds * share)),
  rounds: Math.max(1, Math.round(fullTenants.rounds * share)),
})

export type TenantsFigures = {
  /** From the start of a process without a disk until it is ready; until each sink and subscription says so in its status. */
  tenantsReadyMs: number
  tenantsToldMs: number
  tenantsPeakRssMiB: number
  tenantsRssMiB: number
  /** Share of a core while nothing happens, in %. */
  tenantsIdleCpu: number
  /** Acknowledged write → sink, of those that do not flood: medians of the rounds. */
  calmP99Ms: number
  unheardP99Ms: number
  floodP99Ms: number
  pacedP99Ms: number
  /** The same to a bare watch client: what the API server and the machine have of it. */
  calmWatchP99Ms: number
  unheardWatchP99Ms: number
  floodWatchP99Ms: number
  floodPerSecond: number
  pacedPerSecond: number
  tenantsLost: number
  tenantsRepeated: number
}

type Load = Child<TenantsOrder, LoadReport>
type Watcher = Child<WatcherOrder, WatcherReport>
type Receiver = Child<ReceiverOrder, ReceiverReport>

export async function measureTenants(sizes: TenantsSizes, report: Rig['report']): Promise<TenantsFigures> {
  buildOperator()
  await using cp = await startControlPlane({ report, quotaBytes: 8 * 2 ** 30, garbagePercent: 400, inMemory: true })
  await Promise.all([applyCrds(cp), applyOperatorRights(cp), installTekton(cp.admin)])
  using load: Load = startChild('./tenants-load.ts')
  using flooding: Load = startChild('./tenants-load.ts', { detached: true })
  using receiver: Receiver = startChild('./receiver.ts', { detached: true })
  using flooded: Receiver = startChild('./receiver.ts', { detached: true })
  const url = await addressOf(receiver)
  const connect = { kind: 'connect' as const, url: cp.url, ca: cp.ca, token: cp.adminToken }
  await Promise.all([load.ask(connect), flooding.ask(connect)])
  report(`founding ${sizes.namespaces} namespaces with a sink and a subscription each`)
  await load.ask({ kind: 'found', prefix: 'tenant', count: sizes.namespaces, url })
  await cp.admin.createNamespace('flood')
  const floodUrl = await addressOf(flooded)

  report('starting an operator without a disk')
  const started = clock()
  await using operator = await startOperator(cp, { program })
  const tenantsReadyMs = clock() - started
  await told(cp, 2 * sizes.namespaces)
  const tenantsToldMs = clock() - started
  report(`all of them are told that they are ready; ${peakRssMiB(operator.pid).toFixed(0)} MiB at most`)
  const tenantsIdleCpu = await idle(operator, sizes.idle, report)
  if (![operator.pid, receiver.pid].every(takePrecedence))
    report('the operator can get no precedence here (it takes root): it will wait for cores')
  // The one that floods is elsewhere.
  for (const { pid } of [flooding, flooded]) yieldPrecedence(pid)
  const rounds: ({ kind: Kind } & Awaited<ReturnType<typeof play>>)[] = []
  for (let round = 0; round < sizes.rounds; round += 1) {
    for (const kind of kinds) {
      await pace(cp, operator, kind === 'paced')
      await hear(cp, floodUrl, kind === 'flood' || kind === 'paced')
      rounds.push({
        kind,
        ...(await play({ cp, operator, load, flooding, receiver, flooded, sizes, kind, round, report })),
      })
      await prune(cp)
    }
  }
  const median = (kind: Kind, of: 'p99' | 'watchP99' | 'perSecond') =>
    percentile(
      rounds.filter((one) => one.kind === kind).map((one) => one[of]),
      0.5,
    )
  const sum = (of: 'lost' | 'repeated') => rounds.reduce((total, one) => total + one[of], 0)
  const figures: TenantsFigures = {
    tenantsReadyMs,
    tenantsToldMs,
    tenantsPeakRssMiB: peakRssMiB(operator.pid),
    tenantsRssMiB: rssMiB(operator.pid),
    tenantsIdleCpu,
    calmP99Ms: median('calm', 'p99'),
    unheardP99Ms: median('unheard', 'p99'),
    floodP99Ms: median('flood', 'p99'),
    pacedP99Ms: median('paced', 'p99'),
    calmWatchP99Ms: median('calm', 'watchP99'),
    unheardWatchP99Ms: median('unheard', 'watchP99'),
    floodWatchP99Ms: median('flood', 'watchP99'),
    floodPerSecond: median('flood', 'perSecond'),
    pacedPerSecond: median('paced', 'perSecond'),
    tenantsLost: sum('lost'),
    tenantsRepeated: sum('repeated'),
  }
  await operator.stop()
  return figures
}

const clock = (): number => performance.timeOrigin + performance.now()

async function addressOf(receiver: Receiver): Promise<string> {
  const listening = await receiver.next()
  return `http://127.0.0.1:${listening.kind === 'listening' ? listening.port : 0}/`
}

/**
 * By four subscriptions, in a format each, so that each milestone gives four events that don't wait for each other, and by one write for both
 * milestones of a run: it is the operator that is to be flooded, and not the API server beside it.
 */
const floodFormats = ['cloudevents', 'cdevents', 'tektonv1', 'tektonv2']
const floodMilestones = ['started', 'finished']

const apiVersion = 'carillon.dev/v1alpha1'

const floodOf = (url: string): Manifest[] => {
  const named = (name: string) => ({ name, namespace: 'flood' })
  const spec = { sinks: [{ name: 'flood' }], events: [{ kind: 'TaskRun', milestones: floodMilestones }] }
  return [
    { apiVersion, kind: 'EventSink', metadata: named('flood'), spec: { http: { url }, limits: { concurrency: 32 } } },
    ...floodFormats.map((format) => ({
      apiVersion,
      kind: 'EventSubscription',
      metadata: named(format),
      spec: { ...spec, formats: [format] },
    })),
  ]
}

/** Resolves once so many sinks and subscriptions are told that they are ready. */
async function told(cp: ControlPlane, count: number): Promise<void> {
  for (;;) {
    let ready = 0
    for (const plural of ['eventsinks', 'eventsubscriptions']) {
      const path = `/apis/carillon.dev/v1alpha1/${plural}?resourceVersion=0`
      const { items = [] } = (await cp.admin.request('GET', path)).body as { items?: Declared[] }
      ready += items.filter(({ status }) => isReady(status)).length
    }
    if (ready >= count) return
    await delay(500)
  }
}

type Declared = { status?: { conditions?: { type: string; status: string }[] } }

const isReady = (status: Declared['status']): boolean =>
  status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false

/** Of a core, in %. What the start has left to do comes to its end first. */
async function idle(operator: OperatorProcess, seconds: number, report: Rig['report']): Promise<number> {
  await delay(Math.min(seconds, 10) * 1000)
  report(`nothing happens for ${seconds} s`)
  const [from, before] = [performance.now(), cpuMs(operator.pid)]
  await delay(seconds * 1000)
  return ((cpuMs(operator.pid) - before) / (performance.now() - from)) * 100
}

/**
 * calm: nothing but some tenants' runs. unheard: the writes of the flood besides, which nobody has subscribed to, since the API server, etcd and the
 * load share the cores with the operator. flood: the same writes, and all their
 * events. paced: so, too, where the administrator has set a quota of events a second.
 */
const kinds = ['calm', 'unheard', 'flood', 'paced'] as const
type Kind = (typeof kinds)[number]

const subscriptions = [apiVersion, 'EventSubscription', 'flood'] as const

/** Has the one that floods hear of its runs, or not; what waited goes with its subscriptions. Resolves once the operator has taken that up. */
async function hear(cp: ControlPlane, url: string, heard: boolean): Promise<void> {
  for (const { metadata } of await cp.admin.list(...subscriptions))
    await cp.admin.delete(...subscriptions, metadata.name)
  await delay(500)
  if (!heard) return
  await cp.admin.apply(floodOf(url))
  for (;;) {
    const present = (await cp.admin.list(...subscriptions)) as Declared[]
    if (present.every(({ status }) => isReady(status))) return
    await delay(100)
  }
}

/** Takes the runs of the one that floods away, as a pruner would: who subscribes has all of them looked through, and each round is to be like the first. */
async function prune(cp: ControlPlane): Promise<void> {
  const runs = '/apis/tekton.dev/v1/namespaces/flood/taskruns'
  for (let left = true; left; ) {
    const { items } = (await cp.admin.request('DELETE', runs)).body as { items?: unknown[] }
    left = (items?.length ?? 0) > 0
  }
}

/** The quota of events a second that an administrator sets, in carillon-config, as the operator runs. */
const quota = 100

async function pace(cp: ControlPlane, operator: OperatorProcess, paced: boolean): Promise<void> {
  const text = paced ? `quotas: {maxEventsPerSecondPerNamespace: ${quota}}\n` : ''
  const metadata = { name: 'carillon-config', namespace: 'carillon-system' }
  const maps = (await cp.admin.list('v1', 'ConfigMap', metadata.namespace)) as unknown as Config[]
  const present = maps.find((one) => one.metadata.name === metadata.name)
  if ((present?.data?.['config.yaml'] ?? '') === text) return
  const reloads = () => metric(operator, 'carillon_config_reloads_total')
  const before = await reloads()
  await cp.admin.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'config.yaml': text } })
  while ((await reloads()) === before) await delay(100)
}

type Config = { metadata: { name: string }; data?: Record<string, string> }

type Round = {
  cp: ControlPlane
  operator: OperatorProcess
  load: Load
  flooding: Load
  receiver: Receiver
  flooded: Receiver
  sizes: TenantsSizes
  kind: Kind
  round: number
  report: Rig['report']
}

/** One round: some tenants' runs, alone or beside one that floods. */
async function play({ cp, operator, load, flooding, receiver, flooded, sizes, kind, round, report }: Round) {
  const { busy, rate, seconds, flood } = sizes
  await Promise.all([receiver.ask({ kind: 'clear' }), flooded.ask({ kind: 'clear' })])
  using watcher: Watcher = startChild('./watcher.ts')
  const watched = { url: cp.url, ca: cp.ca, token: cp.adminToken, path: '/apis/tekton.dev/v1/taskruns' }
  await watcher.ask({ kind: 'watch', ...watched })
  const namespaces = Array.from({ length: busy }, (_, n) => `tenant-${n}`)
  const name = `${kind}-${round}`
  const writes = flood / floodFormats.length / floodMilestones.length
  const runs = { namespaces, prefix: name, count: (rate * seconds) / 2, bytes: 4000 }
  const floodRuns = { namespaces: ['flood'], prefix: `flood-${name}`, count: Math.ceil(writes * seconds), bytes: 4000 }
  await load.ask({ kind: 'create', ...runs })
  if (kind !== 'calm') await flooding.ask({ kind: 'create', ...floodRuns })
  await delay(1000)
  const waited = waitedMs(operator.pid)
  const driven = load.ask({ kind: 'drive', ...runs, rate, atOnce: false })
  const beside = kind === 'calm' ? undefined : flooding.ask({ kind: 'drive', ...floodRuns, rate: writes, atOnce: true })
  const [{ acknowledged }] = await Promise.all([driven, beside])
  const events = await settled(receiver, acknowledged, report)
  const share = (waitedMs(operator.pid) - waited) / (seconds * 10)
  const lags = acknowledged.flatMap(([key, at]) => (events.has(key) ? [(events.get(key)?.at ?? 0) - at] : []))
  const p99 = percentile(lags, 0.99)
  const seen = await watcher.ask({ kind: 'report' })
  const at = new Map(seen.kind === 'seen' ? seen.events : [])
  const watchP99 = percentile(
    acknowledged.map(([key, time]) => (at.get(key) ?? Number.NaN) - time),
    0.99,
  )
  const perSecond = kind === 'flood' || kind === 'paced' ? await rateOf(flooded) : 0
  report(
    `round ${round + 1}, ${kind}${perSecond > 0 ? `, ${perSecond.toFixed(0)}/s` : ''}: p99 ${p99.toFixed(1)} ms, of a bare watch ${watchP99.toFixed(1)}; no core for ${share.toFixed(1)} % of the time`,
  )
  return { p99, watchP99, perSecond, ...losses(acknowledged, events) }
}

/** Events a second that came, from first to last. */
async function rateOf(flooded: Receiver): Promise<number> {
  const answer = await flooded.ask({ kind: 'report' })
  if (answer.kind !== 'received') throw new Error('no report')
  const times = answer.events.map(([, at]) => at)
  const count = answer.events.reduce((sum, [, , times]) => sum + times, 0)
  return count / ((Math.max(...times) - Math.min(...times)) / 1000)
}
