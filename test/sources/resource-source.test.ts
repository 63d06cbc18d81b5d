import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject, ObjectMeta } from '../../src/api/object.ts'
import { fields, text } from '../../src/sources/read.ts'
import { derived, observed, resourceSource } from '../../src/sources/resource-source.ts'
import type { MilestoneKind } from '../../src/sources/source.ts'

const at = (clock: string) => `2026-03-04T07:${clock}Z`
const ms = (clock: string) => Date.parse(at(clock))

const row = (name: string, of: MilestoneKind['class']): MilestoneKind => ({
  name,
  class: of,
  default: true,
  key: name,
  time: 'always the same',
  when: 'its state says so',
})

let takenApart = 0

/** Told of in its status: opened, and closed where it was open before. */
const door = resourceSource({
  kind: 'Door',
  family: 'generic',
  group: 'example.com',
  version: 'v1',
  plural: 'doors',
  rows: [row('opened', 'derived'), row('closed', 'observed')],
  defaults: ['created'],
  takeApart(object) {
    takenApart += 1
    return { state: text(fields(object.status).state) }
  },
  milestones: ({ state }) =>
    state === undefined ? [] : [derived('opened', 'opened', ms('48:00'), 20), derived('opened', 'opened', 1, 20)],
  project: ({ state }) => ({ state }),
  transitions: (previous, { state }) =>
    previous?.state === 'open' && state === 'shut' ? [observed('closed', 'closed', ms('49:00'), 30)] : [],
  identity: { annotations: ['example.com/house'], spec: ['house', 'lock'] },
})

const object = (state?: string, metadata: Partial<ObjectMeta> = {}): KubeObject => ({
  apiVersion: 'example.com/v1',
  kind: 'Door',
  metadata: {
    name: 'front',
    namespace: 'team-a',
    uid: 'u-1',
    resourceVersion: '7',
    creationTimestamp: at('46:28'),
    ...metadata,
  },
  spec: { house: 'a', lock: { pin: '1234' }, note: 'the key is under the mat' },
  ...(state && { status: { state } }),
})

test('created comes first, deleted last; each is in the default tier where the kind says so', () => {
  assert.deepEqual(
    door.catalogue.map(({ name, default: isDefault }) => [name, isDefault]),
    [
      ['created', true],
      ['opened', true],
      ['closed', true],
      ['deleted', false],
    ],
  )
  assert.deepEqual(
    door.milestones(object('open')).map(({ key, time, rank }) => [key, time, rank]),
    [
      ['created', ms('46:28'), 0],
      ['opened', ms('48:00'), 20],
    ],
  )
  assert.deepEqual(door.milestones(object(undefined, { creationTimestamp: 'soon' })), [])
})

test('an object is taken apart once, however often it is asked', () => {
  const open = object('open')
  takenApart = 0
  for (let time = 0; time < 3; time += 1) {
    door.milestones(open)
    door.transitions(door.project(open), open)
    door.deletion(open, { at: ms('50:00'), missed: false })
  }
  assert.equal(takenApart, 1)
})

test('it never ends, and its deletion is told, later than all else', () => {
  const seen = { at: ms('47:00'), missed: false }
  for (const state of [undefined, 'open', 'shut']) assert.equal(door.endedAt(object(state)), undefined)
  assert.equal(door.lasts, true)
  const fixed = { name: 'deleted', key: 'deleted', class: 'observed', rank: 99 }
  assert.deepEqual(door.deletion(object(), seen), { ...fixed, time: ms('47:00') })
  assert.deepEqual(door.deletion(object('open'), seen), { ...fixed, time: ms('48:00') })
  const leaving = object(undefined, { deletionTimestamp: at('46:40') })
  assert.deepEqual(door.deletion(leaving, seen), { ...fixed, time: ms('46:40') })
  const missed = door.deletion(door.remains(leaving) ?? leaving, { at: ms('51:00'), missed: true })
  assert.deepEqual(missed, { ...fixed, time: ms('46:40'), details: { missed: true } })
})

test('remains say who it was and whose: labels, what the kind names, and nothing that other writes change', () => {
  const full = object('open', {
    labels: { team: 'a' },
    annotations: { 'example.com/house': 'a', 'example.com/note': 'x', 'carillon.dev/chain-id': 'c' },
    managedFields: [{ manager: 'm', time: at('46:28') }],
  })
  const remains = door.remains(full)
  assert.deepEqual(remains, {
    apiVersion: 'example.com/v1',
    kind: 'Door',
    metadata: {
      name: 'front',
      namespace: 'team-a',
      uid: 'u-1',
      resourceVersion: '',
      creationTimestamp: at('46:28'),
      labels: { team: 'a' },
      annotations: { 'carillon.dev/chain-id': 'c', 'example.com/house': 'a' },
    },
    spec: { house: 'a' },
  })
  const later = { ...full, metadata: { ...full.metadata, resourceVersion: '9' }, status: { state: 'shut' } }
  assert.deepEqual(door.remains(later), remains)
})
