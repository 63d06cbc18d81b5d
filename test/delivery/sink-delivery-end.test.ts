import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { openSqliteOutbox } from '../../src/outbox/sqlite.ts'
import { startSink } from '../controlplane/sink.ts'
import { MemoryOutbox } from '../outbox/memory/memory.ts'
import { answer, ids, seeded } from './answers.ts'
import { Clock } from './clock.ts'
import { Running, rowsOf, sinkKey } from './running.ts'
import { listen } from './sockets.ts'

describe('the end', () => {
  it('what is under way within the grace is settled', async () => {
    const arrived = Promise.withResolvers<() => void>()
    await using listener = await listen((socket) => arrived.resolve(() => socket.write('HTTP/1.1 204 X\r\n\r\n')))
    const running = new Running(`http://127.0.0.1:${listener.port}/`)
    await running.enqueue(...rowsOf('a', ['1', '2']))
    const finish = await arrived.promise
    const stopped = running.stop()
    await setImmediate()
    finish()
    await stopped
    assert.equal(running.outbox.size(sinkKey), 1)
    assert.deepEqual(
      running.records.map((one) => one.outcome),
      ['delivered'],
    )
    assert.equal(listener.requests.length, 1)
  })

  it('what is under way after the grace is handed back untouched', async () => {
    const arrived = Promise.withResolvers<void>()
    await using listener = await listen(() => arrived.resolve())
    const running = new Running(`http://127.0.0.1:${listener.port}/`, { graceMs: 5000 })
    await running.enqueue(...rowsOf('a', ['1']))
    await arrived.promise
    const stopped = running.stop()
    await running.clock.sleepsFor(5000)
    running.clock.advance(5000)
    await stopped
    assert.deepEqual(running.errors, [])
    const [row] = running.outbox.claim(sinkKey, 1, running.clock.now())
    assert.deepEqual([row?.event.id, row?.attempts, row?.firstAttempt], ['1', 0, undefined])
    assert.deepEqual(running.records, [])
  })

  it('rows that wait for a Secret to be read are handed back', async () => {
    const asked = Promise.withResolvers<void>()
    const headers = () => {
      asked.resolve()
      return new Promise<never>(() => undefined)
    }
    const running = new Running('http://127.0.0.1:9/', { headers, graceMs: 10, clock: new Clock({ runs: true }) })
    await running.enqueue(...rowsOf('a', ['1']))
    await asked.promise
    await running.stop()
    assert.equal(running.outbox.claim(sinkKey, 1, running.clock.now())[0]?.attempts, 0)
  })

  it('an abort before the start does nothing', async () => {
    const running = new Running('http://127.0.0.1:9/')
    await running.stop()
    assert.deepEqual(running.errors, [])
  })
})

describe('an outbox that fails', () => {
  it('is written once it can be; nothing is sent twice', async () => {
    const clock = new Clock({ runs: true })
    class Full extends MemoryOutbox {
      left = 3
      override async settle(...args: Parameters<MemoryOutbox['settle']>): Promise<void> {
        this.left -= 1
        if (this.left >= 0) throw new Error('database or disk is full')
        return super.settle(...args)
      }
    }
    await using sink = await startSink()
    await using running = new Running(sink.url, { clock, outbox: new Full({ now: clock.now }) })
    await running.enqueue(...rowsOf('a', ['1', '2']))
    await running.emptied()
    assert.equal(running.errors.length, 3)
    assert.deepEqual(
      sink.received.map((one) => one.id),
      ['1', '2'],
    )
  })

  it('is read once it can be', async () => {
    const clock = new Clock({ runs: true })
    class Unreadable extends MemoryOutbox {
      left = 2
      override claim(...args: Parameters<MemoryOutbox['claim']>) {
        this.left -= 1
        if (this.left >= 0) throw new Error('disk I/O error')
        return super.claim(...args)
      }
    }
    await using sink = await startSink()
    await using running = new Running(sink.url, { clock, outbox: new Unreadable({ now: clock.now }) })
    await running.enqueue(...rowsOf('a', ['1']))
    await running.emptied()
    assert.equal(running.errors.length, 2)
  })
})

it('with the outbox on disk: order, retries and dead letters, and nothing left', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'carillon-delivery-'))
  const clock = new Clock({ runs: true })
  const opened = openSqliteOutbox({ directory, now: clock.now })
  assert.ok(opened.ok)
  {
    await using outbox = opened.value
    const random = seeded(7)
    await using sink = await startSink({
      behaviour: (one) => answer(one.id.endsWith('.13') ? 400 : random() < 0.2 ? 503 : 204),
      record: 'ids',
    })
    await using running = new Running(sink.url, { clock, outbox, random: seeded(8), sink: { concurrency: 16 } })
    const lanes = ids(20, 'object-')
    await running.enqueue(...lanes.flatMap((lane) => rowsOf(lane, ids(20, `${lane}.`))))
    await running.emptied()
    for (const lane of lanes) {
      const done = running.records.filter((one) => one.id.startsWith(`${lane}.`) && one.outcome !== 'retry')
      assert.deepEqual(
        done.map((one) => one.id),
        ids(20, `${lane}.`),
      )
    }
    assert.equal(outbox.deadLetters({ sink: sinkKey }).length, 20)
    assert.deepEqual(running.errors, [])
    await running.stop()
  }
  rmSync(directory, { recursive: true })
})
