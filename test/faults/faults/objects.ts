// Runs that are odd, and runs that come and go.

import { parallel } from '../../bench/client.ts'
import type { Fault } from '../fault.ts'
import { begin, concurrency, milestones } from '../layout.ts'
import type { RunMore } from '../load.ts'
import { caughtUp } from '../verbs.ts'

export const nameReuse: Fault = {
  id: 'F24',
  title: 'runs are deleted and made again under the same name',
  cost: { recoveryMs: 5000 },
  seconds: 8,
  async run(scene) {
    await begin(scene)
    const names = scene.scaled(40, 4)
    for (let turn = 0; turn < 3; turn += 1) {
      const runs = await scene.load.burst('same', names, scene.tenants)
      if (turn < 2) for (const run of runs) await scene.load.remove(run)
    }
    return { healedAt: Date.now(), did: `${names} names were used three times, each as soon as it was free` }
  },
}

const all = [...milestones, 'deleted']

export const deleted: Fault = {
  id: 'F23',
  title: 'runs are deleted before their end, as they end, and while the operator is away',
  cost: { repeats: 5 * concurrency, recoveryMs: 10_000 },
  seconds: 12,
  async run(scene) {
    await begin(scene, { milestones: all })
    const count = scene.scaled(40, 4)
    const each = async (prefix: string, steps: ('start' | 'finish' | 'remove')[]) => {
      await parallel(count, 8, async (index) => {
        const run = await scene.load.create(scene.tenants[index % scene.tenants.length] ?? '', `${prefix}-${index}`)
        for (const step of steps) await scene.load[step](run)
      })
    }
    await each('never-started', ['remove'])
    await each('started', ['start', 'remove'])
    await each('pruned-at-once', ['start', 'finish', 'remove'])
    const waiting = await scene.load.started('missed', count, scene.tenants)
    await caughtUp(scene)
    await scene.operator.kill()
    for (const run of waiting) await scene.load.remove(run)
    await scene.operator.start()
    return {
      healedAt: Date.now(),
      did: `${count} runs each were deleted unstarted, started, just finished, and behind the operator's back`,
    }
  },
}

const nested = (depth: number): unknown => {
  let value: unknown = 'bottom'
  for (let level = 0; level < depth; level += 1) value = [value]
  return value
}

/** Strings as JSON text, so that what no JavaScript object could hold reaches the server as it is. */
const poison: [name: string, more: RunMore][] = [
  ['large', { spec: { params: [{ name: 'large', value: 'x'.repeat(1_000_000) }] } }],
  ['deep', { spec: { params: [{ name: 'deep', value: nested(4000) }] } }],
  [
    'surrogate',
    {
      spec: { params: [{ name: 'half', value: 'a\ud800b\udc00' }] },
      status: { results: [{ name: 'half', value: '\udfff' }] },
    },
  ],
  [
    'prototype',
    {
      spec: JSON.parse(
        '{"__proto__": {"polluted": true}, "constructor": {"prototype": 1}, "params": [{"name": "__proto__", "value": "toString"}]}',
      ) as object,
    },
  ],
  [
    'annotated',
    {
      annotations: Object.fromEntries(
        Array.from({ length: 2000 }, (_, index) => [`example.com/a${index}`, 'x'.repeat(100)]),
      ),
    },
  ],
  [
    'odd-status',
    {
      status: {
        conditions: [
          { type: 'Succeeded', status: 'True', reason: 'Succeeded\u0000\u202e', message: '\u{1f4a9}'.repeat(2000) },
        ],
      },
    },
  ],
]

export const poisoned: Fault = {
  id: 'F26',
  title: 'poison objects among others (F27 too): 1 MiB, nested deep, lone surrogates, __proto__',
  cost: { recoveryMs: 10_000 },
  seconds: 12,
  async run(scene) {
    await begin(scene)
    const [first = '', second = ''] = scene.tenants
    const others = scene.load.burst('run', scene.scaled(200), scene.tenants)
    for (const [name, more] of poison) {
      await scene.load.live(first, name, more)
      await scene.load.live(second, name, more)
    }
    await others
    return { healedAt: Date.now(), did: `${poison.map(([name]) => name).join(', ')} among ${scene.scaled(200)} others` }
  },
}
