import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lately } from '../../src/wiring/late.ts'

/** Questions that are answered when the test says so. */
function asking() {
  let ms = 0
  const asked: PromiseWithResolvers<string>[] = []
  let told = 0
  const later = lately<string>(() => ms)
  const ask = () => {
    const one = Promise.withResolvers<string>()
    asked.push(one)
    return one.promise
  }
  const question = (form = 'a') => later(form, ask, () => (told += 1))
  return { asked, later, question, told: () => told, pass: (by: number) => (ms += by) }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('an answer that is there at once is given', async () => {
  const later = lately<string>(() => 0)
  assert.equal(await later('a', async () => 'yes', assert.fail), 'yes')
})

test('who asks does not wait; is told when the answer is there, gets it once, and the last one while the next is awaited', async () => {
  const { asked, question, told, pass } = asking()
  assert.deepEqual([await question(), await question(), await question('b')], [undefined, undefined, undefined])
  assert.equal(asked.length, 2, 'each form once')
  asked[0]?.resolve('first')
  await turn()
  assert.equal(told(), 1)
  assert.equal(await question(), 'first')
  assert.equal(asked.length, 2)
  assert.equal(await question(), 'first', 'the next is awaited')
  assert.equal(asked.length, 3)
  asked[2]?.resolve('second')
  await turn()
  assert.equal(await question(), 'second')
  pass(60_000)
  assert.equal(await question(), undefined, 'it is long ago')
})

test('what could not be asked is asked again', async () => {
  const { asked, question, told } = asking()
  await question()
  asked[0]?.reject(new Error('no'))
  await turn()
  assert.equal(told(), 1)
  await question()
  assert.equal(asked.length, 2)
})
