import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { activationKey, pendingOf } from '../../../src/operator/activation.ts'
import { LookingBack } from '../../../src/operator/recovery/looking-back.ts'
import { emitter, ms, type SubscriptionSpec } from '../scene.ts'

const key = (kind: string) => activationKey('uid-builds', 'team-a/qe', kind, 'finished')

const selects = (...kinds: ('TaskRun' | 'PipelineRun')[]) => {
  const events: SubscriptionSpec['events'] = kinds.map((kind) => ({ kind, milestones: ['finished'] }))
  return emitter('builds', { events })
}

const ignore = () => undefined

/** A look back whose lists and writes fail as the test says. */
function stage() {
  const kept = new Map<string, number>()
  const fails = { list: false, write: false }
  const listed: string[] = []
  const warned: unknown[] = []
  const lookingBack = new LookingBack({
    state: { activations: new Map() },
    outbox: {
      async activate(entries) {
        if (fails.write) throw new Error('the disk is full')
        for (const [one, since] of entries) kept.set(one, since)
      },
    },
    watches: {
      async refresh(kind) {
        listed.push(kind)
        if (fails.list) throw new Error('the reflector was stopped')
      },
    },
    kept: () => undefined,
    log: { debug: ignore, info: ignore, warn: (fields: object) => void warned.push(fields), error: ignore },
  })
  /** As reconciling does, until nothing is under way. */
  const round = async () => {
    await lookingBack.keep()
    lookingBack.begin()
    await turn()
  }
  return { fails, kept, listed, lookingBack, round, warned }
}

test('what was looked through and could not be written down is looked through once more', async () => {
  const { fails, kept, listed, lookingBack, round, warned } = stage()
  lookingBack.add(selects('TaskRun'), new Map([[key('TaskRun'), ms(10)]]))
  await lookingBack.keep()
  assert.deepEqual([...kept], [[key('TaskRun'), pendingOf(ms(10))]])
  fails.write = true
  await round()
  assert.deepEqual([listed.length, warned.length, lookingBack.isUnderWay(selects('TaskRun'))], [1, 1, true])
  fails.write = false
  await round()
  assert.deepEqual([listed.length, lookingBack.isUnderWay(selects('TaskRun'))], [2, false])
  assert.deepEqual([...kept], [[key('TaskRun'), ms(10)]])
  await round()
  assert.equal(listed.length, 2)
})

test('a kind that is selected no more before it was looked through holds nothing up, and is looked through when it comes back', async () => {
  const { fails, kept, listed, lookingBack, round } = stage()
  fails.list = true
  lookingBack.add(
    selects('TaskRun', 'PipelineRun'),
    new Map([
      [key('TaskRun'), ms(10)],
      [key('PipelineRun'), ms(10)],
    ]),
  )
  await round()
  fails.list = false
  lookingBack.add(selects('TaskRun'), new Map())
  await round()
  assert.deepEqual(listed, ['TaskRun', 'PipelineRun', 'TaskRun'])
  assert.equal(lookingBack.isUnderWay(selects('TaskRun')), false)
  assert.equal(kept.get(key('PipelineRun')), pendingOf(ms(10)))
  lookingBack.add(selects('TaskRun', 'PipelineRun'), new Map())
  await round()
  assert.deepEqual([...kept.values()], [ms(10), ms(10)])
})
