import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { accept } from '../../src/api/verdict.ts'
import type { NewRow } from '../../src/outbox/outbox.ts'
import { startSink } from '../controlplane/sink.ts'
import { answer } from './answers.ts'
import { Clock } from './clock.ts'
import { Running, rowsOf, sinkKey } from './running.ts'

describe('an event that is too large for its sink', () => {
  const full = 'x'.repeat(5000)
  const rows = (): NewRow[] =>
    rowsOf('a', ['1', '2']).map((row) => {
      const { attributes, data } = row.event
      return { ...row, event: { ...row.event, data: JSON.stringify(full), summary: { attributes, data } } }
    })

  it('goes once more as its summary, at once and with the same id, before those behind it', async () => {
    await using sink = await startSink({ behaviour: (one) => answer(one.body.length > 1000 ? 413 : 204) })
    await using running = new Running(sink.url)
    await running.enqueue(...rows())
    await running.emptied()
    assert.deepEqual(
      sink.received.map(({ id, body }) => [id, body.length > 1000]),
      [
        ['1', true],
        ['1', false],
        ['2', true],
        ['2', false],
      ],
    )
    const [first, second] = running.records
    assert.deepEqual(
      [first?.outcome, first?.reason, first?.rests, first?.nextAttempt, second?.outcome, second?.attempts],
      ['shrink', 'TooLarge', false, running.clock.now(), 'delivered', 2],
    )
  })

  it('is a dead letter where the summary is too large as well, or there is none', async () => {
    await using sink = await startSink({ behaviour: answer(413) })
    await using running = new Running(sink.url)
    const [one] = rows()
    await running.enqueue(...(one ? [one] : []), ...rowsOf('b', ['3']))
    await running.emptied()
    assert.deepEqual(
      running.outbox.deadLetters().map(({ id, reason, attempts }) => [id, reason, attempts]),
      [
        ['1', 'TooLarge', 2],
        ['3', 'TooLarge', 1],
      ],
    )
    assert.equal(sink.received.length, 3)
  })
})

describe('the answer to an event that was given up', () => {
  const refusing = (status: number, body: string) =>
    startSink({ behaviour: { kind: 'answer', status, headers: { 'content-type': 'text/plain' }, body } })

  it('is kept with the dead letter, and told nowhere else', async () => {
    await using sink = await refusing(422, `no such field: ${'x'.repeat(1000)}`)
    await using running = new Running(sink.url)
    await running.enqueue(...rowsOf('a', ['1']))
    await running.emptied()
    const [letter] = running.outbox.deadLetters()
    const { answer: kept = '' } = running.outbox.deadLetter(letter?.seq ?? 0) ?? {}
    assert.ok(kept.startsWith('no such field: x') && kept.length === 256, kept)
    assert.ok(!JSON.stringify([letter, running.records]).includes('no such field'))
  })

  it('is the last one, where the event was tried until maxAge', async () => {
    await using sink = await refusing(503, 'come back later')
    const retry = { maxAgeMs: 5000, initialDelayMs: 1000, maxDelayMs: 1000 }
    await using running = new Running(sink.url, { clock: new Clock({ runs: true }), sink: { retry } })
    await running.enqueue(...rowsOf('a', ['1']))
    await running.emptied()
    const [letter] = running.outbox.deadLetters()
    assert.equal(running.outbox.deadLetter(letter?.seq ?? 0)?.answer, 'come back later')
  })

  it('holds nothing of what was sent with it', async () => {
    await using sink = await refusing(400, 'not known: Bearer s3cret-token')
    const headers = async () => accept({ authorization: 'Bearer s3cret-token' })
    await using running = new Running(sink.url, { headers })
    await running.enqueue(...rowsOf('a', ['1']))
    await running.emptied()
    const [letter] = running.outbox.deadLetters()
    assert.equal(running.outbox.deadLetter(letter?.seq ?? 0)?.answer, 'not known: ***')
  })

  it('is none where it was no text', async () => {
    await using sink = await startSink({
      behaviour: { kind: 'answer', status: 400, headers: { 'content-type': 'image/png' }, body: '\u0089PNG' },
    })
    await using running = new Running(sink.url)
    await running.enqueue(...rowsOf('a', ['1']))
    await running.emptied()
    const [letter] = running.outbox.deadLetters()
    assert.equal(running.outbox.deadLetter(letter?.seq ?? 0)?.answer, undefined)
  })
})

describe('the sink that dead letters are parked at', () => {
  const parking = 'team-a/parking'

  it('gets a row for each, whatever it was given up for, and is started', async () => {
    await using sink = await startSink({
      behaviour: (one) => answer(one.id === '1' ? 204 : one.id === '2' ? 413 : 422),
    })
    await using running = new Running(sink.url, { sink: { parking } })
    await running.enqueue(...rowsOf('a', ['1', '2', '3']))
    await running.emptied()
    const parked = running.outbox.claim(parking, 10, running.clock.now())
    assert.deepEqual(
      parked.map(({ event, subscription, parked: from }) => [event.id, subscription, from]),
      [['2', 'team-a/builds', { sink: sinkKey, reason: 'TooLarge' }]],
    )
    assert.equal(running.outbox.size(parking), 2)
    assert.deepEqual(running.parked, [parking, parking])
    assert.equal(running.outbox.deadLetters().length, 2)
  })

  it('is told where they come from, gets the same bytes, and parks none of them again', async () => {
    await using sink = await startSink({
      behaviour: (one) => answer(one.headers['carillon-dead-letter-sink'] ? 404 : 204),
    })
    const retry = { maxAgeMs: 3000, initialDelayMs: 1000, maxDelayMs: 1000 }
    const clock = new Clock({ runs: true })
    await using running = new Running(sink.url, { clock, sink: { parking, retry } })
    const [row] = rowsOf('a', ['1'])
    assert.ok(row)
    await running.enqueue({ ...row, parked: { sink: 'team-a/first', reason: 'HTTP422' } }, ...rowsOf('b', ['2']))
    await running.emptied()
    const [first] = sink.received.filter(({ id }) => id === '1')
    assert.deepEqual(
      ['sink', 'reason'].map((name) => first?.headers[`carillon-dead-letter-${name}`]),
      ['team-a/first', 'HTTP422'],
    )
    assert.equal(first?.headers['carillon-subscription'], 'team-a/builds')
    assert.equal(first?.body, row.event.data)
    const [other] = sink.received.filter(({ id }) => id === '2')
    assert.equal(other?.headers['carillon-dead-letter-sink'], undefined)
    assert.equal(running.outbox.deadLetters().length, 1)
    assert.equal(running.outbox.size(parking), 0)
  })

  it('is never the sink itself', async () => {
    await using sink = await startSink({ behaviour: answer(422) })
    await using running = new Running(sink.url, { sink: { parking: sinkKey } })
    await running.enqueue(...rowsOf('a', ['1']))
    await running.emptied()
    assert.equal(sink.received.length, 1)
  })
})
