import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as settled } from 'node:timers/promises'
import { takeTurnsByNamespace } from '../../src/delivery/turns.ts'

/** Works that begin when they have a turn, and end when they are told to. */
function works(bounds: { perNamespace: number; inAll: number }) {
  const inTurn = takeTurnsByNamespace(bounds)
  const under = new Map<string, (error?: Error) => void>()
  const results: Promise<unknown>[] = []
  return {
    /** In the order in which they began. */
    under: () => [...under.keys()],
    async ask(...names: string[]) {
      for (const name of names) {
        const { promise, resolve, reject } = Promise.withResolvers<void>()
        const work = () => {
          under.set(name, (error) => (error ? reject(error) : resolve()))
          return promise
        }
        results.push(inTurn(name.slice(0, 1), work).catch((error: unknown) => error))
      }
      await settled()
    },
    async end(name: string, error?: Error) {
      under.get(name)?.(error)
      under.delete(name)
      await settled()
    },
    all: () => Promise.all(results),
  }
}

describe('turns', () => {
  it('are so many at a time for a namespace, and in all', async () => {
    const { ask, end, under } = works({ perNamespace: 2, inAll: 3 })
    await ask('a1', 'a2', 'a3')
    assert.deepEqual(under(), ['a1', 'a2'])
    await ask('b1', 'c1')
    assert.deepEqual(under(), ['a1', 'a2', 'b1'])
    await end('a2')
    assert.deepEqual(under(), ['a1', 'b1', 'a3'])
  })

  it('go round the namespaces that wait, whatever one of them wants', async () => {
    const { ask, end, under } = works({ perNamespace: 2, inAll: 2 })
    await ask(...Array.from({ length: 100 }, (_, at) => `a${at}`), 'b0', 'b1', 'c0')
    await end('a0')
    await end('a1')
    assert.deepEqual(under(), ['a2', 'b0'])
    await end('b0')
    await end('a2')
    assert.deepEqual(under(), ['c0', 'a3'])
    await end('c0')
    assert.deepEqual(under(), ['a3', 'b1'])
    await end('a3')
    await end('b1')
    assert.deepEqual(under(), ['a4', 'a5'])
  })

  it('that fail are over, too', async () => {
    const { all, ask, end, under } = works({ perNamespace: 1, inAll: 1 })
    await ask('a1', 'a2', 'b1')
    const error = new Error('no')
    await end('a1', error)
    await end('a2')
    assert.deepEqual(under(), ['b1'])
    await end('b1')
    assert.deepEqual(await all(), [error, undefined, undefined])
    await ask('a3')
    assert.deepEqual(under(), ['a3'])
  })
})
