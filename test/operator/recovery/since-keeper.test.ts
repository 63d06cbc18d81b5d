import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pause } from '../../../src/kube/backoff.ts'
import { KubeError } from '../../../src/kube/errors.ts'
import { SinceKeeper } from '../../../src/operator/recovery/since-keeper.ts'
import { ms } from '../scene.ts'

const uid = 'a1b2c3d4-0000-4000-8000-000000000001'
const other = 'b1b2c3d4-0000-4000-8000-000000000002'

/** A namespace with ConfigMaps, which may refuse. */
function stage() {
  const maps = new Map<string, Record<string, string>>()
  const activations = new Map([[`${uid} team-a/qe TaskRun started`, ms(0)]])
  const warnings: string[] = []
  const waits: number[] = []
  const trouble: { error: Error | undefined } = { error: undefined }
  const ask = () => {
    if (trouble.error) throw trouble.error
  }
  let written = Promise.withResolvers<void>()
  const keeper = new SinceKeeper({
    className: undefined,
    async read(name) {
      ask()
      return maps.get(name)
    },
    async apply(name, data) {
      written.resolve()
      written = Promise.withResolvers()
      ask()
      maps.set(name, data)
    },
    activations: () => activations,
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: (_, text) => warnings.push(text),
      error: () => undefined,
    },
    random: () => 0.5,
    wait(msToWait, signal) {
      waits.push(msToWait)
      return pause(0, signal)
    },
  })
  return { maps, activations, warnings, waits, trouble, keeper, written: () => written.promise }
}

const forbidden = new KubeError('Forbidden', 'PATCH: forbidden', { status: 403 })

test('what has changed is written, a shard at a time, and read again by another', async () => {
  const { maps, activations, keeper } = stage()
  assert.equal(await keeper.write(), true)
  assert.equal(maps.size, 0)
  keeper.changed(uid)
  activations.set(`${other} team-b/qe TaskRun started`, ms(1))
  assert.equal(await keeper.write(), true)
  assert.deepEqual([...maps.keys()], ['carillon-since-a'])
  keeper.changed(other)
  await keeper.write()
  assert.deepEqual(await keeper.read([uid, other]), activations)
  activations.delete(`${uid} team-a/qe TaskRun started`)
  keeper.changed(uid)
  await keeper.write()
  assert.deepEqual(maps.get('carillon-since-a'), {})
})

test('the loop waits before it writes, so that much that changes is one write, and tries again what failed', async () => {
  const { maps, waits, trouble, keeper, written } = stage()
  const stop = new AbortController()
  trouble.error = new KubeError('InternalError', 'PATCH: 500', { status: 500 })
  const running = keeper.run(stop.signal)
  const failed = written()
  for (let n = 0; n < 100; n += 1) keeper.changed(uid)
  await failed
  trouble.error = undefined
  await written()
  await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  await running
  assert.equal(waits[0], 1000)
  assert.ok((waits[1] ?? 0) > 0 && (waits[1] ?? 0) < 1000, `full jitter: ${waits}`)
  assert.deepEqual([...maps.keys()], ['carillon-since-a'])
})

test('a missing right or namespace is told of once, and once more when it had worked in between', async () => {
  const { warnings, trouble, keeper } = stage()
  for (const status of [403, 404]) {
    trouble.error = new KubeError('Refused', 'PATCH: no', { status })
    keeper.changed(uid)
    for (let n = 0; n < 3; n += 1) assert.equal(await keeper.write(), false)
    assert.equal(warnings.length, 1, `${status}`)
    assert.match(warnings.pop() ?? '', /give the operator the rights of the chart/)
    trouble.error = undefined
    assert.equal(await keeper.write(), true)
  }
})

test('what may not be read is as if there were nothing; what can not be read for now is an error', async () => {
  const { maps, warnings, trouble, keeper } = stage()
  trouble.error = forbidden
  assert.deepEqual(await keeper.read([uid]), new Map())
  assert.equal(warnings.length, 1)
  trouble.error = new KubeError('NetworkFailed', 'GET: refused')
  await assert.rejects(keeper.read([uid]), /refused/)
  trouble.error = undefined
  maps.set('carillon-since-a', { [uid]: 'edited' })
  assert.deepEqual(await keeper.read([uid]), new Map())
  assert.match(warnings.at(-1) ?? '', /can not be read/)
})
