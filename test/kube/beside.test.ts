import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Change } from '../../src/kube/batch.ts'
import { aimBytes, smallAimBytes } from '../../src/kube/pages.ts'
import type { Batch } from '../../src/kube/reflector.ts'
import { Refresh, type RefreshOptions } from '../../src/kube/refresh.ts'
import { Refreshes } from '../../src/kube/refreshes.ts'
import { type ControlPlane, startControlPlane } from '../controlplane/controlplane.ts'
import { startFaults } from './faults.ts'
import { clientFor, collection, createNamespace, createWidget, follow, widgetCrd, widgets } from './follow.ts'

/** So large that there is one in the first page of a refresh, and in each while the watch has something to tell. */
const large = 40_000

describe('a refresh beside the watch', { timeout: 300_000 }, () => {
  let plane: ControlPlane
  before(async () => {
    plane = await startControlPlane()
    await plane.admin.apply(widgetCrd)
    await createNamespace(plane, 'other')
  })
  after(() => plane[Symbol.asyncDispose]())

  /** A follower of six large widgets in a namespace of their own, and what it was told of each from the first page of a refresh on. */
  async function scene(
    namespace: string,
    onFirstPage: () => Promise<unknown>,
    comparesStates?: () => boolean,
    { bytes = large, onBatch = (_: Batch): void => undefined } = {},
  ) {
    await createNamespace(plane, namespace)
    const names = Array.from({ length: 6 }, (_, at) => `w-${at}`)
    for (const name of names) await createWidget(plane, namespace, name, bytes)
    const faults = await startFaults(plane)
    const client = await clientFor(plane, faults.url)
    const told: string[] = []
    let pages = 0
    const take = async ({ phase, changes }: Batch) => {
      if (phase !== 'refresh' && pages === 0) return
      onBatch({ phase, changes } as Batch)
      for (const { type, object } of changes) told.push(`${phase} ${type} ${object.metadata.name}${mark(object)}`)
      if (phase !== 'refresh') return
      pages += 1
      if (pages === 1) await onFirstPage()
      await delay(20) // long enough for what the watch has to tell to come
    }
    const follower = follow({ client, resource: widgets, comparesStates }, take)
    await follower.untilState('watching')
    return {
      faults,
      follower,
      told,
      of: (name: string) => told.filter((line) => line.includes(` ${name}`)),
      async [Symbol.asyncDispose]() {
        await follower[Symbol.asyncDispose]()
        await client[Symbol.asyncDispose]()
        await faults[Symbol.asyncDispose]()
      },
    }
  }

  const mark = (object: Change['object']) => {
    const { mark } = (object as { spec?: { mark?: string } }).spec ?? {}
    return mark === undefined ? '' : ` ${mark}`
  }
  const change = (namespace: string, name: string, mark: string) =>
    plane.admin.mergePatch('test.carillon.dev/v1', 'Widget', namespace, name, { spec: { mark } })
  const remove = (namespace: string, name: string) => plane.admin.request('DELETE', `${collection(namespace)}/${name}`)

  it('tells what happens elsewhere between two of its pages', async () => {
    await using test = await scene('many', () => createWidget(plane, 'other', 'elsewhere'))
    await test.follower.reflector.refresh('many')
    const at = test.told.indexOf('watch upsert elsewhere')
    assert.equal(test.told.filter((line) => line.startsWith('refresh')).length, 6)
    assert.ok(at > 0 && at < test.told.length - 2, test.told.join(', '))
  })

  it('tells of what has changed or gone meanwhile as it was before, and leaves it out of its page', async () => {
    const meanwhile = async () => {
      await change('compared', 'w-5', 'new')
      await remove('compared', 'w-4')
      await change('compared', 'w-0', 'passed')
    }
    await using test = await scene('compared', meanwhile)
    await test.follower.reflector.refresh('compared')
    await test.follower.until('the last change', () => test.of('w-0').length === 2)
    assert.deepEqual(test.of('w-5'), ['refresh upsert w-5', 'watch upsert w-5 new'])
    assert.deepEqual(test.of('w-4'), ['refresh upsert w-4', 'watch delete w-4'])
    assert.deepEqual(test.of('w-0'), ['refresh upsert w-0', 'watch upsert w-0 passed'])
    const byName = test.faults.lists().flatMap(({ query }) => query.get('fieldSelector') ?? [])
    assert.deepEqual(byName.toSorted(), ['metadata.name=w-4', 'metadata.name=w-5'])
  })

  it('tells of it as it is, and asks for nothing, where the state before makes no difference', async () => {
    const meanwhile = async () => {
      await change('plain', 'w-5', 'new')
      await remove('plain', 'w-4')
    }
    await using test = await scene('plain', meanwhile, () => false)
    await test.follower.reflector.refresh('plain')
    assert.deepEqual(test.of('w-5'), ['refresh upsert w-5 new', 'watch upsert w-5 new'])
    assert.deepEqual(test.of('w-4'), ['refresh upsert w-4', 'watch delete w-4'])
    assert.deepEqual(
      test.faults.lists().filter(({ query }) => query.has('fieldSelector')),
      [],
    )
  })

  it('leaves what comes to be meanwhile to the watch', async () => {
    await using test = await scene('growing', () => createWidget(plane, 'growing', 'w-9'))
    await test.follower.reflector.refresh('growing')
    await test.follower.until('the new one', () => test.of('w-9').length > 0)
    assert.deepEqual(test.of('w-9'), ['watch upsert w-9'])
  })

  it('holds no memory for a page that has come while the watch can not be opened, and begins again when it can', async () => {
    await createNamespace(plane, 'shut')
    const heavy = Array.from({ length: 20_000 }, () => ({}))
    for (const name of ['a', 'b', 'c'])
      await plane.admin.apply({
        apiVersion: 'test.carillon.dev/v1',
        kind: 'Widget',
        metadata: { name, namespace: 'shut' },
        spec: { heavy },
      })
    await using faults = await startFaults(plane)
    await using client = await clientFor(plane, faults.url)
    let refusal: { lift(): void } | undefined
    const told: string[] = []
    await using follower = follow({ client, resource: widgets }, async ({ phase, changes }) => {
      if (phase !== 'refresh') return
      told.push(...changes.map(({ object }) => object.metadata.name))
      if (refusal) return
      refusal = faults.always('watch', { kind: 'answer', status: 403, body: { kind: 'Status', code: 403 } })
      faults.resetWatches()
    })
    await follower.untilState('watching')
    const refreshed = follower.reflector.refresh('shut')
    await follower.until('refusals', ({ failures }) => failures.filter((one) => one === 'forbidden').length > 3)
    {
      using _all = await client.room.pages.take(Number.POSITIVE_INFINITY, AbortSignal.timeout(20_000))
    }
    refusal?.lift()
    await refreshed
    assert.deepEqual(told, ['a', 'a', 'b', 'c'])
  })

  it('goes on where it was when the watch has been cut off', async () => {
    const cut = async () => test.faults.resetWatches()
    await using test = await scene('cut', () => cut())
    await test.follower.reflector.refresh('cut')
    const names = test.told.map((line) => line.split(' ').at(-1))
    assert.deepEqual(names, ['w-0', 'w-1', 'w-2', 'w-3', 'w-4', 'w-5'])
    assert.ok(test.follower.count('refresh') > 1)
    assert.ok(test.faults.watches().length > 1)
    const begun = test.faults.lists().filter(({ query }) => query.get('resourceVersionMatch') === 'Exact')
    assert.equal(begun.length, 1)
  })

  it('begins once more where what was before cannot be had, and holds nobody up', async () => {
    let refused: { lift(): void } | undefined
    const meanwhile = async () => {
      refused = test.faults.always('list', { kind: 'answer', status: 500 })
      await change('failing', 'w-5', 'new')
    }
    await using test = await scene('failing', () => meanwhile())
    const refreshed = test.follower.reflector.refresh('failing')
    await test.follower.until('the change', () => test.of('w-5').includes('watch upsert w-5 new'))
    refused?.lift()
    await refreshed
    assert.deepEqual(test.of('w-5'), ['watch upsert w-5 new', 'refresh upsert w-5 new'])
    assert.equal(test.of('w-1').length, 1)
  })

  it('asks for large ones one at a time, and holds none when the next has come', async () => {
    const names = [0, 1, 2, 3, 4, 5].map((at) => `w-${at}`)
    const meanwhile = async () => {
      for (const name of names)
        await plane.admin.mergePatch('test.carillon.dev/v1', 'Widget', 'heavy', name, { spec: { filler: 'new' } })
    }
    const refreshed: string[] = []
    const onBatch = ({ phase, changes }: Batch) => {
      if (phase === 'refresh' && changes.length > 0)
        refreshed.push(changes.map(({ object }) => object.metadata.name).join())
    }
    await using test = await scene('heavy', meanwhile, undefined, { bytes: 700_000, onBatch })
    await test.follower.reflector.refresh('heavy')
    await test.follower.until('the last change', () => test.of('w-5').length === 2)
    assert.deepEqual(refreshed, names)
    const byName = test.faults.lists().flatMap(({ query }) => query.get('fieldSelector') ?? [])
    const times = names.map((name) => byName.filter((field) => field === `metadata.name=${name}`).length)
    assert.deepEqual(times.slice(2), [2, 2, 2, 2], 'cut off, and once more alone')
  })
})

describe('requests for a refresh', () => {
  it('wait until one may begin, whatever becomes of one that was given up', async () => {
    const refreshes = new Refreshes()
    const asked = refreshes.ask('a')
    let came: () => void = () => assert.fail('not begun')
    refreshes.begin((_, wake) => {
      came = wake
      return { came: undefined, stop: () => undefined } as unknown as Refresh
    })
    refreshes.again(5)
    const comes = refreshes.comeBefore(new Promise(() => undefined), false)
    await delay(0)
    came()
    assert.equal(await comes, true)
    refreshes.begin(() => ({}) as Refresh)
    refreshes.done()
    await asked
  })
})

describe('a refresh', () => {
  const object = (name: string, uid = name) => ({
    apiVersion: 'v1',
    kind: 'Widget',
    metadata: { name, namespace: 'a', uid, resourceVersion: '1', creationTimestamp: '' },
  })
  const page = (names: string[], next?: string) => ({
    changes: names.map((name) => ({ type: 'upsert' as const, object: object(name) })),
    bytes: 1,
    next,
    cursor: '7',
  })

  /** Of states that are not compared, so that nothing is asked for by name, unless said otherwise. */
  const refreshOf = (over: Partial<RefreshOptions> & Pick<RefreshOptions, 'ask'>) =>
    new Refresh({
      namespace: 'a',
      cursor: '5',
      comparesStates: () => false,
      came: () => undefined,
      askFor: () => assert.fail('asked for by name'),
      turn: async () => ({ [Symbol.dispose]: () => undefined }),
      ...over,
    })
  const all = async (batches: AsyncGenerator<Change[], unknown>) => {
    const told: Change[][] = []
    for await (const batch of batches) told.push(batch)
    return told
  }

  it('gathers small objects for what the watch tells, and of large ones never has two', async () => {
    const names = Array.from({ length: 40 }, (_, at) => `w-${String(at).padStart(2, '0')}`)
    const isLarge = (name: string) => Number(name.slice(2)) % 4 === 0
    let [atOnce, mostAtOnce, bound] = [0, 0, 0]
    const refresh = refreshOf({
      comparesStates: () => true,
      ask: async () => page([]),
      askFor: async (_query, { name, most }) => {
        atOnce += 1
        mostAtOnce = Math.max(mostAtOnce, atOnce)
        bound = Math.max(bound, atOnce * (most?.bytes ?? aimBytes))
        await delay(0)
        atOnce -= 1
        return most && isLarge(name) ? { kind: 'tooLarge' } : { kind: 'page', page: page([name]) }
      },
    })
    const changes = names.map((name): Change => ({ type: 'delete', object: object(name) }))
    const told = await all(refresh.before([...changes, ...changes]))
    const batches = told.map((batch) => batch.map(({ object }) => object.metadata.name))
    assert.deepEqual(batches.flat().toSorted(), names)
    for (const batch of batches) assert.ok(batch.length === 1 || !batch.some(isLarge), batch.join())
    assert.equal(mostAtOnce, 16)
    assert.ok(bound <= 2 * aimBytes, `${bound} bytes`)
    assert.deepEqual(await all(refresh.before(changes)), [], 'once in a refresh')
  })

  it('as of now tells of what the watch told of before, and of what it tells of later first', async () => {
    const asked: object[] = []
    const refresh = refreshOf({
      ask: async (query) => {
        asked.push(query)
        return asked.length === 1 ? { kind: 'expired' } : page(['w-1', 'w-2', 'w-3', 'w-4'])
      },
    })
    await delay(0)
    assert.deepEqual(refresh.came, { kind: 'expired' })
    const early: Change[] = [
      { type: 'upsert', object: object('w-1') },
      { type: 'upsert', object: object('w-2'), isNew: true },
    ]
    assert.deepEqual(await all(refresh.before(early)), [early.slice(0, 1)])
    refresh.asOfNow()
    await delay(0)
    assert.deepEqual(asked, [{ resourceVersion: '5', resourceVersionMatch: 'Exact' }, {}])
    const elsewhere = { ...object('w-1', 'b'), metadata: { ...object('w-1', 'b').metadata, namespace: 'b' } }
    const late: Change[] = [
      { type: 'upsert', object: object('w-3'), isNew: true },
      { type: 'delete', object: object('w-4') },
      { type: 'upsert', object: elsewhere },
    ]
    const first = [object('w-3'), object('w-4')].map((object): Change => ({ type: 'upsert', object }))
    assert.deepEqual(await all(refresh.before(late)), [first])
    const names = refresh.changesOf(page(['w-1', 'w-2', 'w-3', 'w-4'])).map(({ object }) => object.metadata.name)
    assert.deepEqual(names, ['w-1', 'w-2'])
    assert.equal(refresh.next(page([])), false)
  })

  it('asks for twice as much with each page, as long as the watch has nothing to tell that would wait for it', async () => {
    const aims: number[] = []
    const refresh = refreshOf({
      ask: async (_query, _namespace, _signal, aim) => {
        aims.push(aim)
        return page([])
      },
    })
    for (let pages = 0; pages < 4; pages += 1) refresh.next(page([], 'more'))
    const grown = [1, 2, 4, 8, 8].map((times) => times * smallAimBytes)
    assert.deepEqual(aims.splice(0), grown)
    await all(refresh.before([]))
    refresh.next(page([], 'more'))
    assert.deepEqual(aims.splice(0), [aimBytes], 'a bookmark waits for nothing')
    await all(refresh.before([{ type: 'upsert', object: object('w-1') }]))
    for (let pages = 0; pages < 2; pages += 1) refresh.next(page([], 'more'))
    assert.deepEqual(aims, grown.slice(0, 2))
  })
})
