import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { setImmediate as tick } from 'node:timers/promises'
import { HeapRoom } from '../../src/kube/heap.ts'
import { decodeLines, readWatch, type WatchEnd, type WatchStep } from '../../src/kube/watch.ts'

const object = (name: string, resourceVersion: string) => ({ metadata: { name, uid: `uid-${name}`, resourceVersion } })
const event = (type: string, value: unknown) => JSON.stringify({ type, object: value })
const bookmark = (resourceVersion: string) => event('BOOKMARK', { kind: 'Widget', metadata: { resourceVersion } })
const status = (code: number, more = {}) => event('ERROR', { kind: 'Status', code, message: `code ${code}`, ...more })

describe('watch events', () => {
  const cases: { name: string; lines: string[]; changes: string[]; cursor: string | undefined; end?: object }[] = [
    { name: 'nothing', lines: [], changes: [], cursor: undefined },
    {
      name: 'added, modified and deleted, in order',
      lines: [
        event('ADDED', object('a', '1')),
        event('MODIFIED', object('b', '2')),
        event('DELETED', object('a', '3')),
      ],
      changes: ['upsert a', 'upsert b', 'delete a'],
      cursor: '3',
    },
    { name: 'a bookmark moves the cursor alone', lines: [bookmark('9')], changes: [], cursor: '9' },
    {
      name: 'what came before an ERROR counts',
      lines: [event('ADDED', object('a', '1')), status(410), event('ADDED', object('b', '2'))],
      changes: ['upsert a'],
      cursor: '1',
      end: { kind: 'expired' },
    },
    {
      name: 'ERROR 500',
      lines: [status(500)],
      changes: [],
      cursor: undefined,
      end: { kind: 'failing', reason: 'server', message: 'code 500' },
    },
    {
      name: 'ERROR 429 that says how long to wait',
      lines: [status(429, { details: { retryAfterSeconds: 3 } })],
      changes: [],
      cursor: undefined,
      end: { kind: 'failing', reason: 'throttled', message: 'code 429', retryAfterMs: 3000 },
    },
    {
      name: 'an ERROR without a Status',
      lines: ['{"type":"ERROR","object":null}'],
      changes: [],
      cursor: undefined,
      end: { kind: 'failing', reason: 'server', message: 'the watch sent an ERROR' },
    },
    {
      name: 'an object without metadata is left out',
      lines: ['{"type":"ADDED","object":{}}'],
      changes: [],
      cursor: undefined,
    },
    {
      name: 'null for an object is left out',
      lines: ['{"type":"ADDED","object":null}'],
      changes: [],
      cursor: undefined,
    },
    ...['{"type":"ADDED","obj', '[]', 'null', '"x"', '{"type":"RENAMED","object":{}}', '\u0000'].map((line) => ({
      name: `broken: ${JSON.stringify(line)}`,
      lines: [event('ADDED', object('a', '1')), line],
      changes: ['upsert a'],
      cursor: '1',
      end: { kind: 'failing', reason: 'broken', message: 'a broken line in a watch' },
    })),
  ]
  for (const { name, lines, changes, cursor, end } of cases) {
    it(name, () => {
      const decoded = decodeLines(lines.map((line) => Buffer.from(line)))
      assert.deepEqual(
        decoded.changes.map(({ type, object: { metadata } }) => `${type} ${metadata.name}`),
        changes,
      )
      assert.equal(decoded.cursor, cursor)
      assert.deepEqual(decoded.end, end)
    })
  }

  it('takes an object nested very deeply, or calls its line broken', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    const line = `{"type":"ADDED","object":{"metadata":{"name":"d","uid":"d","resourceVersion":"4"},"spec":${deep}}}`
    const { changes, end } = decodeLines([Buffer.from(line)])
    assert.ok(changes.length === 1 || (end?.kind === 'failing' && end.reason === 'broken'))
  })
})

const unbounded = () => ({ room: new HeapRoom(), signal: new AbortController().signal })

async function readAll(body: Readable, options: { idleMs?: number; maxBatch?: number; now?: () => number } = {}) {
  const watch = readWatch(body, { idleMs: 60_000, maxBatch: 256, now: Date.now, ...unbounded(), ...options })
  const steps: WatchStep[] = []
  for (;;) {
    const step = await watch.next()
    if (step.done) return { steps, end: step.value as WatchEnd }
    steps.push(step.value)
  }
}

const bytes = (...lines: string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(''))

describe('reading a watch', () => {
  it('makes one step of the lines of one chunk, cut at maxBatch', async () => {
    const lines = Array.from({ length: 5 }, (_, at) => event('ADDED', object(`w${at}`, String(at + 1))))
    const { steps, end } = await readAll(Readable.from([bytes(...lines)]), { maxBatch: 2 })
    assert.deepEqual(
      steps.map(({ changes, cursor }) => [changes.length, cursor]),
      [
        [2, '2'],
        [2, '4'],
        [1, '5'],
      ],
    )
    assert.deepEqual(end, { kind: 'ended' })
  })

  it('tells how long there was nothing to read, of the first step of a chunk alone', async () => {
    let clock = 0
    const lines = [event('ADDED', object('a', '2')), event('ADDED', object('b', '3')), bookmark('4')]
    // Each look at the clock is a second after the one before.
    const now = () => {
      clock += 1000
      return clock
    }
    const { steps } = await readAll(Readable.from([bytes(bookmark('1')), bytes(...lines)]), { maxBatch: 2, now })
    assert.deepEqual(
      steps.map(({ cursor, waited }) => [cursor, waited]),
      [
        ['1', 1000],
        ['3', 1000],
        ['4', 0],
      ],
    )
  })

  it('hands over what came before the end that it has met', async () => {
    const { steps, end } = await readAll(Readable.from([bytes(event('ADDED', object('a', '1')), status(410))]))
    assert.deepEqual(
      steps.map(({ cursor }) => cursor),
      ['1'],
    )
    assert.deepEqual(end, { kind: 'expired' })
  })

  it('calls a stream that ends in mid-line cut off', async () => {
    const { steps, end } = await readAll(Readable.from([Buffer.from(`${bookmark('3')}\n{"type":"ADD`)]))
    assert.equal(steps.length, 1)
    assert.deepEqual(end, { kind: 'failing', reason: 'network', message: 'cut off in mid-line' })
  })

  it('calls a stream that fails cut off', async () => {
    const body = new Readable({ read: () => undefined })
    setImmediate(() => body.destroy(new Error('reset by peer')))
    const { end } = await readAll(body)
    assert.deepEqual(end, { kind: 'failing', reason: 'network', message: 'the watch was cut off: reset by peer' })
  })

  it('calls a line without an end broken, and lets go of it', async () => {
    const body = Readable.from(Array.from({ length: 40 }, () => Buffer.alloc(256 * 1024, 'x')))
    const { end } = await readAll(body)
    assert.equal(end.kind === 'failing' && end.reason, 'broken')
    assert.ok(body.destroyed)
  })

  it('gives a silent stream up', async () => {
    const body = new Readable({ read: () => undefined })
    const open = setInterval(() => undefined, 1000) // as a socket would keep the process
    const { end } = await readAll(body, { idleMs: 20 })
    clearInterval(open)
    assert.deepEqual(end, { kind: 'failing', reason: 'stalled', message: 'no byte for 20 ms' })
    assert.ok(body.destroyed)
  })

  it('reads nothing, and calls nothing silent, while a step is being dealt with', async () => {
    let given = 0
    const body = new Readable({
      highWaterMark: 1000,
      read() {
        given += 1
        this.push(given > 100 ? null : bytes(bookmark(String(given)).padEnd(400)))
      },
    })
    const watch = readWatch(body, { idleMs: 1, maxBatch: 256, now: Date.now, ...unbounded() })
    await watch.next()
    const before = given
    for (let at = 0; at < 50; at += 1) await tick()
    assert.ok(given - before <= 3, `${given - before} chunks were read ahead`)
    let last = await watch.next()
    while (!last.done) last = await watch.next()
    assert.deepEqual(last.value, { kind: 'ended' })
  })
})
