import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject, ObjectMeta } from '../../../src/api/object.ts'
import { activate, activationKey } from '../../../src/operator/activation.ts'
import { route } from '../../../src/operator/judging/route.ts'
import type { Phase, Routed, RouteInput } from '../../../src/operator/judging/routing.ts'
import { activationSpec } from '../../../src/operator/subscription.ts'
import type { ObjectRecord } from '../../../src/outbox/outbox.ts'
import { genericSource } from '../../../src/sources/generic.ts'
import { at, cluster, emitter, ms, type SubscriptionSpec, sinceOf, stored, subscription } from '../scene.ts'

const source = genericSource('Widget', 'example.com')

type Define = { name: string; when: string; key?: string }

const events = (define: Define[], more: object = {}): Partial<SubscriptionSpec> => ({
  events: [{ kind: 'Widget', group: 'example.com', define, ...more }],
})

const phase = { name: 'big', when: 'object.status.phase == "Big"' }
const revised = { name: 'revised', when: 'object.status.revision > 1', key: 'object.status.revision' }

/** A write of the object, so many seconds after its creation. */
function widget(status: object | undefined, second: number, metadata: Partial<ObjectMeta> = {}): KubeObject {
  return {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: {
      name: 'blue',
      namespace: 'team-a',
      uid: 'uid-widget',
      resourceVersion: String(100 + second),
      generation: 1,
      creationTimestamp: at(0),
      managedFields: [{ time: at(second) }],
      ...metadata,
    },
    ...(status && { status: { ...status } }),
  }
}

type Given = Partial<RouteInput> & Pick<RouteInput, 'emitters'>

const see = (object: KubeObject, given: Given): Routed =>
  route({ source, object, phase: 'watch', record: undefined, since: sinceOf(), cluster, now: ms(900), ...given })

/** One write after the other, as the outbox remembers them; what each told: name, second, class. */
function live(objects: readonly KubeObject[], given: Given, phases: readonly Phase[] = []) {
  let { record } = given
  const ids: string[] = []
  const told = objects.map((object, index) => {
    const routed = see(object, { ...given, record, phase: phases[index] ?? 'watch' })
    record = stored(routed.record) ?? record
    ids.push(...routed.rows.map(({ event }) => event.id))
    return routed.rows.map(({ event }) => {
      const { type, time } = JSON.parse(event.attributes) as { type: string; time: string }
      return `${type.split('.').at(-2)} ${(Date.parse(time) - ms(0)) / 1000}`
    })
  })
  return { told, ids, record: record as ObjectRecord }
}

describe('without a key', () => {
  const emitters = [emitter('a', events([phase]))]

  test('it is told when it comes to hold, and again when it did not meanwhile, and at no other write', () => {
    const small = { phase: 'Small' }
    const big = { phase: 'Big' }
    const writes = [small, big, big, big, small, small, big, big]
    const { told } = live(
      writes.map((status, second) => widget(status, second)),
      { emitters },
    )
    assert.deepEqual(told, [[], ['big 1'], [], [], [], [], ['big 6'], []])
  })

  test('what holds when the subscription begins is not told, nor at a later write that changes nothing', () => {
    const since = sinceOf({ 'uid-a': ms(10) })
    const held = widget({ phase: 'Big' }, 5)
    const { told } = live([held, widget({ phase: 'Big' }, 20)], { emitters, since }, ['refresh', 'watch'])
    assert.deepEqual(told, [[], []])
  })

  test('what holds when the subscription begins is told where it reaches so far back', () => {
    const { told } = live([widget({ phase: 'Big' }, 5), widget({ phase: 'Big' }, 20)], { emitters }, [
      'refresh',
      'watch',
    ])
    assert.deepEqual(told, [['big 5'], []])
  })

  test('a refresh that is ahead of the watch tells nothing twice', () => {
    const first = widget({ phase: 'Small' }, 1)
    const [off, on] = [widget({ phase: 'Small' }, 2), widget({ phase: 'Big' }, 3)]
    const { told } = live([first, on, off, on, widget({ phase: 'Big' }, 4)], { emitters }, ['watch', 'refresh'])
    assert.deepEqual(told.flat(), ['big 3'])
  })

  test('after a loss of the disk what holds is where it begins: only what comes to hold later is told', () => {
    const floor = { of: () => ms(0), marginMs: 0 }
    const relisted = see(widget({ phase: 'Big' }, 5), { emitters, phase: 'list', floor })
    assert.deepEqual(relisted.rows, [])
    const record = stored(relisted.record) as ObjectRecord
    const writes = [widget({ phase: 'Big' }, 6), widget({ phase: 'Small' }, 7), widget({ phase: 'Big' }, 8)]
    assert.deepEqual(live(writes, { emitters, record }).told, [[], [], ['big 8']])
  })

  test('its last state tells it too', () => {
    const gone = { at: ms(9), missed: false }
    const { rows } = see(widget({ phase: 'Big' }, 8), { emitters, gone })
    assert.equal(rows.length, 1)
    assert.deepEqual(see(widget({ phase: 'Big' }, 8), { emitters, gone: { ...gone, missed: true } }).rows, [])
  })

  test('where managedFields tell no time, it is told by when it was seen', () => {
    const bare = widget({ phase: 'Big' }, 5, { managedFields: [] })
    assert.deepEqual(live([bare], { emitters, now: ms(50), since: sinceOf({ 'uid-a': ms(10) }) }).told, [['big 50']])
  })
})

describe('with a key', () => {
  const emitters = [emitter('a', events([revised]))]
  const of = (revision: unknown, second: number) => widget({ revision }, second)

  test('it is told once for each value, with the write that brought it', () => {
    const { told } = live([of(1, 1), of(2, 2), of(2, 3), of(3, 4), of(2, 5), of(1, 6), of(3, 7), of(4, 8)], {
      emitters,
    })
    assert.deepEqual(told, [[], ['revised 2'], [], ['revised 4'], [], [], [], ['revised 8']])
  })

  test('what holds when the subscription begins is not told; the next value is', () => {
    const since = sinceOf({ 'uid-a': ms(10) })
    const { told } = live([of(2, 5), of(2, 20), of(3, 30)], { emitters, since }, ['refresh'])
    assert.deepEqual(told, [[], [], ['revised 30']])
  })

  test('after a loss of the disk it is told again, under the same id', () => {
    const { ids } = live([of(1, 1), of(2, 2)], { emitters })
    const floor = { of: () => ms(0), marginMs: 0 }
    const again = see(of(2, 7), { emitters, phase: 'list', floor })
    assert.deepEqual(
      again.rows.map(({ event }) => event.id),
      ids,
    )
  })

  test('its class is derived, and its id follows from the subscription, its name and the value', () => {
    const other = [emitter('b', events([revised]))]
    const renamed = [emitter('a', events([{ ...revised, name: 'changed' }]))]
    const idOf = (given: typeof emitters, revision: unknown) => live([of(revision, 2)], { emitters: given }).ids[0]
    assert.equal(idOf(emitters, 2), idOf([emitter('a', events([revised]))], 2))
    assert.equal(new Set([idOf(emitters, 2), idOf(emitters, 3), idOf(other, 2), idOf(renamed, 2)]).size, 4)
  })

  test('it may be any value that JSON has, however long', () => {
    const key = (text: string) => [emitter('a', events([{ name: 'x', when: 'true', key: text }]))]
    for (const text of [
      'object.status',
      'object.status.list',
      'object.status.text',
      'object.status.list.size() == 2',
    ]) {
      const statuses = ['a', 'b'].map((one) => ({ list: [one], text: one.repeat(5000) }))
      const { told } = live(
        statuses.map((status, second) => widget(status, second)),
        { emitters: key(text) },
      )
      assert.equal(told.flat().length, text.endsWith('== 2') ? 1 : 2, text)
    }
  })

  test('keys of hundreds of values, and the one that holds, do not grow the record for ever nor are told again', () => {
    const writes = Array.from({ length: 400 }, (_, second) => of(second + 2, second))
    const flapping = [emitter('a', events([revised, { name: 'held', when: 'true', key: '"always"' }]))]
    const { told, record } = live(writes, { emitters: flapping })
    assert.equal(told.flat().filter((one) => one.startsWith('held')).length, 1)
    assert.ok(record.seen.length <= 256)
    for (const keys of Object.values(record.ledger)) assert.ok(keys.length <= 256)
  })
})

describe('of several', () => {
  test('each subscription hears only of its own', () => {
    const emitters = [emitter('a', events([phase])), emitter('b', events([{ ...phase, when: 'true' }])), emitter('c')]
    const { rows } = see(widget({ phase: 'Small' }, 1), { emitters })
    assert.deepEqual(
      rows.map(({ subscriptionUid }) => subscriptionUid),
      ['uid-b'],
    )
  })

  test('the catalogue’s milestones are told beside it only where they are named', () => {
    const named = [emitter('a', events([phase], { milestones: ['created'] }))]
    assert.deepEqual(live([widget({ phase: 'Big' }, 1)], { emitters: named }).told, [['created 0', 'big 1']])
    assert.deepEqual(live([widget({ phase: 'Big' }, 1)], { emitters: [emitter('a', events([phase]))] }).told, [
      ['big 1'],
    ])
  })

  test('labels, and the filter, count for it too', () => {
    const labelled = [emitter('a', events([phase], { selector: { matchLabels: { app: 'shop' } } }))]
    const shop = { labels: { app: 'shop' } }
    const writes = [widget({ phase: 'Big' }, 1), widget({ phase: 'Big' }, 2, shop), widget({ phase: 'Big' }, 3, shop)]
    assert.deepEqual(live(writes, { emitters: labelled }).told, [[], ['big 2'], []])
    const spec = { ...events([phase]), filter: 'milestone.name == "big" && object.status.size > 1' }
    const filtered = [emitter('a', spec)]
    assert.deepEqual(live([widget({ phase: 'Big', size: 1 }, 1)], { emitters: filtered }).told, [[]])
    assert.deepEqual(live([widget({ phase: 'Big', size: 2 }, 1)], { emitters: filtered }).told, [['big 1']])
  })

  test('a kind with a catalogue may have them as well', () => {
    const held = { kind: 'TaskRun', define: [{ name: 'paused', when: 'object.spec.?status.orValue("") == "Pending"' }] }
    assert.deepEqual([...(emitter('a', { events: [held] }).selection.kinds.get('TaskRun') ?? [])], ['paused'])
  })
})

test('an expression that fails is no match, and told with its name and the missing key', () => {
  const emitters = [emitter('a', events([phase, { ...revised, when: 'true' }]))]
  const { rows, filterErrors } = see(widget(undefined, 1), { emitters })
  assert.deepEqual(rows, [])
  assert.deepEqual(
    filterErrors.map(({ message }) => message),
    ['define big: when: no such key: object.status', 'define revised: key: no such key: object.status'],
  )
})

test('one that takes too much work is no match, and never a value in what is told of it', () => {
  const define = [{ name: 'slow', when: 'object.status.list.all(a, object.status.list.all(b, a + b != "secret"))' }]
  const list = Array.from({ length: 3000 }, (_, index) => `secret-${index}`)
  const { filterErrors } = see(widget({ list }, 1), { emitters: [emitter('a', events(define))] })
  assert.match(filterErrors[0]?.message ?? '', /^define slow: when: the expression takes too much work/)
  assert.doesNotMatch(filterErrors[0]?.message ?? '', /secret-/)
})

test('a subscription that is edited begins anew with what is defined otherwise, and goes on with the rest', () => {
  const spec = (object: object) => {
    const read = activationSpec({ ...subscription({}, { generation: 2 }), ...object } as never)
    assert.ok(read.ok)
    return { ...read.value, seen: true, changed: ms(100) }
  }
  const before = emitter('a', events([phase, revised]))
  const standing = activate(before, spec({}), new Map(), ms(0))
  const after = emitter('a', events([{ ...phase, when: 'object.status.phase != "Small"' }, revised]))
  const added = activate(after, spec({}), standing, ms(200))
  assert.equal(added.size, 1)
  const [[key = '', since] = []] = added
  assert.match(key, new RegExp(`^${activationKey('uid-a', 'team-a/qe', source.name, 'big')}@[0-9a-f]{8}$`))
  assert.equal(since, ms(100))
})
