// One sink's trouble is not another's: what the others' 99th percentile is with and without a bad sink beside them.
import { setTimeout as delay } from 'node:timers/promises'
import { percentile } from '../../bench/child.ts'
import type { Fault } from '../fault.ts'
import { begin } from '../layout.ts'
import type { Scene } from '../scene.ts'
import { always, answering, type Behaviour, taking } from '../sinks/behaviour.ts'
import { arrived, behave, lags, unless } from '../verbs.ts'

const troubles: [name: string, behaviour: Behaviour][] = [
  ['calm', taking],
  ['hung', always({ kind: 'hang' })],
  ['slow', answering(204, { delayMs: 1000 })],
  ['failing', answering(500)],
]

const rounds = 5

/** The others' p99 may be worse by a tenth, or by 5 ms where that is more. */
const most = (calm: number): number => Math.max(calm * 1.1, calm + 5)

/** Resolves once the sink has got what came up to now. */
async function drained(scene: Scene, key: string): Promise<void> {
  const now = Date.now()
  const due = scene.declared.filter(({ sinks }) => sinks.includes(key)).length
  const before = scene.truth.moments.filter(({ namespace, at }) => key.startsWith(`${namespace}/`) && at <= now)
  await arrived(scene, () => lags(scene, [key], 0, now).length >= before.length * due, `what waited for ${key}`)
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
    const others = scene.sinkKeys.filter((key) => key !== bad)
    const measured = new Map(troubles.map(([name]) => [name, [] as number[]]))
    const flow = scene.load.flow('run', 20, scene.tenants)
    await delay(3000)
    for (let round = 0; round < rounds; round += 1) {
      // Each round in another order, so that none always follows the same.
      const order = troubles.map((_, index) => troubles[(index + round) % troubles.length] ?? troubles[0])
      for (const one of order) {
        if (!one) continue
        await behave(scene, [bad], one[1])
        await delay(500)
        const from = Date.now()
        await delay(3000)
        const to = Date.now()
        // What waits is drained before the next is measured.
        await behave(scene, [bad], taking)
        await delay(300)
        await drained(scene, bad)
        measured.get(one[0])?.push(percentile(lags(scene, others, from, to), 0.99))
      }
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
