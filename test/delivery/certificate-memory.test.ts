import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { v8Flags } from '../operator/process.ts'

const script = fileURLToPath(new URL('certificate-churn.ts', import.meta.url))

type Churn = { start: number; rss: number[]; served: number[]; held: number }

/** 25 sinks whose bundles of 300 authorities change every ten seconds, for three minutes; in so many namespaces. */
async function churn(namespaces: number): Promise<Churn> {
  const env = { ...process.env, MALLOC_ARENA_MAX: '2' }
  const { stdout } = await promisify(execFile)(process.execPath, [...v8Flags, script, String(namespaces)], { env })
  return JSON.parse(stdout)
}

describe('memory, while bundles of authorities change again and again', () => {
  // Without bounds it is some 300 MiB more than at the start, and grows on for as long as a form is remembered.
  for (const { namespaces, first } of [
    { namespaces: 1, first: 9 },
    { namespaces: 5, first: 25 },
  ])
    it(`is bounded with all sinks in ${namespaces} of the namespaces`, { timeout: 120_000 }, async (t) => {
      const { start, rss, served, held } = await churn(namespaces)
      const more = Math.max(...rss) - start
      t.diagnostic(`${start} MiB at the start, at most ${more} more; in each round ${served} of 25 sinks were served`)
      assert.ok(more < 150, `${more} MiB: ${rss}`)
      assert.equal(served[0], first)
      assert.ok(
        served.slice(-3).some((count) => count > 0),
        'some go on',
      )
      assert.ok(held < 8_000)
    })
})
