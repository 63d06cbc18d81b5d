import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import { type Away, catchUpOf, isNews, isNotLater, isPast } from '../../../src/operator/recovery/catch-up.ts'
import { taskRun } from '../../../src/sources/tekton.ts'

const at = (seconds: number): string =>
  `${new Date(Date.UTC(2026, 2, 2, 10) + seconds * 1000).toISOString().slice(0, 19)}Z`
const ms = (seconds: number): number => Date.parse(at(seconds))

/** The watch saw all until second 0; the list was made in second 600. */
const away: Away = { from: ms(0), to: ms(600), cursor: '5000', version: '7000' }

function object(uid: string, created: number, more: { ended?: number; version?: string; metadata?: object } = {}) {
  const { ended, version = '6000', metadata = {} } = more
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: { uid, name: uid, namespace: 'a', resourceVersion: version, creationTimestamp: at(created), ...metadata },
    ...(ended !== undefined && {
      status: {
        completionTime: at(ended),
        conditions: [{ type: 'Succeeded', status: 'True', lastTransitionTime: at(ended) }],
      },
    }),
  } as unknown as KubeObject
}

test('what an archive has is news where it came to its end unseen', () => {
  const watch = { name: 'TaskRun', source: taskRun }
  const written = (seconds: number) => ({ metadata: { managedFields: [{ time: at(seconds) }] } })
  const cases: [name: string, object: KubeObject, news: boolean, away?: Away][] = [
    ['created and ended meanwhile', object('new', 100, { ended: 200 }), true],
    ['created before, ended meanwhile', object('old', -300, { ended: 200 }), true],
    ['created before, written meanwhile', object('written', -300, written(30)), true],
    ['ended before', object('before', -300, { ended: -200 }), false],
    ['in the list', object('listed', 100, { ended: 200 }), false],
    ['gone just before the list', object('late', 599, { version: '7000' }), true],
    ['made just after the list', object('later', 599, { version: '7001' }), false],
    ['as the list was made, by the clock alone', object('odd', 599, { version: 'v7' }), false],
    ['before the list, by the clock alone', object('even', 590, { version: 'v7' }), true],
    ['known and missing, however old', object('missing', -90_000, { version: '1' }), true],
    ['not after the cursor', object('seen', 100, { ended: 200, version: '5000' }), false],
    [
      'not after the cursor, which is lost',
      object('unseen', 100, { version: '1' }),
      true,
      { ...away, cursor: undefined },
    ],
    ['found before', object('found', 100, { ended: 200 }), false],
    ['without a time of creation', object('odd', 0, { metadata: { creationTimestamp: 'x' } }), false],
  ]
  for (const [name, one, news, of = away] of cases) {
    const catchUp = catchUpOf(watch, of, new Set(['listed']), ['missing', 'found'])
    catchUp.missing.delete('found')
    catchUp.found.add('found')
    assert.equal(isNews(catchUp, one), news, name)
  }
})

test('resourceVersions are compared as numbers, and only as such', () => {
  const cases: [one: string, other: string, notLater: boolean | undefined][] = [
    ['9', '10', true],
    ['10', '10', true],
    ['11', '10', false],
    ['100', '99', false],
    ['18446744073709551615', '18446744073709551616', true],
    ['a', 'b', undefined],
    ['', '1', undefined],
    ['01', '1', undefined],
  ]
  for (const [one, other, notLater] of cases) assert.equal(isNotLater(one, other), notLater, `${one} ${other}`)
})

test('an archive is read to an end once all that is to come was created too early, if it lists the newest first', () => {
  const catchUp = () => catchUpOf({ name: 'TaskRun', source: taskRun }, away, new Set(), [])
  const sorted = catchUp()
  assert.equal(isPast(sorted, [object('a', 9), object('b', 5)], ms(5)), false)
  assert.equal(isPast(sorted, [object('c', 5), object('d', 4)], ms(5)), true)
  const mixed = catchUp()
  assert.equal(isPast(mixed, [object('a', 4), object('b', 9)], ms(5)), false)
  assert.equal(isPast(mixed, [object('c', 3), object('d', 2)], ms(5)), false)
  assert.equal(isPast(catchUp(), [], ms(5)), false)
})

test('all versions that can be read are asked for, the one that is served first', () => {
  const source = { ...taskRun, version: 'v1beta1', versions: ['v1', 'v1beta1'] }
  const { versions } = catchUpOf({ name: 'TaskRun', source }, away, new Set(), [])
  assert.deepEqual(versions, ['v1beta1', 'v1'])
})
