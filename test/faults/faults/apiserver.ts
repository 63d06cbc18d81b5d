// The API server goes away, forgets, or falls silent.
import { setTimeout as delay } from 'node:timers/promises'
import { compact } from '../../controlplane/compact.ts'
import type { Fault } from '../fault.ts'
import { begin } from '../layout.ts'
import { caughtUp, underLoad, unless } from '../verbs.ts'

export const restart: Fault = {
  id: 'F11',
  title: 'the API server is killed and started again under load',
  // A watch is tried again after 30 s at the latest.
  cost: { recoveryMs: 35_000 },
  seconds: 30,
  async run(scene) {
    await begin(scene)
    return underLoad(
      scene,
      async () => {
        const times = scene.lasting(2, 1)
        for (let turn = 0; turn < times; turn += 1) {
          await scene.cp.apiserver.kill()
          await delay(1000)
          await scene.cp.apiserver.restart()
          await delay(500)
        }
        return `the API server was killed and started again, ${times} times`
      },
      { perSecond: 20 },
    )
  },
}

export const compaction: Fault = {
  id: 'F12',
  title: 'etcd is compacted while the operator is cut off',
  cost: { recoveryMs: 40_000 },
  seconds: 45,
  async run(scene) {
    await begin(scene)
    await scene.load.burst('before', scene.scaled(50), scene.tenants)
    const before = await scene.operator.metric('carillon_relists_total', 'expired')
    scene.proxy.stall()
    scene.proxy.severAll()
    const count = scene.scaled(200)
    await scene.load.burst('meanwhile', count, scene.tenants)
    await compact(scene.cp)
    // A server that has just started has only what etcd still has.
    await scene.cp.apiserver.kill()
    await scene.cp.apiserver.restart()
    scene.proxy.resume()
    scene.proxy.severAll()
    const healedAt = Date.now()
    await scene.load.burst('after', scene.scaled(50), scene.tenants)
    const relists = async () => (await scene.operator.metric('carillon_relists_total', 'expired')) - before
    for (const end = Date.now() + 40_000; (await relists()) === 0 && Date.now() < end; ) await delay(100)
    const wrong = unless((await relists()) > 0, 'no list was made anew because its place was too old')
    return { healedAt, did: `etcd was compacted behind ${count} runs that the operator was cut off from`, wrong }
  },
}

export const stall: Fault = {
  id: 'F13',
  title: 'connections to the API server fall silent and are never closed',
  // A watch is taken for dead after 90 s without a byte.
  cost: (sizes) => ({ recoveryMs: sizes.lasting(110_000, 15_000) }),
  seconds: 125,
  async run(scene) {
    await begin(scene)
    await scene.load.burst('before', scene.scaled(50), scene.tenants)
    if (scene.quick) {
      scene.proxy.stall()
      await scene.load.burst('meanwhile', scene.scaled(100), scene.tenants)
      await delay(3000)
      scene.proxy.resume()
      return { healedAt: Date.now(), did: 'all connections to the API server stood still for 3 s' }
    }
    const silentAt = Date.now()
    scene.proxy.abandon()
    await scene.load.burst('after', scene.scaled(200), scene.tenants)
    await caughtUp(scene, 150_000)
    const noticed = (Date.now() - silentAt) / 1000
    return {
      healedAt: silentAt,
      did: 'all connections to the API server fell silent for good; new ones worked',
      notes: [`noticed, and all told, after ${noticed.toFixed(0)} s`],
      late: unless(noticed <= 110, `noticed only after ${noticed.toFixed(0)} s`),
    }
  },
}
