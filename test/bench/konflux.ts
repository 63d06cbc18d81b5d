// A Konflux cluster: very many builds and Snapshots that are known, a cold start among them, and builds that go on.
import { setTimeout as delay } from 'node:timers/promises'
import type { Manifest } from '../controlplane/admin.ts'
import { applyCrds, applyOperatorRights, startControlPlane } from '../controlplane/controlplane.ts'
import { installTekton } from '../controlplane/tekton.ts'
import { metric, startOperator } from '../operator/process.ts'
import { cpuMs, peakRssMiB, percentile, rssMiB, startChild } from './child.ts'
import type { KonfluxOrder } from './konflux-load.ts'
import { snapshotCrd } from './konflux-objects.ts'
import type { LoadReport } from './load.ts'
import { buildOperator, losses, program, settled } from './measure.ts'
import type { ReceiverOrder, ReceiverReport } from './receiver.ts'

export type KonfluxSizes = { builds: number; snapshots: number; live: number; rate: number }

export const fullKonflux: KonfluxSizes = { builds: 10_000, snapshots: 2_000, live: 200, rate: 30 }

export const scaledKonflux = (share: number): KonfluxSizes => ({
  builds: Math.max(20, Math.round(fullKonflux.builds * share)),
  snapshots: Math.max(20, Math.round(fullKonflux.snapshots * share)),
  live: Math.max(20, Math.round(fullKonflux.live * share)),
  rate: fullKonflux.rate,
})

export type KonfluxFigures = {
  /** From the start of a process without a disk to its first delivery. */
  coldFirstMs: number
  /** Until all is listed, while the events of the past go out. */
  coldListedMs: number
  /** Until all events of the past are delivered, and how many a second. */
  coldDeliveredMs: number
  coldPerSecond: number
  coldCpuMs: number
  coldPeakRssMiB: number
  /** An hour's builds later: resident memory, largest at any time. */
  konfluxSteadyRssMiB: number
  konfluxPeakRssMiB: number
  buildKb: number
  watchKbPerEvent: number
  /** CPU of the operator per delivered event of live builds; what it may be: 0.5 ms and 30 µs for each kB of the watch; the share that it is. */
  konfluxCpuMsPerEvent: number
  konfluxCpuAllowedMs: number
  konfluxCpuShare: number
  /** The same of the cold start, with what was listed in place of the watch; and of both together. */
  coldCpuShare: number
  bothCpuShare: number
  konfluxP50Ms: number
  konfluxP99Ms: number
  konfluxLost: number
  konfluxRepeated: number
}

export async function measureKonflux(sizes: KonfluxSizes, report: (line: string) => void): Promise<KonfluxFigures> {
  buildOperator()
  await using cp = await startControlPlane({ report, quotaBytes: 8 * 2 ** 30, watchCache: false })
  await Promise.all([applyCrds(cp), applyOperatorRights(cp), installTekton(cp.admin)])
  await cp.admin.apply([snapshotCrd])
  await cp.admin.createNamespace('tenant')
  using load = startChild<KonfluxOrder, LoadReport>('./konflux-load.ts')
  using receiver = startChild<ReceiverOrder, ReceiverReport>('./receiver.ts')
  const listening = await receiver.next()
  const port = listening.kind === 'listening' ? listening.port : 0
  await load.ask({ kind: 'connect', url: cp.url, ca: cp.ca, token: cp.adminToken })
  const of = { namespace: 'tenant' }
  report(`creating ${sizes.snapshots} Snapshots and ${sizes.builds} builds of 40 kB that have ended`)
  await load.ask({ kind: 'snapshots', ...of, prefix: 'snapshot', count: sizes.snapshots })
  await load.ask({ kind: 'builds', ...of, prefix: 'known', count: sizes.builds })
  await cp.admin.apply(subscription(port))

  report('starting an operator without a disk, to which all of it is news')
  const past: LoadReport['acknowledged'] = [
    ...named('known', sizes.builds).flatMap((name) => milestones.map((of): [string, number] => [`${name} ${of}`, 0])),
    ...named('snapshot', sizes.snapshots).flatMap((name): [string, number][] => [
      [`${name} created`, 0],
      [`${name} passed`, 0],
    ]),
  ]
  const started = clock()
  await using operator = await startOperator(cp, { program })
  const all = sizes.builds + sizes.snapshots
  while ((await metric(operator, 'carillon_listed_objects_total')) < all) await delay(20)
  const coldListedMs = clock() - started
  const delivered = await settled(receiver, past, report, 30_000)
  const coldCpuMs = cpuMs(operator.pid)
  const times = [...delivered.values()].map(({ at }) => at)
  const [first, last] = times.reduce(([low, high], at) => [Math.min(low, at), Math.max(high, at)], [Infinity, 0])
  const coldPeakRssMiB = peakRssMiB(operator.pid)
  const bytesOf = await Promise.all([sizeOf('pipelineruns', 'known-0'), sizeOf('snapshots', 'snapshot-0')])
  const listedKb = (sizes.builds * bytesOf[0] + sizes.snapshots * bytesOf[1]) / 1000
  report(`${delivered.size} events of the past came; ${coldPeakRssMiB.toFixed(0)} MiB at most`)

  await receiver.ask({ kind: 'clear' })
  report(`taking ${sizes.live} builds from creation to signature, ${sizes.rate} writes of up to 40 kB a second`)
  const { cpu, watchKb, acknowledged, events } = await live()
  const lags = acknowledged.flatMap(([key, at]) => (events.has(key) ? [(events.get(key)?.at ?? 0) - at] : []))
  const allowed = allowance(events.size, watchKb)
  const coldAllowed = allowance(delivered.size, listedKb)
  const [before, after] = [losses(past, delivered), losses(acknowledged, events)]
  const figures: KonfluxFigures = {
    coldFirstMs: first - started,
    coldListedMs,
    coldDeliveredMs: last - started,
    coldPerSecond: delivered.size / ((last - first) / 1000),
    coldCpuMs,
    coldPeakRssMiB,
    konfluxSteadyRssMiB: rssMiB(operator.pid),
    konfluxPeakRssMiB: peakRssMiB(operator.pid),
    buildKb: bytesOf[0] / 1000,
    watchKbPerEvent: watchKb / events.size,
    konfluxCpuMsPerEvent: cpu / events.size,
    konfluxCpuAllowedMs: allowed / events.size,
    konfluxCpuShare: cpu / allowed,
    coldCpuShare: coldCpuMs / coldAllowed,
    bothCpuShare: (coldCpuMs + cpu) / (coldAllowed + allowed),
    konfluxP50Ms: percentile(lags, 0.5),
    konfluxP99Ms: percentile(lags, 0.99),
    konfluxLost: before.lost + after.lost,
    konfluxRepeated: before.repeated + after.repeated,
  }
  await operator.stop()
  return figures

  async function live() {
    await delay(2_000)
    const before = cpuMs(operator.pid)
    const { writtenBytes: past = 0 } = await load.ask({ kind: 'builds', ...of, prefix: 'none', count: 0 })
    const order = { kind: 'drive' as const, ...of, prefix: 'live', count: sizes.live, rate: sizes.rate }
    const { acknowledged, writtenBytes = 0 } = await load.ask(order)
    const events = await settled(receiver, acknowledged, report)
    const cpu = cpuMs(operator.pid) - before
    const watchKb = (writtenBytes - past) / 1000
    return { cpu, watchKb, acknowledged, events }
  }

  async function sizeOf(plural: 'pipelineruns' | 'snapshots', name: string): Promise<number> {
    const group = plural === 'snapshots' ? 'appstudio.redhat.com/v1alpha1' : 'tekton.dev/v1'
    const path = `/apis/${group}/namespaces/tenant/${plural}/${name}`
    return JSON.stringify((await cp.admin.request('GET', path)).body).length
  }
}

/** What the operator may use: ms of CPU for so many delivered events and kB of watch traffic. */
const allowance = (events: number, watchKb: number): number => 0.5 * events + 0.03 * watchKb

const clock = (): number => performance.timeOrigin + performance.now()

const named = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}-${n}`)

/** Of a build: its last words in the types of its events. */
const milestones = ['started', 'finished', 'published', 'signed']

const subscription = (port: number): Manifest[] => {
  const metadata = { name: 'konflux', namespace: 'tenant' }
  const apiVersion = 'carillon.dev/v1alpha1'
  const http = { url: `http://127.0.0.1:${port}/` }
  const events = [
    { kind: 'PipelineRun', milestones: ['build-started', 'build-finished', 'artifact-published', 'artifact-signed'] },
    { kind: 'Snapshot', milestones: ['created', 'passed'] },
  ]
  return [
    { apiVersion, kind: 'EventSink', metadata, spec: { http, limits: { concurrency: 32 } } },
    {
      apiVersion,
      kind: 'EventSubscription',
      metadata,
      spec: { sinks: [{ name: 'konflux' }], startFrom: 'Earliest', events },
    },
  ]
}
