// One sink's trouble is not another's: what the others' 99th percentile is with and without a bad sink beside them.
import { setTimeout as delay } from 'node:timers/promises'
import { percentile } from '../../bench/child.ts'
import type { Fault } from '../fault.ts'
import { begin } from '../layout.ts'
import type { Scene } from '../scene.ts'
import { always, answering, type Behaviour, taking } from '../sinks/behaviour.ts'
import { behave, caughtUp, lags, unless } from '../verbs.ts'

const troubles: [name: string, behaviour: Behaviour][] = [
  ['calm', taking],
  ['hung', always({ kind: 'hang' })],
  ['slow', answering(204, { delayMs: 1000 })],
  ['failing', answering(500)],
]

const rounds = 5
const slices = 2

/** The others' p99 may be worse by a tenth, or by 5 ms where that is more. */
const most = (calm: number): number => Math.max(calm * 1.1, calm + 5)

/** What the other sinks' lags are while this one behaves so. */
async function beside(scene: Scene, bad: string, behaviour: Behaviour): Promise<number[]> {
  const others = scene.sinkKeys.filter((key) => key !== bad)
  await behave(scene, [bad], behaviour)
  await delay(400)
  const from = Date.now()
  await delay(1500)
  const to = Date.now()
  // What waits is drained before the next is measured.
  await behave(scene, [bad], taking)
  await delay(300)
  await caughtUp({ ...scene, declared: scene.declared.filter(({ sinks }) => sinks.includes(bad)) })
  return lags(scene, others, from, to)
}

export const isolation: Fault = {
  id: 'F29',
  title: `a hung, a slow and a failing sink beside others: their p99, median of ${rounds} interleaved rounds`,
  cost: { recoveryMs: 20_000 },
  seconds: 100,
  alone: true,
  fullOnly: true,
  async run(scene) {
    await begin(scene, { http: { timeout: '5s' } })
    const bad = `${scene.name}-a/one`
    const measured = new Map(troubles.map(([name]) => [name, [] as number[]]))
    const flow = scene.load.flow('run', 20, scene.tenants)
    await delay(3000)
    for (let round = 0; round < rounds; round += 1) {
      const seen = new Map(troubles.map(([name]) => [name, [] as number[]]))
      // What else the machine does falls on all of them alike: slices of a round alternate, and none always follows the same.
      for (let slice = 0; slice < slices; slice += 1) {
        const order = troubles.map((_, index) => troubles[(index + round + slice) % troubles.length])
        for (const one of order) if (one) seen.get(one[0])?.push(...(await beside(scene, bad, one[1])))
      }
      for (const [name, values] of seen) measured.get(name)?.push(percentile(values, 0.99))
    }
    await behave(scene, [bad], taking)
    const healedAt = Date.now()
    await flow.stop()
    const medians = new Map([...measured].map(([name, values]) => [name, percentile(values, 0.5)]))
    const calm = medians.get('calm') ?? Number.NaN
    const late = [...medians].flatMap(([name, value]) =>
      unless(value <= most(calm), `p99 beside a ${name} sink is ${value.toFixed(1)} ms, ${calm.toFixed(1)} ms without`),
    )
    const notes = [
      `p99 of the others: ${[...medians].map(([name, value]) => `${name} ${value.toFixed(1)} ms`).join(', ')}`,
    ]
    return { healedAt, did: `one sink hung, was slow, failed, in ${rounds} rounds`, notes, late }
  },
}
