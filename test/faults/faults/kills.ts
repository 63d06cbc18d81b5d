// The operator is killed, stopped for a while, and comes back.
import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from '../fault.ts'
import { allReady, begin, concurrency, layOut } from '../layout.ts'
import { between } from '../random.ts'
import { arrived, caughtUp, underLoad, unless } from '../verbs.ts'

/** What is under way at five sinks at the moment of a kill. */
const inFlight = 5 * concurrency

export const killAfterAnswer: Fault = {
  id: 'F14',
  title: 'SIGKILL just when a sink has taken an event',
  cost: (sizes) => ({ repeats: sizes.lasting(8, 2) * inFlight, recoveryMs: 6000 }),
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
  cost: (sizes) => ({ repeats: sizes.lasting(25, 3) * inFlight, recoveryMs: 6000 }),
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

export const handover: Fault = {
  id: 'handover',
  title: 'an instance stands still, another takes over without its disk; it wakes up, and takes over again',
  // Each taking over tells the last minutes again, under the same ids.
  cost: { repeats: { each: 2 }, counters: 'unknown', recoveryMs: 30_000 },
  seconds: 60,
  fullOnly: true,
  async run(scene) {
    const seconds = scene.lasting(15, 5)
    const life = { args: ['--leader-elect-lease-duration', `${seconds}s`] }
    await layOut(scene)
    await scene.operator.start(life)
    await allReady(scene)
    await scene.load.burst('before', scene.scaled(50), scene.tenants)
    await caughtUp(scene)
    const second = scene.another()
    let woken = ''
    const ran = await underLoad(scene, async () => {
      scene.operator.signal('SIGSTOP')
      await second.start(life)
      scene.operator.signal('SIGCONT')
      woken = await scene.operator.exited()
      scene.operator.launch(life)
      await delay(2000)
      await second.kill()
      await scene.operator.ready()
      return `one instance stood still until another had its Lease of ${seconds} s; that one was killed, and the first took over again`
    })
    return { ...ran, wrong: unless(woken === 'exited with 1', `the one that woke up ${woken}`) }
  },
}
