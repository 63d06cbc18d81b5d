// More waits for a sink than there is room for.
import type { Fault } from '../fault.ts'
import { begin, concurrency, untilCondition } from '../layout.ts'
import type { Run } from '../load.ts'
import type { Scene } from '../scene.ts'
import { lags, unless } from '../verbs.ts'

type Done = { runs: Run[]; key: string; room: number; late: string[] }

/** Six deliveries of each run are due at the sink, which is down and has room for a tenth of them. */
async function flood(scene: Scene): Promise<Done> {
  const count = scene.scaled(400, 40)
  const room = Math.round(count * 0.6)
  await begin(scene, { tenants: 2, sink: { limits: { concurrency, maxPending: room } } })
  const key = `${scene.name}-a/one`
  await scene.sinks.close(key)
  const from = Date.now()
  const runs = await scene.load.burst('run', count * 2, scene.tenants)
  const fits = ({ status, reason }: { status: string; reason: string }) =>
    status === 'True' && reason === 'MaxPendingReached'
  for (const [kind, name] of [
    ['EventSink', key],
    ['EventSubscription', `${scene.name}-a/single`],
  ] as const)
    await untilCondition(scene, kind, name, 'Overflow', fits)
  const others = lags(scene, [`${scene.name}-b/one`, `${scene.name}-b/two`], from, Date.now() - 1000)
  const worst = Math.max(0, ...others)
  return { runs, key, room, late: unless(worst < 5000, `another namespace's events came ${worst} ms late`) }
}

export const overflow: Fault = {
  id: 'overflow',
  title: 'ten times more waits for a sink than it may have, and the operator is killed meanwhile',
  cost: { repeats: 5 * concurrency, recoveryMs: 60_000 },
  seconds: 45,
  async run(scene) {
    const { runs, key, room, late } = await flood(scene)
    await scene.operator.kill()
    await scene.operator.start()
    await scene.sinks.open(key)
    return {
      healedAt: Date.now(),
      did: `${runs.length * 3} deliveries came for a sink that was down and had room for ${room}`,
      late,
    }
  },
}

export const overflowGone: Fault = {
  id: 'overflow-gone',
  title: 'the same, and a quarter of the runs are deleted before there is room',
  cost: { dropped: 'counted', recoveryMs: 60_000 },
  seconds: 40,
  async run(scene) {
    const { runs, key, room, late } = await flood(scene)
    const pruned = runs.filter((_, index) => index % 4 === 3)
    for (const run of pruned) await scene.load.remove(run)
    await scene.sinks.open(key)
    return {
      healedAt: Date.now(),
      did: `the same with room for ${room}, and ${pruned.length} of the runs were deleted meanwhile`,
      late,
    }
  },
}
