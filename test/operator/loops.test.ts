import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeLog } from '../../src/kube/log.ts'
import { Loops } from '../../src/operator/loops.ts'

const until = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

function stage(monotonic?: () => number) {
  const failed: string[] = []
  const pauses: number[] = []
  const errors: string[] = []
  const silent = () => undefined
  const log: KubeLog = {
    debug: silent,
    info: silent,
    warn: silent,
    error: ({ loop, err }) => errors.push(`${loop}: ${(err as Error).message}`),
  }
  const loops = new Loops({
    log,
    failed: (key) => failed.push(key),
    ...(monotonic && { monotonic }),
    async pause(attempt) {
      pauses.push(attempt)
    },
  })
  return { loops, failed, pauses, errors }
}

test('a loop that throws is counted, logged, and started again after a pause; others go on', async () => {
  const { loops, failed, pauses, errors } = stage()
  const third = Promise.withResolvers<void>()
  let runs = 0
  loops.start('steady', until)
  loops.start('shaky', async (signal) => {
    runs += 1
    if (runs < 3) throw new Error(`failure ${runs}`)
    third.resolve()
    await until(signal)
  })
  await third.promise
  assert.deepEqual(failed, ['shaky', 'shaky'])
  assert.deepEqual(pauses, [0, 1])
  assert.deepEqual(errors, ['shaky: failure 1', 'shaky: failure 2'])
  assert.deepEqual(loops.keys(), ['steady', 'shaky'])
  await loops[Symbol.asyncDispose]()
})

test('the pauses of a loop that was well for a minute begin anew', async () => {
  let now = 0
  const { loops, pauses } = stage(() => now)
  const done = Promise.withResolvers<void>()
  let runs = 0
  loops.start('shaky', async (signal) => {
    runs += 1
    if (runs === 6) {
      done.resolve()
      return await until(signal)
    }
    now += runs === 4 ? 60_000 : 59_999
    throw new Error('failure')
  })
  await done.promise
  assert.deepEqual(pauses, [0, 1, 2, 0, 1])
  await loops[Symbol.asyncDispose]()
})

test('a loop that ends without having been asked to is a failure, too', async () => {
  const { loops, errors } = stage()
  const second = Promise.withResolvers<void>()
  let runs = 0
  loops.start('short', async (signal) => {
    runs += 1
    if (runs === 1) return
    second.resolve()
    await until(signal)
  })
  await second.promise
  assert.deepEqual(errors, ['short: short ended by itself'])
  await loops[Symbol.asyncDispose]()
})

test('a loop runs once, and can be started again once it is stopped', async () => {
  const { loops, failed } = stage()
  const runs: string[] = []
  const run = (name: string) => async (signal: AbortSignal) => {
    runs.push(name)
    await until(signal)
  }
  loops.start('one', run('first'))
  loops.start('one', run('second'))
  await loops.stop('one')
  assert.equal(loops.has('one'), false)
  loops.start('one', run('third'))
  assert.deepEqual(runs, ['first', 'third'])
  await loops.stop('never started')
  await loops[Symbol.asyncDispose]()
  assert.deepEqual(failed, [])
})

test('a loop that is asked for while it comes to its end starts again after that', async () => {
  const { loops } = stage()
  const steps: string[] = []
  loops.start('one', async (signal) => {
    await until(signal)
    loops.start('one', async (signal) => {
      steps.push('second')
      await until(signal)
    })
    await new Promise((resolve) => setImmediate(resolve))
    steps.push('first ended')
  })
  await Promise.all([loops.stop('one'), loops.stop('one')])
  assert.deepEqual(steps, ['first ended', 'second'])
  assert.equal(loops.has('one'), true)
  await loops.stop('one')
  assert.equal(loops.has('one'), false)
})

test('an error on the way out of a loop that is stopped is not a failure', async () => {
  const { loops, failed } = stage()
  loops.start('one', async (signal) => {
    await until(signal)
    throw new Error('cut off')
  })
  await loops.stop('one')
  assert.deepEqual(failed, [])
})

test('stopping all waits for each to come to its end, and nothing can be started afterwards', async () => {
  const { loops } = stage()
  const ended: string[] = []
  for (const key of ['a', 'b']) {
    loops.start(key, async (signal) => {
      await until(signal)
      loops.start(`late ${key}`, async () => void ended.push('never'))
      await new Promise((resolve) => setImmediate(resolve))
      ended.push(key)
    })
  }
  await loops[Symbol.asyncDispose]()
  assert.deepEqual(ended, ['a', 'b'])
  assert.deepEqual(loops.keys(), [])
})
