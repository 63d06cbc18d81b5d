// Several things at once, by chance: what no single fault shows.
import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from '../fault.ts'
import { begin, concurrency } from '../layout.ts'
import { between } from '../random.ts'
import type { Scene } from '../scene.ts'
import { always, answering, type Behaviour, taking } from '../sinks/behaviour.ts'
import { behave, underLoad } from '../verbs.ts'

const moods: Behaviour[] = [
  taking,
  answering(503),
  answering(204, { delayMs: 300 }),
  answering(401),
  answering(429, { headers: { 'retry-after': '1' } }),
  always({ kind: 'hang' }),
  always({ kind: 'reset-before' }),
  always({ kind: 'reset-after' }),
  { ...taking, rules: [{ share: 0.5, mode: { kind: 'trash' } }] },
]

/** What is done in one turn, in a word. */
const deeds: Record<string, (scene: Scene) => Promise<void>> = {
  async kill({ operator, random }) {
    await operator.kill()
    await delay(between(random, 0, 500))
    operator.launch()
  },
  async stop({ operator }) {
    // One that is just starting may not listen to signals yet, and ends by them.
    await operator.stop()
    operator.launch()
  },
  async halt({ operator, random }) {
    operator.signal('SIGSTOP')
    await delay(between(random, 100, 1500))
    operator.signal('SIGCONT')
  },
  async sever({ proxy }) {
    proxy.severAll()
  },
  async stall({ proxy, random }) {
    proxy.stall()
    await delay(between(random, 100, 1500))
    proxy.resume()
  },
  async mood(scene) {
    for (const key of scene.sinkKeys)
      await behave(scene, [key], moods[between(scene.random, 0, moods.length - 1)] ?? taking)
  },
  async down({ sinks, sinkKeys, random }) {
    const key = sinkKeys[between(random, 0, sinkKeys.length - 1)] ?? ''
    await sinks.close(key)
    await delay(between(random, 100, 1000))
    await sinks.open(key)
  },
}

/** The last start may still meet a connection that was cut, and end. */
async function readyAgain({ operator }: Scene): Promise<void> {
  operator.revive()
  await operator.ready().catch(() => {
    operator.revive()
    return operator.ready()
  })
}

export const chaos: Fault = {
  id: 'chaos',
  title:
    'kills, stops, halts, cut and stalled connections, and sinks of all moods, some of which take batches, by chance',
  // A turn kills at most once, and what was under way at five sinks may come again.
  cost: (sizes) => ({ repeats: sizes.lasting(40, 8) * 5 * concurrency, recoveryMs: 20_000 }),
  seconds: 60,
  async run(scene) {
    // The tenants' second sinks take batches, with no more events under way than the others.
    const batch = { sinks: ['two'], maxEvents: concurrency, concurrency: 1 }
    await begin(scene, { http: { timeout: '1s' }, batch })
    const names = Object.keys(deeds)
    const done: string[] = []
    return underLoad(
      scene,
      async () => {
        const turns = scene.lasting(40, 8)
        for (let turn = 0; turn < turns; turn += 1) {
          const name = names[between(scene.random, 0, names.length - 1)] ?? ''
          done.push(name)
          scene.operator.revive()
          await deeds[name]?.(scene)
          await delay(between(scene.random, 0, 800))
        }
        await behave(scene, scene.sinkKeys, taking)
        await readyAgain(scene)
        const count = (name: string) => `${name} ${done.filter((one) => one === name).length}`
        return `by chance: ${names.map(count).join(', ')}`
      },
      { perSecond: 15 },
    )
  },
}
