// Sinks that take connections, and do odd things with them.
import { setTimeout as delay } from 'node:timers/promises'
import { percentile } from '../../bench/child.ts'
import type { Fault } from '../fault.ts'
import { begin, untilCondition } from '../layout.ts'
import { always, taking } from '../sinks/behaviour.ts'
import { behave, caughtUp, lags, underLoad, unless } from '../verbs.ts'

export const outage: Fault = {
  id: 'F1',
  title: 'a sink is down while 3 600 events come for it',
  cost: { recoveryMs: 10_000 },
  seconds: 25,
  alone: true,
  async run(scene) {
    await begin(scene, { tenants: 1 })
    const key = `${scene.name}-a/one`
    await scene.sinks.close(key)
    // Two subscriptions lead to the sink, and a run has three milestones.
    const count = scene.scaled(600)
    await scene.load.burst('run', count, scene.tenants)
    const { reason } = await untilCondition(scene, 'EventSink', key, 'Delivering', ({ status }) => status === 'False')
    await scene.sinks.open(key)
    const healedAt = Date.now()
    await caughtUp(scene)
    const drained = (Date.now() - healedAt) / 1000
    await untilCondition(scene, 'EventSink', key, 'Delivering', ({ status }) => status === 'True')
    return {
      healedAt,
      did: `a sink refused connections while ${count * 6} events came for it`,
      notes: [`drained in ${drained.toFixed(1)} s`],
      wrong: unless(reason === 'ConnectionRefused', `Delivering=False with reason ${reason}`),
    }
  },
}

export const slowLoris: Fault = {
  id: 'F7',
  title: 'a sink drips its headers, another its body without end, a third hangs',
  cost: { recoveryMs: 10_000 },
  seconds: 15,
  async run(scene) {
    await begin(scene, { http: { timeout: '1s' } })
    const late: string[] = []
    const ran = await underLoad(scene, async () => {
      const from = Date.now()
      await behave(scene, [`${scene.name}-a/one`], always({ kind: 'slow-headers', everyMs: 100 }))
      await behave(scene, [`${scene.name}-a/two`], always({ kind: 'endless-body', status: 200 }))
      await behave(scene, [`${scene.name}-b/one`], always({ kind: 'hang' }))
      await delay(scene.lasting(6000, 3000))
      await untilCondition(
        scene,
        'EventSink',
        `${scene.name}-a/one`,
        'Delivering',
        ({ reason }) => reason === 'Timeout',
      )
      const others = lags(scene, [`${scene.name}-b/two`, `${scene.name}-admin/all`], from, Date.now() - 2000)
      late.push(
        ...unless(
          others.length > 0 && percentile(others, 0.99) < 1000,
          `p99 of the sinks beside them: ${percentile(others, 0.99)} ms`,
        ),
      )
      await behave(scene, scene.sinkKeys, taking)
      return 'one sink dripped headers, one sent a body without end, one hung'
    })
    return { ...ran, late }
  },
}

export const resets: Fault = {
  id: 'F8',
  title: 'sinks reset connections before and after the body, and answer with trash',
  cost: { recoveryMs: 5000 },
  seconds: 12,
  async run(scene) {
    await begin(scene)
    return underLoad(
      scene,
      async () => {
        const rules = (['reset-before', 'reset-after', 'trash'] as const).map((kind) => ({
          share: 0.2,
          mode: { kind },
        }))
        await behave(scene, scene.sinkKeys, { ...taking, rules })
        await delay(scene.lasting(6000, 2000))
        await behave(scene, scene.sinkKeys, taking)
        return 'sinks reset connections before and after the body, and answered with trash'
      },
      { perSecond: 20 },
    )
  },
}
