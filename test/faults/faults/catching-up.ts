// Very much to be told at once: the past, and what waits.
import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from '../fault.ts'
import { allReady, begin, concurrency, declareSink, declareSubscription, layOut } from '../layout.ts'
import { between } from '../random.ts'
import { arrived, caughtUp, unless } from '../verbs.ts'

export const past: Fault = {
  id: 'past',
  title: 'subscriptions from the start to runs of the past; the operator is killed while it catches up',
  cost: (sizes) => ({ repeats: sizes.lasting(6, 2) * 5 * concurrency, recoveryMs: 20_000 }),
  seconds: 30,
  async run(scene) {
    const names = ['a', 'b'].map((letter) => `${scene.name}-${letter}`)
    for (const namespace of names) await scene.admin.createNamespace(namespace, { 'carillon.dev/fault': scene.name })
    const count = scene.scaled(800)
    await scene.load.finished('past', count, names)
    await layOut(scene, { startFrom: 'Earliest', namespaces: 'there' })
    scene.operator.launch()
    const kills = scene.lasting(6, 2)
    for (let kill = 0; kill < kills; kill += 1) {
      const before = scene.sinks.arrivals().length
      await arrived(
        scene,
        ({ length }) => length >= before + between(scene.random, 1, 200) || length >= count * 12,
        'some of the past',
      )
      await delay(between(scene.random, 0, 300))
      await scene.operator.kill()
      scene.operator.launch()
    }
    await scene.operator.ready()
    const healedAt = Date.now()
    await scene.load.burst('now', scene.scaled(100), scene.tenants)
    await allReady(scene)
    return {
      healedAt,
      did: `${count} runs of the past were asked for, and the operator was killed ${kills} times while it told them`,
    }
  },
}

/** The figure for 100 000 rows. */
const mostMiB = 150

export const pending: Fault = {
  id: 'F34',
  title: '100 000 deliveries wait for sinks that are down',
  cost: { recoveryMs: 90_000 },
  seconds: 80,
  fullOnly: true,
  async run(scene) {
    await begin(scene, { tenants: 1 })
    const [tenant = ''] = scene.tenants
    const room = { sink: { limits: { concurrency: 16, maxPending: 200_000 } } }
    const many = 18
    for (let index = 0; index < many; index += 1) {
      await declareSink(scene, tenant, `down-${index}`, room)
      await scene.sinks.close(`${tenant}/down-${index}`)
      await declareSubscription(scene, tenant, `many-${index}`, [`down-${index}`], ['taskrun'])
    }
    await allReady(scene)
    const count = scene.scaled(1850)
    await scene.load.finished('run', count, scene.tenants)
    const due = count * 3 * many
    for (const end = Date.now() + 60_000; (await scene.operator.metric('carillon_pending')) < due && Date.now() < end; )
      await delay(500)
    await delay(2000)
    const waits = await scene.operator.metric('carillon_pending')
    const peak = scene.operator.peakMiB()
    for (let index = 0; index < many; index += 1) await scene.sinks.open(`${tenant}/down-${index}`)
    const healedAt = Date.now()
    await caughtUp(scene, 120_000)
    return {
      healedAt,
      did: `${waits} deliveries waited for ${many} sinks that were down`,
      notes: [`peak ${peak.toFixed(0)} MiB while they waited`],
      wrong: [
        ...unless(peak <= mostMiB, `${peak.toFixed(0)} MiB, more than ${mostMiB}`),
        ...unless(waits >= due, `only ${waits} of ${due} waited`),
      ],
    }
  },
}
