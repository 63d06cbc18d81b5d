import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setImmediate as tick } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { KubeClient } from '../../src/kube/client.ts'
import { pathOf } from '../../src/kube/path.ts'
import type { Batch } from '../../src/kube/reflector.ts'
import { type ControlPlane, startControlPlane } from '../controlplane/controlplane.ts'
import { startFaults } from './faults.ts'
import { clientFor, createNamespace, createWidget, follow, widgetCrd, widgets } from './follow.ts'

describe('what a consumer may rely on', { timeout: 300_000 }, () => {
  let plane: ControlPlane
  before(async () => {
    plane = await startControlPlane()
    await plane.admin.apply(widgetCrd)
    for (const namespace of ['a', 'b']) {
      await createNamespace(plane, namespace)
      for (const name of ['one', 'two']) await createWidget(plane, namespace, `${namespace}-${name}`)
    }
  })
  after(() => plane[Symbol.asyncDispose]())

  it('gives all objects, or those of a namespace, once more while it watches', async () => {
    await using client = await clientFor(plane)
    const refreshed: string[] = []
    await using follower = follow({ client, resource: widgets }, async ({ phase, changes }) => {
      if (phase === 'refresh') refreshed.push(...changes.map(({ object }) => object.metadata.name))
    })
    await follower.untilState('watching')
    await follower.reflector.refresh('a')
    assert.deepEqual(refreshed.splice(0), ['a-one', 'a-two'])
    await follower.reflector.refresh()
    assert.deepEqual(refreshed.sort(), ['a-one', 'a-two', 'b-one', 'b-two'])
    await createWidget(plane, 'b', 'after-refresh')
    await follower.until('the widget after it', () => follower.names().includes('after-refresh'))
    assert.deepEqual(follower.relists, ['start'])
  })

  it('answers requests that came together with one list', async () => {
    await using faults = await startFaults(plane)
    await using client = await clientFor(plane, faults.url)
    await using follower = follow({ client, resource: widgets })
    await follower.untilState('watching')
    const before = faults.lists().length
    const { reflector } = follower
    await Promise.all([reflector.refresh('a'), reflector.refresh(), reflector.refresh('b'), reflector.refresh()])
    assert.equal(faults.lists().length, before + 1)
  })

  it('answers requests that came before the first list with that list', async () => {
    await using faults = await startFaults(plane)
    await using client = await clientFor(plane, faults.url)
    await using follower = follow({ client, resource: widgets, maxBatch: 1 })
    await follower.reflector.refresh()
    assert.equal(follower.count('listed'), 1)
    await follower.untilState('watching')
    assert.equal(follower.count('refresh'), 0)
  })

  it('lists as of the cursor, and as of now where that is compacted', async () => {
    await using faults = await startFaults(plane)
    await using client = await clientFor(plane, faults.url)
    await using follower = follow({ client, resource: widgets, namespace: 'a' })
    await follower.untilState('watching')
    const cursor = follower.batches.at(-1)?.cursor
    void faults.next('list', { kind: 'answer', status: 410, body: { kind: 'Status', code: 410, reason: 'Expired' } })
    await follower.reflector.refresh()
    const [exact, present] = faults.lists().slice(-2)
    assert.equal(exact?.query.get('resourceVersion'), cursor)
    assert.equal(exact?.query.get('resourceVersionMatch'), 'Exact')
    assert.equal(present?.query.get('resourceVersion'), null)
    assert.equal(follower.count('refresh'), 1)
  })

  it('comes after what a watch that was far behind has to tell, also where its cursor is compacted', async () => {
    await using faults = await startFaults(plane)
    await using client = await clientFor(plane, faults.url)
    await createNamespace(plane, 'late')
    const cursor = await cursorOf(client)
    for (const name of ['one', 'two']) await createWidget(plane, 'late', name)
    const order: string[] = []
    await using follower = follow(
      { client, resource: widgets, namespace: 'late', resumeFrom: cursor },
      async ({ phase, changes }) => void order.push(...changes.map(() => phase)),
    )
    void faults.next('list', { kind: 'answer', status: 410, body: { kind: 'Status', code: 410, reason: 'Expired' } })
    await follower.reflector.refresh()
    assert.deepEqual(order, ['watch', 'watch', 'refresh', 'refresh'])
  })

  it('rejects a request for a list that its end comes before', async () => {
    await using faults = await startFaults(plane)
    await using client = await clientFor(plane, faults.url)
    const never = faults.always('list', { kind: 'answer', status: 500 })
    const follower = follow({ client, resource: widgets })
    await follower.untilState('failing')
    const refreshed = assert.rejects(follower.reflector.refresh('a'), /stopped/)
    await follower[Symbol.asyncDispose]()
    await refreshed
    never.lift()
  })

  it("lets a consumer's error through, and gives the batch again afterwards", async () => {
    await using client = await clientFor(plane)
    const follower = follow({ client, resource: widgets })
    await follower.untilState('watching')
    const { reflector } = follower
    await follower[Symbol.asyncDispose]()

    const stop = new AbortController()
    const read = async (take: (batch: Batch) => void) => {
      for await (const batch of reflector.batches(stop.signal)) take(batch)
    }
    await createWidget(plane, 'a', 'poison')
    const names = (batch: Batch) => batch.changes.map(({ object }) => object.metadata.name)
    await assert.rejects(
      read((batch) => assert.ok(!names(batch).includes('poison'), 'refused')),
      /refused/,
    )
    await read((batch) => names(batch).includes('poison') && stop.abort())
    assert.ok(stop.signal.aborted)
  })

  it('allows one reader at a time', async () => {
    await using client = await clientFor(plane)
    await using follower = follow({ client, resource: widgets })
    await follower.untilState('watching')
    await assert.rejects(follower.reflector.batches(new AbortController().signal).next(), /being read already/)
  })

  it('keeps no object when the batch after its own has come', async () => {
    await using client = await clientFor(plane)
    const follower = follow({ client, resource: widgets })
    await follower[Symbol.asyncDispose]()
    const stop = new AbortController()
    const batches = follower.reflector.batches(stop.signal)
    const weak: WeakRef<object>[] = []
    // A function of its own, so that no variable of this test holds a batch.
    const take = async () => {
      const { value } = await batches.next()
      for (const { object } of (value as Batch).changes) weak.push(new WeakRef(object))
      return (value as Batch).phase
    }
    while ((await take()) !== 'listed') assert.ok(weak.length > 0)
    await createWidget(plane, 'b', 'kept-by-no-one')
    assert.equal(await take(), 'watch')
    const before = weak.length
    await createWidget(plane, 'b', 'last')
    assert.equal(await take(), 'watch')
    const waiting = batches.next()
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    for (let round = 0; round < 5; round += 1) {
      await tick() // a WeakRef holds its target until the turn that made it has ended
      collect()
    }
    const kept = weak.slice(0, before).filter((ref) => ref.deref()).length
    stop.abort()
    assert.ok((await waiting).done)
    assert.equal(kept, 0)
  })

  it('hands over in large batches what came while the consumer was busy', async () => {
    await using faults = await startFaults(plane)
    await using client = await clientFor(plane, faults.url)
    const line = (at: number) => {
      const metadata = {
        name: `w${at}`,
        namespace: 'a',
        uid: `u${at}`,
        resourceVersion: String(at),
        creationTimestamp: '',
      }
      return `${JSON.stringify({ type: 'ADDED', object: { metadata, filler: 'x'.repeat(4000) } })}\n`
    }
    const lines = Array.from({ length: 2000 }, (_, at) => line(at + 1_000_000))
    const busy = Promise.withResolvers<void>()
    const taken = Promise.withResolvers<void>()
    void faults.next('watch', { kind: 'lines', lines, after: 'silence' })
    await using follower = follow({ client, resource: widgets, resumeFrom: '1' }, async () => {
      taken.resolve()
      await busy.promise
    })
    await taken.promise
    busy.resolve()
    await follower.until('all lines', () => follower.objects.size === 2000)
    const sizes = follower.batches.map(({ changes }) => changes)
    assert.ok(Math.max(...sizes) <= 256)
    assert.ok(sizes.length < 400, `${sizes.length} batches for 2000 events of 4 kB`)
  })
})

/** Where a watch may go on from that is to see what comes now. */
async function cursorOf(client: KubeClient): Promise<string> {
  const list = await client.request({ method: 'GET', path: pathOf(widgets, 'late') })
  return (list.json() as { metadata: { resourceVersion: string } }).metadata.resourceVersion
}
