import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSink } from '../controlplane/sink.ts'
import { MemoryOutbox } from '../outbox/memory/memory.ts'
import { Clock } from './clock.ts'
import { eventOf } from './events.ts'
import { Running, rowsOf, sinkKey } from './running.ts'

const hour = 3_600_000
const teamB = 'team-b/builds'

/** A sink of team-a with rows of team-b, which it lets in as the test says. */
function stage() {
  const clock = new Clock()
  const outbox = new MemoryOutbox({ now: clock.now })
  let isLetIn = false
  outbox.withholding.by(({ subscription }) => !isLetIn && subscription === teamB)
  const letIn = (is: boolean) => {
    isLetIn = is
    outbox.withholding.reconsider({ sink: sinkKey })
  }
  return { clock, outbox, letIn }
}

describe('rows of a subscription that the sink does not let in', () => {
  it('wait, while those of others go, and go when it is let in', async () => {
    const { clock, outbox, letIn } = stage()
    await using sink = await startSink()
    await using running = new Running(sink.url, { clock, outbox, sink: { concurrency: 1 } })
    await running.enqueue(...rowsOf('b', ['b1', 'b2'], teamB), ...rowsOf('a', ['a1']), ...rowsOf('c', ['a2']))
    await running.recorded(2)
    assert.deepEqual(sink.received.map(({ id }) => id).sort(), ['a1', 'a2'])
    letIn(true)
    await running.emptied()
    assert.deepEqual(sink.received.map(({ id }) => id).sort(), ['a1', 'a2', 'b1', 'b2'])
  })

  it('become dead letters after maxAge, as those of a missing sink, in the same words', async () => {
    const { clock, outbox } = stage()
    await using sink = await startSink()
    await using running = new Running(sink.url, { clock, outbox })
    await running.enqueue(...rowsOf('b', ['b1', 'b2'], teamB))
    await running.pass(36 * hour)
    await running.pass(35 * hour)
    assert.equal(outbox.size(sinkKey), 2)
    await running.pass(2 * hour)
    await running.emptied()
    const words = outbox.deadLetters().map(({ id, reason, message }) => [id, reason, message])
    const message =
      'Not delivered within 72h. EventSink team-a/qe was not found, or does not let namespace team-b in (allowedNamespaces).'
    assert.deepEqual(words, [
      ['b1', 'SinkNotFound', message],
      ['b2', 'SinkNotFound', message],
    ])
    assert.deepEqual([sink.received, running.records.map(({ attempts }) => attempts)], [[], [1, 1]])

    const missing = stage()
    // The operator withholds nothing from a sink that isn't there.
    missing.letIn(true)
    await using gone = new Running(sink.url, { clock: missing.clock, outbox: missing.outbox, absent: true })
    await gone.enqueue(...rowsOf('b', ['b1'], teamB))
    await gone.pass(0)
    await gone.pass(73 * hour)
    await gone.emptied()
    assert.deepEqual(missing.outbox.deadLetters()[0]?.message, message)
  })

  it('wait from when on that was found, also over a restart, and over the end of the sink', async () => {
    const { clock, outbox } = stage()
    await using sink = await startSink()
    const first = new Running(sink.url, { clock, outbox })
    await first.enqueue(...rowsOf('b', ['b1'], teamB))
    await first.pass(0)
    await first.stop()
    clock.advance(40 * hour)
    outbox.restart()
    let isThere = true
    outbox.withholding.by(({ subscription }) => isThere && subscription === teamB)
    await using second = new Running(sink.url, { clock, outbox })
    await second.pass(0)
    isThere = false
    outbox.withholding.reconsider({ sink: sinkKey })
    second.change(undefined)
    await second.pass(20 * hour)
    isThere = true
    outbox.withholding.reconsider({ sink: sinkKey })
    second.change({})
    await second.pass(0)
    assert.equal(outbox.size(sinkKey), 1)
    await second.pass(13 * hour)
    await second.emptied()
    assert.equal(outbox.deadLetters().length, 1)
  })

  it('are no load of the sink: what waits in vain takes nobody’s room', async () => {
    const { outbox } = stage()
    await outbox.commit({
      watch: '',
      records: [],
      forget: [],
      rows: rowsOf('b', ['1', '2'], teamB),
      dead: [],
      counts: [],
    })
    assert.deepEqual([outbox.size(sinkKey), outbox.load({ sink: sinkKey })], [2, { rows: 0, bytes: 0 }])
  })
})

describe('a body that a subscription of another namespace made', () => {
  const plain = (id: string, subscription?: string) =>
    rowsOf(id, [id], subscription).map((row) => ({
      ...row,
      event: { ...eventOf(id), attributes: `{"webhook-id":"${id}"}`, data: '{}' },
    }))

  it('is not sent where the sink takes none: a dead letter, and no word of it to the sink', async () => {
    await using sink = await startSink()
    await using running = new Running(sink.url)
    await running.enqueue(...plain('1', teamB), ...plain('2'), ...rowsOf('3', ['3'], teamB))
    await running.emptied()
    assert.deepEqual(sink.received.map(({ id }) => id).sort(), ['2', '3'])
    assert.deepEqual(
      running.outbox.deadLetters().map(({ id, reason }) => [id, reason]),
      [['1', 'BodyNotAllowed']],
    )
  })

  it('is sent where it takes them', async () => {
    await using sink = await startSink()
    await using running = new Running(sink.url, { sink: { allowBody: true } })
    await running.enqueue(...plain('1', teamB))
    await running.emptied()
    assert.deepEqual(
      sink.received.map(({ id }) => id),
      ['1'],
    )
  })
})
