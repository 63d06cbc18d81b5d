import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from '../fault.ts'
import { begin } from '../layout.ts'
import { arrived, caughtUp, unless } from '../verbs.ts'

/** More than the issue asks of memory is room for the machine's ways. */
const mostMiB = 256

export const burst: Fault = {
  id: 'F25',
  title: '5 000 finished runs at once; then a start that knows them all',
  cost: { repeats: 0, recoveryMs: 60_000 },
  seconds: 75,
  async run(scene) {
    await begin(scene)
    const count = scene.scaled(5000)
    const began = Date.now()
    await scene.load.finished('run', count, scene.tenants)
    const healedAt = Date.now()
    await caughtUp(scene, 120_000)
    const tookMs = Date.now() - began
    const peak = scene.operator.peakMiB()
    await scene.operator.stop()
    await scene.load.live(scene.tenants[0] ?? '', 'while-away')
    const before = scene.sinks.arrivals().length
    const startedAt = Date.now()
    scene.operator.launch()
    await arrived(scene, ({ length }) => length > before, 'the first delivery after a start')
    const first = Date.now() - startedAt
    await scene.operator.ready()
    await delay(100)
    return {
      healedAt,
      did: `${count} finished runs in ${((healedAt - began) / 1000).toFixed(0)} s`,
      notes: [
        `all told after ${(tookMs / 1000).toFixed(0)} s`,
        `peak ${peak.toFixed(0)} MiB`,
        `first delivery ${first} ms after a start with the disk`,
      ],
      wrong: unless(peak <= mostMiB, `${peak.toFixed(0)} MiB, more than ${mostMiB}`),
      late: [...unless(first <= 2000, `the first delivery came ${first} ms after the start, 2 000 stated`)],
    }
  },
}
