import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { laneOf } from '../../src/outbox/lane.ts'
import { migrations, schemaVersion } from '../../src/outbox/schema.ts'
import { batchOf, countsOf, delivered, eventOf, ids, recordOf } from './batches.ts'
import { askFile, directories, openIn } from './directory.ts'

const directory = directories()

/** A file as a version left it, with this in it. */
function ofVersion(version: number, sql: string): string {
  const at = directory()
  const db = new DatabaseSync(join(at, 'carillon.db'))
  const scripts = migrations.slice(0, version).join('')
  db.exec(`PRAGMA journal_mode = WAL; ${scripts} PRAGMA user_version = ${version}; ${sql}`)
  db.close()
  return at
}

const firstVersion = (sql: string): string => ofVersion(1, sql)

const text = (value: string) => `'${value.replaceAll("'", "''")}'`

/** The milestones that the events of version 1 tell of were at these times. */
const times = { e1: '1970-01-01T00:10:00Z', e3: 'nonsense', e4: '1970-01-01T00:00:05.5Z' }
const data = '{"ü":1}'
const attributesOf = (id: 'e1' | 'e3' | 'e4') => JSON.stringify({ specversion: '1.0', id, time: times[id] })

function event(key: number, id: 'e1' | 'e3' | 'e4'): string {
  const { type, subject } = eventOf(id)
  const cells = [id, type, subject, attributesOf(id), data].map(text)
  return `INSERT INTO events VALUES (${key}, ${cells.join()});`
}

const row = (seq: number, object: string, due: string, event = seq, shared = 0) =>
  `INSERT INTO rows VALUES (${seq}, 1, 1, ${laneOf(1, object)}, ${due}, ${event}, ${shared}, 1, 900, 1000000, ${text(object)});`

const { projection, seen, ledger } = recordOf('u1')
const full = `
  INSERT INTO cursors VALUES ('TaskRun', '42');
  INSERT INTO activations VALUES ('uid-a ns/sink TaskRun finished', 77);
  INSERT INTO objects VALUES ('u1', 'TaskRun', 'team-a', 'run-u1', '7', NULL, ${text(JSON.stringify([projection, seen, ledger]))});
  INSERT INTO sinks VALUES (1, 'ns/sink');
  INSERT INTO routes (id, sink, subscription, subscription_uid, delivered) VALUES (1, 1, 'ns/a', 'uid-a', 3);
  ${event(1, 'e1')}
  ${event(3, 'e3')}
  ${event(4, 'e4')}
  INSERT INTO shares VALUES (4, 2);
  ${row(1, 'u1', '0')} ${row(3, 'gone', '2000000')} ${row(4, 'u1', 'NULL', 4, 1)}
  INSERT INTO dead_letters VALUES (5, 'ns/sink', 'ns/a', 'uid-a', 'gone', 4, 1, 'HTTP400', 'no', 1, 1000500);
  UPDATE sequence SET last = 5;
`

test('a file of the first version is brought forward with all that is in it', async () => {
  const at = firstVersion(full)
  const clock = { ms: 1_500_000 }
  await using outbox = openIn(at, clock)
  assert.equal(outbox.begun, true)
  assert.deepEqual([...outbox.cursors(), ...outbox.activations()].flat(), [
    'TaskRun',
    '42',
    'uid-a ns/sink TaskRun finished',
    77,
  ])
  assert.deepEqual(outbox.records(['u1']).get('u1'), recordOf('u1'))
  assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/sink'), { delivered: 3 })
  const events = (['e1', 'e3', 'e4'] as const).map((id) => Buffer.byteLength(attributesOf(id) + data))
  assert.deepEqual(outbox.load({ sink: 'ns/sink' }), { rows: 3, bytes: events.reduce((sum, bytes) => sum + bytes, 0) })
  assert.deepEqual([...outbox.lowWater()], [['uid-a ns/sink', 5000]])
  assert.deepEqual(Object.fromEntries(outbox.deadLetterSizes()), { 'ns/sink': 1 })
  assert.equal(outbox.deadLetter(5)?.event.data, data)
  assert.deepEqual([outbox.owing(), [...outbox.floors()], [...outbox.gaps()]], [[], [], []])

  const claimed = []
  for (; outbox.size('ns/sink') > 0; clock.ms += 1_000_000) {
    const rows = outbox.claim('ns/sink', 9, clock.ms)
    claimed.push(...ids(rows))
    await outbox.settle(rows.map(delivered), clock.ms)
  }
  assert.deepEqual(claimed, ['e1', 'e3', 'e4'])
  assert.equal(await outbox.revive({}), 1)
  const [again] = outbox.claim('ns/sink', 9, clock.ms)
  assert.deepEqual([again?.seq, again?.event.id], [6, 'e4'])
})

test('what a row of the first version is known by: its object’s namespace, or its subscription’s, and when it was written at the latest', async () => {
  const at = firstVersion(full)
  await openIn(at)[Symbol.asyncDispose]()
  assert.equal(askFile(at, 'PRAGMA user_version'), schemaVersion)
  const columns = 'json_group_array(json_array(seq, namespace, written))'
  assert.equal(askFile(at, `SELECT ${columns} FROM rows`), '[[1,"team-a",600000],[3,"ns",1000000],[4,"team-a",5000]]')
  assert.equal(askFile(at, `SELECT ${columns} FROM dead_letters`), '[[5,"ns",5000]]')
})

test('a file of the first version that knows of nothing has had no life', async () => {
  const at = firstVersion('')
  const outbox = openIn(at)
  const { instance } = outbox
  assert.equal(outbox.begun, false)
  await outbox.begin(new Map())
  await outbox[Symbol.asyncDispose]()
  await using again = openIn(at)
  assert.deepEqual([again.begun, again.instance], [true, instance])
})

test('a file of the fourth version is brought forward: what it knows is found by its name, and what goes is remembered', async () => {
  const known = (uid: string, name: string) => {
    const body = text(JSON.stringify([projection, seen, ledger]))
    return `INSERT INTO objects VALUES (${text(uid)}, 'TaskRun', 'team-a', ${text(name)}, '7', NULL, ${body}, NULL);`
  }
  const fourth = `
    INSERT INTO cursors VALUES ('TaskRun', '42', NULL);
    ${known('u1', 'run-u1')} ${known('u2', 'run-u2')}
    INSERT INTO sinks VALUES (1, 'ns/sink', NULL);
    INSERT INTO routes (id, sink, subscription, subscription_uid, delivered) VALUES (1, 1, 'ns/a', 'uid-a', 3);
    INSERT INTO events (key, id, type, subject, attributes, data)
      VALUES (1, 'e1', 'type', 'subject', ${text(attributesOf('e1'))}, ${text(data)});
    INSERT INTO rows (seq, sink, route, lane, due, event, shared, attempts, first_attempt, enqueued, object, namespace)
      VALUES (1, 1, 1, ${laneOf(1, 'u1')}, 0, 1, 0, 1, 900, 1000000, 'u1', 'team-a');
    UPDATE sequence SET last = 1;
  `
  const at = ofVersion(4, fourth)
  const clock = { ms: 1_500_000 }
  await using outbox = openIn(at, clock)
  assert.deepEqual(outbox.records(['u1']).get('u1'), recordOf('u1'))
  assert.deepEqual(outbox.named('TaskRun', 'team-a', 'run-u2'), { uid: 'u2', chain: undefined, keys: seen })
  assert.deepEqual(outbox.known('TaskRun'), new Set(['u1', 'u2']))
  assert.deepEqual([[...outbox.cursors()], [...outbox.reached()]], [[['TaskRun', '42']], []])
  const gone = { source: 'TaskRun', namespace: 'team-a', name: 'run-u2', uid: 'u2', chain: 'c', keys: ['queued'] }
  await outbox.commit(batchOf({ forget: ['u2'], remember: [gone], cursor: '43', reached: 1_400_000 }))
  assert.deepEqual(outbox.named('TaskRun', 'team-a', 'run-u2'), { uid: 'u2', chain: 'c', keys: ['queued'] })
  assert.deepEqual([...outbox.reached()], [['TaskRun', 1_400_000]])
  const rows = outbox.claim('ns/sink', 9, clock.ms)
  assert.deepEqual(ids(rows), ['e1'])
  await outbox.settle(rows.map(delivered), clock.ms)
  assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/sink'), { delivered: 4 })
})
