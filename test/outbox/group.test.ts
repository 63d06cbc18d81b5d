import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroupCommit, type Haste } from '../../src/outbox/group.ts'

/** A group commit that keeps a diary of its transactions. */
function diary(groupMs = 2, settleMs = 5) {
  const log: string[] = []
  const disk = { ms: 0 }
  const note = (what: string) => () => void log.push(what)
  const group = new GroupCommit(
    {
      begin: note('begin'),
      commit: note('commit'),
      sync: async () => {
        if (disk.ms > 0) await new Promise((resolve) => setTimeout(resolve, disk.ms))
      },
      landed: () => undefined,
      rollback: note('rollback'),
      tidy: () => undefined,
      idle: note('idle'),
      refusal: () => undefined,
      failed: (error) => ({ error, next: 'each' }),
    },
    groupMs,
    settleMs,
  )
  const write = (name: string, haste: Haste = 'soon') =>
    group.add(() => {
      if (name.startsWith('bad')) throw new Error(name)
      log.push(name)
      return () => name
    }, haste)
  return { log, group, write, disk }
}

test('what is added in one turn shares a transaction; what comes later has its own', async () => {
  const { log, write } = diary()
  assert.deepEqual(await Promise.all([write('a'), write('b')]), ['a', 'b'])
  await write('c')
  assert.deepEqual(log, ['begin', 'a', 'b', 'commit', 'begin', 'c', 'commit'])
})

test('an operation that fails is alone in failing', async () => {
  const { log, write } = diary()
  const results = await Promise.allSettled([write('a'), write('bad'), write('b')])
  assert.deepEqual(
    results.map((result) => result.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  assert.deepEqual(log, ['begin', 'a', 'rollback', 'begin', 'a', 'commit', 'begin', 'rollback', 'begin', 'b', 'commit'])
})

test('an operation that asks for it has a transaction of its own, in its place', async () => {
  const { log, write } = diary()
  await Promise.all([write('a'), write('b', 'alone'), write('c'), write('d')])
  assert.deepEqual(log, ['begin', 'a', 'commit', 'begin', 'b', 'commit', 'begin', 'c', 'd', 'commit'])
})

test('a patient operation goes along with the next that is not, or by itself after a while', async () => {
  const { log, write } = diary(2, 100)
  await Promise.all([write('settle', 'patient'), write('a')])
  assert.deepEqual(log.splice(0), ['begin', 'settle', 'a', 'commit'])
  const settled = write('settle', 'patient')
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(log, [])
  await settled
  assert.deepEqual(log, ['begin', 'settle', 'commit'])
})

test('what is to go now does not wait for as long as the last one took, and takes along what does', async () => {
  const { log, write, disk } = diary(60_000)
  disk.ms = 500
  await write('slow')
  disk.ms = 0
  let isLate = false
  const late = setTimeout(() => {
    isLate = true
  }, 300)
  await Promise.all([write('settle'), write('a', 'now')])
  clearTimeout(late)
  assert.equal(isLate, false)
  assert.deepEqual(log, ['begin', 'slow', 'commit', 'begin', 'settle', 'a', 'commit'])
})

test('what came to go now while another was on its way follows it at once', async () => {
  const { log, write, disk } = diary(60_000)
  disk.ms = 500
  const slow = write('slow')
  await new Promise((resolve) => setTimeout(resolve, 10))
  const next = write('a', 'now')
  await slow
  disk.ms = 0
  let isLate = false
  const late = setTimeout(() => {
    isLate = true
  }, 300)
  await next
  clearTimeout(late)
  assert.equal(isLate, false)
  assert.deepEqual(log, ['begin', 'slow', 'commit', 'begin', 'a', 'commit'])
})

test('effects come after the commit, all of them before any promise', async () => {
  const { log, group } = diary()
  const add = (name: string) =>
    group.add(() => () => void log.push(`effect ${name}`)).then(() => log.push(`awake ${name}`))
  await Promise.all([add('a'), add('b')])
  assert.deepEqual(log, ['begin', 'commit', 'effect a', 'effect b', 'awake a', 'awake b'])
})

test('close writes what is queued and takes nothing more', async () => {
  const { log, group, write } = diary()
  const a = write('a')
  await group.close()
  assert.deepEqual(log, ['begin', 'a', 'commit'])
  assert.equal(await a, 'a')
  await assert.rejects(write('b'), /closed/)
})
