// What follows a stop, an outage, and with very much that waits: how soon, how fast, in how much memory.
import { setTimeout as delay } from 'node:timers/promises'
import { metric, type OperatorProcess, startOperator } from '../operator/process.ts'
import { peakRssMiB } from './child.ts'
import { type Events, losses, program, type Rig, type Sizes, settled, subscription } from './measure.ts'

export type RestartFigures = {
  /** From the start of the process, with the disk of one that was killed, to its first delivery. */
  restartFirstMs: number
  /** A sink was down: from the first delivery that it takes again to the last of what had waited. */
  backlogSeconds: number
  /** From the sink's recovery to the first delivery: how long it rested. */
  backlogRestSeconds: number
  backlogInversions: number
  /** Largest resident memory of a process that is given `pending` deliveries, and of one that starts with them and delivers them. */
  pendingRssMiB: number
  pendingStartRssMiB: number
  pendingStartMs: number
  pendingPerSecond: number
}

type Losses = { lost: number; repeated: number }

const clock = (): number => performance.timeOrigin + performance.now()

/** `dataDir` is that of an operator that has stopped. */
export async function restarts(sizes: Sizes, rig: Rig, dataDir: string): Promise<RestartFigures & Losses> {
  const first = await restart(rig, dataDir)
  await using operator = first.operator
  const backlog = await drain(sizes, rig, operator)
  const { restartFirstMs } = first
  const lost = first.lost + backlog.lost
  const repeated = first.repeated + backlog.repeated
  return { restartFirstMs, ...backlog, ...(await manyPending(sizes, rig, operator)), lost, repeated }
}

/** Kills an operator and lets a run start and finish while it is away. */
async function restart(rig: Rig, dataDir: string) {
  const { cp, load, receiver, report } = rig
  const before = await startOperator(cp, { program, dataDir })
  await before.kill()
  const run = { namespace: 'live', prefix: 'again', count: 1, bytes: 4000 }
  await load.ask({ kind: 'create', ...run, ended: false })
  const { acknowledged } = await load.ask({ kind: 'drive', ...run, rate: 100 })
  await receiver.ask({ kind: 'clear' })
  report('starting an operator that was killed, with its disk')
  const started = clock()
  const operator = await startOperator(cp, { program, dataDir })
  const received = await settled(receiver, acknowledged, report)
  const restartFirstMs = Math.min(...[...received.values()].map(({ at }) => at)) - started
  return { operator, restartFirstMs, ...losses(acknowledged, received) }
}

/** A sink that fails until `backlog` events wait, then takes them. */
async function drain(sizes: Sizes, rig: Rig, operator: OperatorProcess) {
  const { cp, load, receiver, report, port } = rig
  await receiver.ask({ kind: 'answer', status: 503 })
  await cp.admin.apply(subscription('backlog', port, 'Earliest'))
  report(`creating ${sizes.backlog / 2} TaskRuns whose ${sizes.backlog} events wait for a sink that fails`)
  const { acknowledged } = await load.ask({
    kind: 'create',
    namespace: 'backlog',
    prefix: 'backlog',
    count: Math.ceil(sizes.backlog / 2),
    bytes: 4000,
    ended: true,
  })
  await untilPending(operator, acknowledged.length)
  await receiver.ask({ kind: 'clear' })
  const recovered = clock()
  await receiver.ask({ kind: 'answer', status: 204 })
  const received = await settled(receiver, acknowledged, report, 60_000)
  const times = [...received.values()].map(({ at }) => at)
  return {
    backlogSeconds: (Math.max(...times) - Math.min(...times)) / 1000,
    backlogRestSeconds: (Math.min(...times) - recovered) / 1000,
    backlogInversions: inversions(received),
    ...losses(acknowledged, received),
  }
}

/** Runs whose `finished` came before their `started`: events are in the order of their first arrival. */
function inversions(received: Events): number {
  const seen = new Set<string>()
  let count = 0
  for (const key of received.keys()) {
    const [name, milestone] = key.split(' ')
    if (milestone === 'finished' && !seen.has(`${name} started`)) count += 1
    seen.add(key)
  }
  return count
}

/** As many subscriptions to the known runs as it takes, each with bytes of its own, to a sink that fails; then a restart, and delivery. */
async function manyPending(sizes: Sizes, rig: Rig, operator: OperatorProcess) {
  const { cp, receiver, report, port } = rig
  const { known, pending } = sizes
  await receiver.ask({ kind: 'answer', status: 503 })
  const count = Math.ceil(pending / (2 * known))
  report(`${count * 2 * known} deliveries of ${known} TaskRuns are to wait`)
  const names = Array.from({ length: count }, (_, index) => `pending-${index}`)
  await cp.admin.apply(
    names.flatMap((name) => subscription('known', port, 'Earliest', name, { extensions: { copy: name } })),
  )
  await untilPending(operator, count * 2 * known)
  const pendingRssMiB = peakRssMiB(operator.pid)
  report(`they wait; ${pendingRssMiB.toFixed(0)} MiB at most`)
  await operator.kill()
  await receiver.ask({ kind: 'clear' })
  await receiver.ask({ kind: 'answer', status: 204 })
  const started = clock()
  await using next = await startOperator(cp, { program, dataDir: operator.dataDir })
  const pendingStartMs = clock() - started
  await untilPending(next, 0)
  const took = (clock() - started - pendingStartMs) / 1000
  const pendingStartRssMiB = peakRssMiB(next.pid)
  await next.stop()
  return { pendingRssMiB, pendingStartRssMiB, pendingStartMs, pendingPerSecond: (count * 2 * known) / took }
}

async function untilPending(operator: OperatorProcess, wanted: number): Promise<void> {
  for (let left = 3000; ; left -= 1) {
    const pending = await metric(operator, 'carillon_pending')
    if (wanted === 0 ? pending === 0 : pending >= wanted) return
    if (left === 0) throw new Error(`${pending} deliveries wait, not ${wanted}`)
    await delay(100)
  }
}
