// Secrets of a megabyte, by the dozen, against an operator with the heap of the chart.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Stage, startStage, type Team, toLoopback } from './fixture.ts'

const secretsPerSink = 32
/** A Secret may have 1 MiB of data. */
const junk = 'x'.repeat(1024 * 1024 - 100)

describe('Secrets of a megabyte', { timeout: 300_000 }, () => {
  const resources = new AsyncDisposableStack()
  let stage: Stage
  before(async () => {
    stage = resources.use(await startStage({ watchCache: false }))
  })
  after(() => resources.disposeAsync())

  /** So many sinks, each with as many headers as a sink may have, each from a Secret of its own. */
  async function sinks(team: Team, count: number, labels?: Record<string, string>): Promise<void> {
    for (let sink = 0; sink < count; sink += 1) {
      const names = Array.from({ length: secretsPerSink }, (_, at) => `s${sink}-${at}`)
      for (const name of names) await team.secret(name, { key: `value of ${name}`, junk }, labels)
      const headers = names.map((name, at) => ({
        name: `X-${at}`,
        valueFrom: { secretKeyRef: { name, key: 'key' } },
      }))
      await team.sink(`sink-${sink}`, { headers })
    }
  }

  it('are no more than what is used of them, with the label and without', async () => {
    const operator = await stage.operator({ args: toLoopback })
    const ended = operator.exited.then(({ how, errors }) => {
      const why = errors.filter((line) => line.includes('FATAL ERROR'))
      return Promise.reject(new Error(`the operator ended (${how}): ${why.join()}`))
    })
    ended.catch(() => undefined)
    const judged = async () => {
      const labelled = await stage.team('labelled')
      await sinks(labelled, 2)
      const plain = await stage.team('plain')
      await sinks(plain, 2, {})
      for (const sink of ['sink-0', 'sink-1']) {
        await labelled.condition('EventSink', sink, 'Ready', { status: 'True' })
        await plain.condition('EventSink', sink, 'Ready', { reason: 'SecretNotLabelled' })
      }
      // All once more, with what was remembered and what is read anew.
      for (const team of [labelled, plain]) for (const sink of ['sink-0', 'sink-1']) await team.ask('EventSink', sink)
    }
    await Promise.race([judged(), ended])
    assert.equal(await operator.stop(), 'exited with 0')
  })
})
