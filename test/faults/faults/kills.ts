// The operator is killed, stopped for a while, and comes back.
import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from '../fault.ts'
import { begin, concurrency } from '../layout.ts'
import { between } from '../random.ts'
import type { Scene } from '../scene.ts'
import { arrived, underLoad } from '../verbs.ts'

/** What is under way at five sinks at the moment of a kill. */
const inFlight = 5 * concurrency

type Sized = Pick<Scene, 'lasting'>

export const killAfterAnswer: Fault = {
  id: 'F14',
  title: 'SIGKILL just when a sink has taken an event',
  cost: (scene: Sized) => ({ repeats: scene.lasting(8, 2) * inFlight, recoveryMs: 6000 }),
  seconds: 25,
  async run(scene) {
    await begin(scene)
    return underLoad(
      scene,
      async () => {
        const kills = scene.lasting(8, 2)
        for (let turn = 0; turn < kills; turn += 1) {
          const before = scene.sinks.arrivals().length
          await arrived(scene, ({ length }) => length > before + between(scene.random, 1, 20), 'a delivery')
          await scene.operator.kill()
          await scene.operator.start()
        }
        return `the operator was killed ${kills} times just after a sink had answered`
      },
      { perSecond: 20 },
    )
  },
}

export const killLoop: Fault = {
  id: 'F15',
  title: 'SIGKILL again and again at random moments under load, starts included',
  cost: (scene: Sized) => ({ repeats: scene.lasting(25, 3) * inFlight, recoveryMs: 6000 }),
  seconds: 40,
  async run(scene) {
    await begin(scene)
    return underLoad(
      scene,
      async () => {
        const kills = scene.lasting(25, 3)
        for (let turn = 0; turn < kills; turn += 1) {
          await delay(between(scene.random, 0, 2000))
          await scene.operator.kill()
          scene.operator.launch()
        }
        await scene.operator.ready()
        return `the operator was killed ${kills} times at random moments`
      },
      { perSecond: 20 },
    )
  },
}

export const pause: Fault = {
  id: 'F16',
  title: 'SIGSTOP for 30 s',
  cost: { repeats: inFlight, recoveryMs: 15_000 },
  seconds: 45,
  async run(scene) {
    await begin(scene)
    return underLoad(scene, async () => {
      const ms = scene.lasting(30_000, 3000)
      scene.operator.signal('SIGSTOP')
      await delay(ms)
      scene.operator.signal('SIGCONT')
      return `the operator stood still for ${ms / 1000} s`
    })
  },
}
