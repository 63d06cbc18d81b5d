// The faults at about a twentieth of their sizes, each as a test of its own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRed } from './cost.ts'
import { faults } from './faults/index.ts'
import { lineOf, wrongOf } from './lines.ts'
import type { Played } from './play.ts'
import { playAll } from './suite.ts'

const seed = 1 + Math.floor(Math.random() * 999_999)
const chosen = faults.filter((fault) => !fault.fullOnly)

test(`faults at a twentieth, seed ${seed}`, { concurrency: chosen.length }, async (t) => {
  const waiting = new Map(chosen.map((fault) => [fault.id, Promise.withResolvers<Played>()]))
  const suite = playAll({
    faults: chosen,
    seed,
    quick: true,
    lanes: 2,
    report: () => undefined,
    left: ({ id }) => waiting.get(id)?.reject(new Error('no time was left for it')),
    played: (result) => waiting.get(result.fault.id)?.resolve(result),
  })
  const each = chosen.map(({ id, title }) =>
    t.test(`${id} ${title}`, async (one) => {
      const result = await Promise.race([waiting.get(id)?.promise, suite.then(() => waiting.get(id)?.promise)])
      assert.ok(result)
      one.diagnostic(lineOf(result))
      if (result.skipped !== undefined) one.skip(result.skipped)
      assert.ok(!isRed(result.excess), `${lineOf(result)}\n${wrongOf(result).join('\n')}`)
    }),
  )
  await Promise.all([suite, ...each])
})
