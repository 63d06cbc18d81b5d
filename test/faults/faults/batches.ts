// Sinks that take several events in a request, and refuse some of them.
import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from '../fault.ts'
import { begin } from '../layout.ts'
import { between } from '../random.ts'
import { answering, type Behaviour, taking } from '../sinks/behaviour.ts'
import { behave, underLoad, unless } from '../verbs.ts'

const maxEvents = 20

/** Requests under way at a sink. */
const requests = 2

const refusing = [400, 413, 422]

export const batches: Fault = {
  id: 'batches',
  title: 'sinks of batches refuse single events for good, fail as a whole, and the operator is killed again and again',
  // Each milestone of a refused run is one at four deliveries; a kill repeats what is under way at five sinks.
  cost: (sizes) => ({
    deadLettered: refusing.length * 3 * 4 * sizes.scaled(20, 2) * 2,
    repeats: sizes.lasting(8, 2) * 5 * requests * maxEvents,
    recoveryMs: 10_000,
  }),
  seconds: 30,
  async run(scene) {
    const rules = refusing.map((status) => ({
      subject: `refused-${status}`,
      mode: { kind: 'status', status } as const,
    }))
    const picky: Behaviour = { ...taking, rules }
    const batch = { sinks: ['one', 'two', 'all'], maxEvents, concurrency: requests }
    await begin(scene, { behaviour: picky, batch })
    const each = scene.scaled(20, 2)
    const kills = scene.lasting(8, 2)
    const ran = await underLoad(
      scene,
      async () => {
        for (let turn = 0; turn < kills; turn += 1) {
          if (turn === 0 || turn === kills - 1)
            for (const status of refusing) await scene.load.burst(`refused-${status}-${turn}`, each, scene.tenants)
          await behave(scene, scene.sinkKeys, turn % 2 ? { ...answering(503), rules } : picky)
          await delay(between(scene.random, 0, 1500))
          await scene.operator.kill()
          await behave(scene, scene.sinkKeys, picky)
          await scene.operator.start()
        }
        return `sinks refused ${refusing.length * each * 2} runs of batches, and the operator was killed ${kills} times`
      },
      { perSecond: 30 },
    )
    const largest = Math.max(...scene.sinks.arrivals().map((one) => one.among ?? 0))
    return {
      ...ran,
      notes: [`up to ${largest} events in a request`],
      wrong: unless(largest > 5, 'there was no batch of more than 5 events'),
    }
  },
}
