// Clean stops, and statuses that others write to.
import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from '../fault.ts'
import { apiVersion, begin, untilCondition } from '../layout.ts'
import type { Scene } from '../scene.ts'
import { answering, taking } from '../sinks/behaviour.ts'
import { behave, underLoad, unless } from '../verbs.ts'

export const cleanStop: Fault = {
  id: 'F31',
  title: 'SIGTERM with 500 deliveries under way',
  cost: { recoveryMs: 10_000 },
  seconds: 20,
  async run(scene) {
    await begin(scene, { sink: { limits: { concurrency: scene.scaled(128, 8) } }, http: { timeout: '10s' } })
    await behave(scene, scene.sinkKeys, answering(204, { delayMs: 2000 }))
    // One of an object is under way at a time, for each subscription: so many objects as that takes.
    const wanted = scene.scaled(500)
    const writing = scene.load.burst('run', scene.scaled(300, 30), scene.tenants)
    let underWay = 0
    for (const end = Date.now() + 20_000; underWay < wanted && Date.now() < end; await delay(20))
      underWay = await scene.sinks.waiting()
    const stopAt = Date.now()
    const how = await scene.operator.stop()
    const took = Date.now() - stopAt
    await writing
    await behave(scene, scene.sinkKeys, taking)
    await scene.operator.start()
    return {
      healedAt: Date.now(),
      did: `SIGTERM with ${underWay} deliveries under way, for which sinks took 2 s; it ${how}`,
      notes: [`ended after ${(took / 1000).toFixed(1)} s`],
      wrong: unless(how === 'exited with 0', `it ${how}`),
      late: [
        ...unless(underWay >= wanted, `only ${underWay} were under way`),
        ...unless(took < 15_000, `the stop took ${took} ms`),
      ],
    }
  },
}

export const edits: Fault = {
  id: 'F30',
  title: 'sinks and subscriptions are edited every 100 ms, their statuses too',
  cost: { recoveryMs: 5000 },
  seconds: 15,
  async run(scene) {
    await begin(scene)
    const late: number[] = []
    const ran = await underLoad(scene, async () => {
      const end = Date.now() + scene.lasting(8000, 2000)
      let turn = 0
      for (; Date.now() < end; turn += 1) {
        await edit(scene, turn)
        await delay(50)
      }
      const changedAt = Date.now()
      for (const key of scene.sinkKeys)
        await untilCondition(scene, 'EventSink', key, 'Ready', ({ status }) => status === 'True')
      late.push(Date.now() - changedAt)
      return `specs and statuses of all sinks and subscriptions were written over ${turn} times`
    })
    const slowest = Math.max(...late)
    return {
      ...ran,
      notes: [`last spec answered after ${slowest} ms`],
      late: unless(slowest < 3000, `a spec was answered after ${slowest} ms`),
    }
  },
}

async function edit(scene: Scene, turn: number): Promise<void> {
  const subscriptions = scene.declared.map(
    ({ key }) => ['EventSubscription', key, { extensions: { turn: String(turn) } }] as const,
  )
  const sinks = scene.sinkKeys.map((key) => ['EventSink', key, { http: { timeout: `${2 + (turn % 3)}s` } }] as const)
  const all = [...subscriptions, ...sinks]
  const [kind, key, spec] = all[turn % all.length] ?? all[0] ?? (['EventSink', '', {}] as const)
  const [namespace = '', name = ''] = key.split('/')
  await scene.admin.mergePatch(apiVersion, kind, namespace, name, {
    spec,
    metadata: { annotations: { turn: String(turn) } },
  })
  // What somebody else writes into a status is put right.
  await scene.admin.patchStatus(apiVersion, kind, namespace, name, { counts: { delivered: 123_456, matched: 1 } })
}
