import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Outbox } from '../../src/outbox/outbox.ts'
import { openSqliteOutbox } from '../../src/outbox/sqlite.ts'
import { type Sink, startSink } from '../controlplane/sink.ts'
import { answer } from './answers.ts'
import { Clock } from './clock.ts'
import { Running, type RunningOptions, rowsOf, sinkKey } from './running.ts'

const hour = 3_600_000

/** Lives of an operator on one data directory, one after the other, with the same clock and sink. */
class Lives implements AsyncDisposable {
  clock = new Clock()
  /** What the wall clock shows more than it should. */
  ahead = 0
  readonly sink: Sink
  readonly #directory = mkdtempSync(join(tmpdir(), 'carillon-lives-'))

  constructor(sink: Sink) {
    this.sink = sink
  }

  readonly wall = () => this.clock.now() + this.ahead

  /** One life, which ends in order. */
  async live(act: (running: Running, outbox: Outbox) => Promise<void>, options: RunningOptions = {}): Promise<void> {
    const opened = openSqliteOutbox({ directory: this.#directory, now: this.wall })
    assert.ok(opened.ok)
    await using outbox = opened.value
    const sink = { concurrency: 1, ...options.sink }
    await using running = new Running(this.sink.url, { clock: this.clock, wall: this.wall, outbox, ...options, sink })
    await act(running, outbox)
    assert.deepEqual(running.errors, [])
  }

  async [Symbol.asyncDispose]() {
    await this.sink[Symbol.asyncDispose]()
    rmSync(this.#directory, { recursive: true })
  }
}

describe('after a restart', () => {
  let lives: Lives
  const received = () => lives.sink.received.length
  beforeEach(async () => {
    lives = new Lives(await startSink())
  })
  afterEach(() => lives[Symbol.asyncDispose]())

  /** Nothing is sent now, or in what is to be done at once. */
  async function quiet(requests: number): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await setImmediate()
    assert.equal(received(), requests)
  }

  it('no request goes before Retry-After is over', async () => {
    lives.sink.behave(answer(429, { 'retry-after': '600' }))
    await lives.live(async (running) => {
      await running.enqueue(...rowsOf('a', ['1']), ...rowsOf('b', ['2']))
      await running.recorded(1)
    })
    lives.clock.advance(200_000)
    lives.sink.behave(answer(204))
    await lives.live(async (running) => {
      await running.clock.sleepsFor(30_000)
      await quiet(1)
      lives.clock.advance(399_999)
      await running.clock.sleepsFor(1)
      await quiet(1)
      lives.clock.advance(1)
      await running.emptied()
    })
    assert.equal(received(), 3)
  })

  it('a sink is not asked to rest for longer than maxDelay by a clock that was wrong', async () => {
    lives.sink.behave(answer(429, { 'retry-after': '3000' }))
    lives.ahead = 50 * hour
    await lives.live(async (running) => {
      await running.enqueue(...rowsOf('a', ['1']))
      await running.recorded(1)
    })
    lives.ahead = 0
    lives.sink.behave(answer(204))
    await lives.live(async (running) => {
      await running.clock.sleepsFor(30_000)
      await quiet(1)
      lives.clock.advance(hour)
      await running.emptied()
    })
  })

  it('a sink that is gone stays so, until its spec changes', async () => {
    lives.sink.behave(answer(410))
    await lives.live(async (running) => {
      await running.enqueue(...rowsOf('a', ['1']))
      await running.recorded(1)
    })
    lives.sink.behave(answer(204))
    lives.clock.advance(5 * hour)
    await lives.live(async (running) => {
      await running.enqueue(...rowsOf('b', ['2']))
      await quiet(1)
    })
    await lives.live(
      async (running) => {
        await running.emptied()
        assert.equal(received(), 3)
      },
      { sink: { epoch: '2' } },
    )
  })

  it('attempts and the next one are what they were', async () => {
    lives.sink.behave(answer(503))
    await lives.live(async (running) => {
      await running.enqueue(...rowsOf('a', ['1']))
      await running.recorded(1)
      await running.clock.sleepsFor(1000)
      lives.clock.advance(1000)
      await running.recorded(2)
    })
    await lives.live(async (running) => {
      await running.clock.sleepsFor(2000)
      await quiet(2)
      lives.clock.advance(2000)
      const [third] = await running.recorded(1)
      assert.deepEqual([third?.attempts, third?.nextAttempt], [3, lives.clock.now() + 4000])
    })
  })

  it('a spec that changed meanwhile makes due what waits', async () => {
    lives.sink.behave(answer(503))
    await lives.live(
      async (running) => {
        await running.enqueue(...rowsOf('a', ['1']))
        await running.recorded(1)
      },
      { sink: { retry: { maxAgeMs: 72 * hour, initialDelayMs: hour, maxDelayMs: hour } } },
    )
    lives.sink.behave(answer(204))
    await lives.live(async (running) => await running.emptied(), { sink: { epoch: '2' } })
  })

  it('time in which the sink was suspended, in one life or another, is no age', async () => {
    const retry = { maxAgeMs: 60_000, initialDelayMs: 1000, maxDelayMs: 10_000 }
    lives.sink.behave(answer(503))
    await lives.live(
      async (running) => {
        await running.enqueue(...rowsOf('a', ['1']))
        await running.recorded(1)
        running.change({ suspend: true, epoch: '2' })
        await setImmediate()
        await setImmediate()
      },
      { sink: { retry } },
    )
    lives.clock.advance(hour)
    await lives.live(
      async (running) => {
        await quiet(1)
        running.change({ suspend: false, epoch: '3' })
        const [next] = await running.recorded(1)
        assert.equal(next?.outcome, 'retry')
      },
      { sink: { retry, suspend: true, epoch: '2' } },
    )
  })

  it('rows of a missing sink go on ageing, and are given up in the end', async () => {
    await lives.live(
      async (running, outbox) => {
        await running.enqueue(...rowsOf('a', ['1', '2']))
        await running.clock.sleepsFor(30_000)
        assert.equal(outbox.size(sinkKey), 2)
        lives.clock.advance(40 * hour)
      },
      { absent: true },
    )
    await lives.live(
      async (running, outbox) => {
        await running.enqueue(...rowsOf('b', ['3']))
        await running.clock.sleepsFor(30_000)
        await quiet(0)
        lives.clock.advance(32 * hour)
        await running.recorded(2)
        while (outbox.size(sinkKey) > 1) await outbox.changed(sinkKey, AbortSignal.timeout(1000))
        assert.deepEqual(
          outbox.deadLetters().map(({ id, reason, message }) => [id, reason, message]),
          ['1', '2'].map((id) => [id, 'SinkNotFound', 'Not delivered within 72h. EventSink team-a/qe is not there.']),
        )
        running.change({ epoch: 'a new uid' })
        await running.emptied()
        assert.deepEqual(
          lives.sink.received.map(({ id }) => id),
          ['3'],
        )
      },
      { absent: true },
    )
  })

  it("a missing sink's rows wait for as long as it last said", async () => {
    await lives.live(
      async (running) => {
        await running.enqueue(...rowsOf('a', ['1']))
        await quiet(0)
        running.change(undefined)
        await setImmediate()
        await setImmediate()
      },
      { sink: { suspend: true, retry: { maxAgeMs: 60_000, initialDelayMs: 1000, maxDelayMs: 10_000 } } },
    )
    lives.clock.advance(60_000)
    await lives.live(
      async (running, outbox) => {
        await running.recorded(1)
        await running.emptied()
        assert.match(outbox.deadLetters()[0]?.message ?? '', /within 1m\./)
        // With its last row nothing is left to be remembered.
        while (outbox.gates().has(sinkKey)) await setImmediate()
      },
      { absent: true },
    )
  })

  it('what was kept may be garbage', async () => {
    for (const garbage of ['', '{', '{"v":9}', '{"v":1,"gone":"maybe","rest":[]}']) {
      await lives.live(
        async (_running, outbox) => {
          await outbox.keepGate(sinkKey, garbage)
        },
        { absent: true },
      )
      const before = received()
      await lives.live(async (running) => {
        await running.enqueue(...rowsOf('a', ['1']))
        await running.emptied()
      })
      assert.equal(received(), before + 1)
    }
  })

  it('a clock that was ahead makes nothing wait for longer than maxDelay', async () => {
    lives.sink.behave(answer(503))
    lives.ahead = 10 * hour
    await lives.live(async (running) => {
      await running.enqueue(...rowsOf('a', ['1']))
      await running.recorded(1)
    })
    lives.ahead = 0
    lives.sink.behave(answer(204))
    await lives.live(async (running) => await running.emptied())
  })

  it('a clock that was a little ahead is noticed too, though new rows have come', async () => {
    lives.sink.behave(answer(503))
    lives.ahead = hour / 2
    await lives.live(async (running) => {
      await running.enqueue(...rowsOf('a', ['1']))
      await running.recorded(1)
    })
    lives.ahead = 0
    lives.sink.behave(answer(204))
    await lives.live(async (running) => {
      await running.enqueue(...rowsOf('b', ['2']))
      await running.emptied()
    })
  })

  it('what is kept is written when it changes, not with each attempt', async () => {
    let writes = 0
    lives.clock = new Clock({ runs: true })
    lives.sink.behave(() => answer(received() <= 60 ? 503 : 204))
    await lives.live(
      async (running, outbox) => {
        const keepGate = outbox.keepGate.bind(outbox)
        outbox.keepGate = (sink, gate) => {
          writes += 1
          return keepGate(sink, gate)
        }
        await running.enqueue(...Array.from({ length: 20 }, (_, n) => rowsOf(`object ${n}`, [`${n}`])).flat())
        await running.emptied()
      },
      { sink: { concurrency: 4 } },
    )
    assert.ok(received() >= 80)
    assert.ok(writes <= 3, `${writes} writes`)
  })
})

describe('a clock that is set while rows wait', () => {
  it('back: nothing is held up for that long', async () => {
    let ahead = 0
    const clock = new Clock()
    await using sink = await startSink({ behaviour: (one) => answer(one.attempt === 1 ? 503 : 204) })
    await using running = new Running(sink.url, { clock, wall: () => clock.now() + ahead })
    await running.enqueue(...rowsOf('a', ['1', '2']))
    await running.recorded(1)
    await clock.sleepsFor(1000)
    ahead = -hour
    clock.advance(1000)
    await running.recorded(2)
    await clock.sleepsFor(1000)
    clock.advance(1000)
    await running.emptied()
  })

  it('forward: rows are no older for it', async () => {
    let ahead = 0
    const clock = new Clock()
    await using sink = await startSink({ behaviour: answer(503) })
    const retry = { maxAgeMs: 60_000, initialDelayMs: 10_000, maxDelayMs: 10_000 }
    await using running = new Running(sink.url, { clock, wall: () => clock.now() + ahead, sink: { retry } })
    await running.enqueue(...rowsOf('a', ['1']))
    await running.recorded(1)
    await clock.sleepsFor(10_000)
    ahead = hour
    for (let attempt = 2; attempt <= 6; attempt += 1) {
      clock.advance(10_000)
      const [record] = (await running.recorded(attempt)).slice(-1)
      assert.equal(record?.outcome, 'retry', `attempt ${attempt}`)
      await clock.sleepsFor(10_000)
    }
    clock.advance(10_000)
    const [last] = (await running.recorded(7)).slice(-1)
    assert.equal(last?.outcome, 'dead')
  })
})
