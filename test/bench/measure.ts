// The benchmark itself: what is measured, in which order. Load, sink and bare watch client are processes of their own.
import { spawnSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Manifest } from '../controlplane/admin.ts'
import { applyCrds, applyOperatorRights, type ControlPlane, startControlPlane } from '../controlplane/controlplane.ts'
import { makeScratch, removeScratch } from '../controlplane/scratch.ts'
import { installTekton } from '../controlplane/tekton.ts'
import { metric, type OperatorProcess, startOperator } from '../operator/process.ts'
import { type Child, cpuMs, peakRssMiB, percentile, rssMiB, startChild } from './child.ts'
import type { LoadOrder, LoadReport } from './load.ts'
import type { ReceiverOrder, ReceiverReport } from './receiver.ts'
import { type RestartFigures, restarts } from './restarts.ts'
import type { WatcherOrder, WatcherReport } from './watcher.ts'

export type Sizes = {
  known: number
  knownBytes: number
  runs: number
  runBytes: number
  rate: number
  catchUp: number
  /** Events that wait while the sink is down. */
  backlog: number
  /** Deliveries that wait, for the memory that they take. */
  pending: number
}

export const fullSizes: Sizes = {
  known: 5000,
  knownBytes: 10_000,
  runs: 1500,
  runBytes: 4000,
  rate: 100,
  catchUp: 6000,
  backlog: 3600,
  pending: 100_000,
}

/** The same at a share of the size; the rate stays. */
export function scaled(share: number): Sizes {
  const of = (count: number) => Math.max(10, Math.round(count * share))
  const { known, runs, catchUp, backlog, pending } = fullSizes
  return {
    ...fullSizes,
    known: of(known),
    runs: of(runs),
    catchUp: of(catchUp),
    backlog: of(backlog),
    pending: of(pending),
  }
}

export type Figures = {
  /** Of both loads together: catch-up, and one event at a time. */
  cpuMsPerEvent: number
  /** All that the process used from its start to its end, watching the creation of runs that nobody asked for included. */
  wholeCpuMsPerEvent: number
  /** From the start until the known runs are listed. */
  startCpuMs: number
  steadyCpuMsPerEvent: number
  p50Ms: number
  p99Ms: number
  watchP50Ms: number
  watchP99Ms: number
  peakRssMiB: number
  steadyRssMiB: number
  catchUpPerSecond: number
  catchUpCpuMsPerEvent: number
  /** The same runs once more, to a sink that takes batches. */
  batchPerSecond: number
  batchCpuMsPerEvent: number
  lost: number
  repeated: number
} & RestartFigures

export type Rig = {
  cp: ControlPlane
  load: Child<LoadOrder, LoadReport>
  receiver: Child<ReceiverOrder, ReceiverReport>
  port: number
  report: (line: string) => void
}

export const program = fileURLToPath(new URL('../../dist/carillon.js', import.meta.url))

/** `profile`: a folder for a CPU profile of the operator, which costs some of what it measures. */
export async function measure(sizes: Sizes, report: (line: string) => void, profile?: string): Promise<Figures> {
  buildOperator()
  await using cp = await startControlPlane({ report, quotaBytes: 8 * 2 ** 30 })
  await Promise.all([applyCrds(cp), applyOperatorRights(cp), installTekton(cp.admin)])
  for (const namespace of ['known', 'live', 'past', 'backlog', 'pending']) await cp.admin.createNamespace(namespace)
  using load = startChild<LoadOrder, LoadReport>('./load.ts')
  using receiver = startChild<ReceiverOrder, ReceiverReport>('./receiver.ts')
  const listening = await receiver.next()
  await load.ask({ kind: 'connect', url: cp.url, ca: cp.ca, token: cp.adminToken })
  const rig: Rig = { cp, load, receiver, port: listening.kind === 'listening' ? listening.port : 0, report }
  report(`creating ${sizes.known} TaskRuns of ${sizes.knownBytes / 1000} kB that are only known`)
  const { known, knownBytes: bytes } = sizes
  await load.ask({ kind: 'create', namespace: 'known', prefix: 'known', count: known, bytes, ended: true })
  await cp.admin.apply([...subscription('known', rig.port, 'Now'), ...subscription('live', rig.port, 'Now')])
  const nodeFlags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  await using stack = new AsyncDisposableStack()
  const dataDir = stack.adopt(makeScratch('bench'), removeScratch)
  const operator = stack.use(await startOperator(cp, { program, nodeFlags, dataDir }))
  while ((await metric(operator, 'carillon_listed_objects_total')) < known) await delay(50)
  const startCpuMs = cpuMs(operator.pid)
  report(`the operator knows them; ${rssMiB(operator.pid).toFixed(0)} MiB`)
  // Catching up comes first: the steady load then meets code that has run for a while, as it has in a process of some hours.
  const { acknowledged, ...caught } = await catchUp(sizes, rig, operator)
  const steady = await steadily(sizes, rig, operator)
  const figures = {
    startCpuMs,
    wholeCpuMsPerEvent: cpuMs(operator.pid) / (steady.events + caught.events),
    cpuMsPerEvent: (steady.cpu + caught.cpu) / (steady.events + caught.events),
    peakRssMiB: peakRssMiB(operator.pid),
  }
  const batched = await inBatches(rig, operator, acknowledged)
  await operator.stop()
  const again = await restarts(sizes, rig, dataDir)
  return {
    ...steady,
    ...caught,
    ...figures,
    batchPerSecond: batched.perSecond,
    batchCpuMsPerEvent: batched.cpu,
    ...again,
    lost: steady.lost + caught.lost + batched.lost + again.lost,
    repeated: steady.repeated + caught.repeated + batched.repeated + again.repeated,
  }
}

export function buildOperator(): void {
  const built = spawnSync(process.execPath, ['scripts/build.ts'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  })
  if (built.status !== 0) throw new Error('the operator could not be built')
}

export function subscription(namespace: string, port: number, startFrom: string, name = 'bench', more: object = {}) {
  const metadata = { name, namespace }
  return [
    {
      apiVersion: 'carillon.dev/v1alpha1',
      kind: 'EventSink',
      metadata,
      spec: { http: { url: `http://127.0.0.1:${port}/` }, limits: { concurrency: 32 } },
    },
    {
      apiVersion: 'carillon.dev/v1alpha1',
      kind: 'EventSubscription',
      metadata,
      spec: {
        sinks: [{ name }],
        startFrom,
        ...more,
        events: [{ kind: 'TaskRun', milestones: ['started', 'finished'] }],
      },
    },
  ]
}

/** Runs that start and finish at a steady rate: latency, beside the bare watch client, and CPU. */
async function steadily(sizes: Sizes, rig: Rig, operator: OperatorProcess) {
  const { cp, load, receiver, report } = rig
  const { runs: count, runBytes: bytes, rate } = sizes
  const order = { namespace: 'live', prefix: 'live', bytes }
  report(`creating ${count} TaskRuns of ${bytes / 1000} kB`)
  await load.ask({ kind: 'create', ...order, count, ended: false })
  await receiver.ask({ kind: 'clear' })
  using watcher = startChild<WatcherOrder, WatcherReport>('./watcher.ts')
  const path = '/apis/tekton.dev/v1/namespaces/live/taskruns'
  await watcher.ask({ kind: 'watch', url: cp.url, ca: cp.ca, token: cp.adminToken, path })
  await delay(1000)
  report(`starting and finishing them, ${rate} status writes a second, for ${Math.round((2 * count) / rate)} s`)
  const before = cpuMs(operator.pid)
  const { acknowledged } = await load.ask({ kind: 'drive', ...order, count, rate })
  const received = await settled(receiver, acknowledged, report)
  const cpu = cpuMs(operator.pid) - before
  const seen = await watcher.ask({ kind: 'report' })
  const watched = seen.kind === 'seen' ? new Map(seen.events) : new Map<string, number>()
  const lags = acknowledged.flatMap(([key, at]) => (received.has(key) ? [(received.get(key)?.at ?? 0) - at] : []))
  const bare = acknowledged.flatMap(([key, at]) => (watched.has(key) ? [(watched.get(key) ?? 0) - at] : []))
  return {
    events: received.size,
    cpu,
    steadyCpuMsPerEvent: cpu / received.size,
    p50Ms: percentile(lags, 0.5),
    p99Ms: percentile(lags, 0.99),
    watchP50Ms: percentile(bare, 0.5),
    watchP99Ms: percentile(bare, 0.99),
    steadyRssMiB: rssMiB(operator.pid),
    ...losses(acknowledged, received),
  }
}

/** Runs that all ended before somebody subscribed from the start: listed, committed and delivered. */
async function catchUp(sizes: Sizes, rig: Rig, operator: OperatorProcess) {
  const { cp, load, receiver, port, report } = rig
  report(`creating ${sizes.catchUp} TaskRuns of ${sizes.runBytes / 1000} kB that have ended`)
  const { acknowledged } = await load.ask({
    kind: 'create',
    namespace: 'past',
    prefix: 'past',
    count: sizes.catchUp,
    bytes: sizes.runBytes,
    ended: true,
  })
  await receiver.ask({ kind: 'clear' })
  const before = cpuMs(operator.pid)
  await cp.admin.apply(subscription('past', port, 'Earliest'))
  const received = await settled(receiver, acknowledged, report)
  const cpu = cpuMs(operator.pid) - before
  return {
    acknowledged,
    events: received.size,
    cpu,
    catchUpPerSecond: perSecond(received),
    catchUpCpuMsPerEvent: cpu / received.size,
    ...losses(acknowledged, received),
  }
}

/** The past once more, for a sink that takes batches. */
async function inBatches(rig: Rig, operator: OperatorProcess, acknowledged: LoadReport['acknowledged']) {
  const { cp, receiver, port, report } = rig
  report(`sending the ${acknowledged.length} events of the past once more, in batches`)
  await receiver.ask({ kind: 'clear' })
  const before = cpuMs(operator.pid)
  const [sink, subscribed] = subscription('past', port, 'Earliest', 'batches')
  const http = { url: `http://127.0.0.1:${port}/`, mode: 'batch', batch: { maxDelay: '0s' } }
  await cp.admin.apply([{ ...sink, spec: { http } } as Manifest, subscribed as Manifest])
  const received = await settled(receiver, acknowledged, report)
  const cpu = (cpuMs(operator.pid) - before) / received.size
  return { perSecond: perSecond(received), cpu, ...losses(acknowledged, received) }
}

function perSecond(received: Events): number {
  const times = [...received.values()].map((event) => event.at)
  return received.size / ((Math.max(...times) - Math.min(...times)) / 1000)
}

export type Events = Map<string, { at: number; times: number }>

/** What the sink has, once all is there or nothing has come for `patienceMs`. */
export async function settled(
  receiver: Rig['receiver'],
  acknowledged: LoadReport['acknowledged'],
  report: Rig['report'],
  patienceMs = 10_000,
): Promise<Events> {
  let events: Events = new Map()
  for (let quiet = 0; quiet * 100 < patienceMs; quiet += 1) {
    const answer = await receiver.ask({ kind: 'report' })
    if (answer.kind !== 'received') throw new Error('no report')
    if (answer.events.length > events.size) quiet = 0
    events = new Map(answer.events.map(([key, at, times]) => [key, { at, times }]))
    if (acknowledged.every(([key]) => events.has(key))) return events
    await delay(100)
  }
  report(`${acknowledged.length} events were due, ${events.size} came`)
  return events
}

export function losses(acknowledged: LoadReport['acknowledged'], received: Events): { lost: number; repeated: number } {
  return {
    lost: acknowledged.filter(([key]) => !received.has(key)).length,
    repeated: [...received.values()].filter((event) => event.times > 1).length,
  }
}
