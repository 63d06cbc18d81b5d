import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as tick } from 'node:timers/promises'
import { HeapRoom, heapOf, lightBytes, mostHeap } from '../../src/kube/heap.ts'
import { lighten } from '../../src/kube/lighten.ts'
import { decodeLines } from '../../src/kube/watch.ts'

const MiB = 1024 * 1024
const heavy = Array.from({ length: 150_000 }, () => [{}])
const metadata = { name: 'n', namespace: 'a', uid: 'u', resourceVersion: '7' }
const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`k${at}`, {}]))

describe('what JSON takes of the heap', () => {
  // As measured: the heap after a full collection, of Node 24.
  const cases: [name: string, text: string, takes: number][] = [
    ['empty objects', '{},', 20.4],
    ['empty lists', '[],', 12.3],
    ['objects in lists', '[{}],', 23],
    ['numbers by number', '{"99":0},', 22.1],
    ['lists of a number', '[0],', 15],
    ['lists in lists', `${'['.repeat(5000)}${']'.repeat(5000)},`, 27],
  ]
  for (const [name, text, takes] of cases) {
    it(`is about that of ${name}`, () => {
      const estimated = heapOf(Buffer.from(text)) / text.length
      assert.ok(estimated > takes * 0.75 && estimated < takes * 2.5, String(estimated))
    })
  }

  it('is no more for what stands in a string', () => {
    const lists = '[{}],'.repeat(20_000)
    const text = JSON.stringify({ a: JSON.stringify({ b: `${lists}\\"` }), '[{},': lists })
    const estimated = heapOf(Buffer.from(text))
    assert.ok(estimated < text.length + 1000, `${estimated} of ${text.length}`)
    const open = `{"a":"${'\\\\'.repeat(3)}","b":${lists}"c`
    assert.ok(heapOf(Buffer.from(open)) > lists.length * 20)
  })

  it('is little for what is short', () => assert.ok(lightBytes > 32 * 1024))
})

describe('an object that is too heavy', () => {
  type Case = { name: string; object: object; lacks: string[]; left: object }
  const cases: Case[] = [
    { name: 'is whole where it is not', object: { metadata, spec: { a: '{[,:'.repeat(30_000) } }, lacks: [], left: {} },
    {
      name: 'loses what is heavy in it alone',
      object: { metadata, spec: { values: heavy, 'a"}': '\\"{' }, status: { conditions: [{ type: 'Ready' }] } },
      lacks: ['spec.values'],
      left: { metadata, spec: { 'a"}': '\\"{' }, status: { conditions: [{ type: 'Ready' }] } },
    },
    {
      name: 'keeps its identity',
      object: { aaa: heavy, metadata: { managedFields: heavy, ...metadata }, spec: heavy },
      lacks: ['aaa', 'metadata.managedFields', 'spec'],
      left: { metadata },
    },
    {
      name: 'keeps it behind more members than are looked at',
      object: { ...many, metadata: { ...many, ...metadata } },
      lacks: ['*'],
      left: {},
    },
  ]
  for (const { name, object, lacks, left } of cases) {
    it(name, () => {
      const event = Buffer.from(JSON.stringify({ type: 'ADDED', object }))
      const light = lighten(event)
      assert.deepEqual(light.lacks.filter((path) => !path.startsWith('metadata.*')).toSorted(), lacks)
      assert.ok(heapOf(light.text) <= mostHeap)
      const [change] = decodeLines([event]).changes
      assert.equal(change?.object.metadata.uid, 'u')
      assert.deepEqual(change?.lacks ?? [], light.lacks)
      if (Object.keys(left).length > 0) assert.deepEqual(change?.object, left)
      const list = lighten(Buffer.from(JSON.stringify({ kind: 'List', items: [object], metadata: {} }, undefined, 1)))
      const { items, kind } = JSON.parse(list.text.toString()) as { items: object[]; kind: string }
      assert.equal(kind, 'List')
      assert.deepEqual(items, [change?.object])
    })
  }
})

describe('the room for what is parsed', () => {
  const signal = new AbortController().signal
  const has = async (share: Promise<Disposable>) => (await Promise.race([share, tick('none')])) !== 'none'

  it('is given in turn, and to what is light at once', async () => {
    const room = new HeapRoom(8 * MiB)
    const first = await room.take(100 * MiB, signal)
    const second = room.take(6 * MiB, signal)
    const third = room.take(2 * MiB, signal)
    assert.deepEqual([await has(second), await has(third)], [false, false])
    assert.ok(await has(room.take(MiB, signal)))
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    assert.deepEqual([await has(second), await has(third)], [true, true])
    assert.equal(await has(room.take(2 * MiB, signal)), false)
  })

  it('is not waited for any more by who has given up', async () => {
    const room = new HeapRoom(8 * MiB)
    const first = await room.take(6 * MiB, signal)
    const stop = new AbortController()
    const second = room.take(8 * MiB, stop.signal)
    const third = room.take(2 * MiB, signal)
    stop.abort()
    await assert.rejects(second, { reason: 'Aborted' })
    assert.ok(await has(third))
    await assert.rejects(room.take(8 * MiB, stop.signal), { reason: 'Aborted' })
    first[Symbol.dispose]()
    assert.ok(await has(room.take(6 * MiB, signal)))
  })
})
