import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { allowance } from '../../src/delivery/breaker.ts'
import { watchClocks } from '../../src/delivery/clock.ts'
import { blank, type Memory, writeMemory } from '../../src/delivery/memory.ts'
import { sortByAge } from '../../src/delivery/missing.ts'
import type { SinkRuntime } from '../../src/delivery/sink.ts'
import { afterJump, isSameKind, look, memoryOf, recall, type Standing } from '../../src/delivery/standing.ts'
import { withoutSuspension } from '../../src/delivery/suspensions.ts'
import type { Row } from '../../src/outbox/outbox.ts'
import { eventOf } from './events.ts'

const [minute, hour] = [60_000, 3_600_000]
const start = Date.UTC(2026, 10, 22, 12)
/** The wall clock `ms` after the start; the other one began 1000 hours ago. */
const at = (ms: number, jump = 0) => ({ now: start + ms + jump, clock: 1000 * hour + ms, jump })
const sink: SinkRuntime = {
  key: 'team-a/qe',
  epoch: 'e1',
  url: 'http://127.0.0.1/',
  mode: 'binary',
  timeoutMs: 1000,
  concurrency: 8,
  retry: { maxAgeMs: 72 * hour, initialDelayMs: 1000, maxDelayMs: hour },
  suspend: false,
}
const present = (over: Partial<SinkRuntime> = {}) => ({ kind: 'present', sink: { ...sink, ...over } }) as const
const kept = (memory: Partial<Memory>) => writeMemory({ ...blank, epoch: 'e1', ...memory })
const untilOf = ({ gate }: Standing) => (gate.breaker.kind === 'resting' ? gate.breaker.until : undefined)

describe('a sink whose way out is another', () => {
  const [before, after] = [{}, {}]
  const resting = () => {
    const recalled = recall(kept({ rest: { until: start + 10 * minute, rests: 3 } }), at(0))
    return look(recalled, present({ door: before }), at(0)).standing
  }

  it('rests no longer, and all that waits is due', () => {
    assert.notEqual(untilOf(resting()), undefined)
    assert.equal(look(resting(), present({ door: before }), at(1)).wakes, false)
    const { standing, wakes } = look(resting(), present({ door: after }), at(1))
    assert.deepEqual([untilOf(standing), wakes], [undefined, true])
    assert.equal(look(standing, present({ door: after }), at(2)).wakes, false)
  })

  it('stays gone, and at first sight after a restart rests as long as it was to', () => {
    const gone = look(recall(kept({ gone: true }), at(0)), present({ door: before }), at(0)).standing
    const { standing, wakes } = look(gone, present({ door: after }), at(1))
    assert.deepEqual([standing.gate.gone, wakes], [true, false])
    assert.notEqual(untilOf(resting()), undefined)
  })

  it('keeps no more of it than it had', () => {
    assert.equal(writeMemory(memoryOf(resting(), at(0)))?.includes('door'), false)
  })
})

describe('a sink after a restart', () => {
  it('rests for as long as it was to, by the wall clock, and is probed with one then', () => {
    const recalled = recall(kept({ rest: { until: start + 10 * minute, rests: 3 } }), at(4 * minute))
    const { standing, wakes } = look(recalled, present(), at(4 * minute))
    assert.equal(wakes, false)
    const { breaker } = standing.gate
    assert.deepEqual(
      [9, 10].map((minutes) => allowance(breaker, at(minutes * minute).clock, 8)),
      [0, 1],
    )
    assert.ok(breaker.kind === 'resting' && breaker.rests === 3)
  })

  it('never rests for longer than maxDelay, whatever the clock was', () => {
    const recalled = recall(kept({ rest: { until: start + 5000 * hour, rests: 1 } }), at(0))
    assert.equal(untilOf(look(recalled, present(), at(0)).standing), at(hour).clock)
    const short = present({ retry: { ...sink.retry, maxDelayMs: minute } })
    assert.equal(untilOf(look(recalled, short, at(0)).standing), at(minute).clock)
  })

  it('is probed at once where its rest is over', () => {
    const recalled = recall(kept({ rest: { until: start - minute, rests: 9 } }), at(0))
    assert.equal(allowance(look(recalled, present(), at(0)).standing.gate.breaker, at(0).clock, 8), 1)
  })

  it('stays gone while its spec is the same, and is open with another', () => {
    const recalled = recall(kept({ gone: true, rest: { until: start + hour, rests: 1 } }), at(0))
    assert.equal(look(recalled, present(), at(0)).standing.gate.gone, true)
    const changed = look(recalled, present({ epoch: 'e2' }), at(0))
    assert.deepEqual([changed.standing.gate.gone, untilOf(changed.standing), changed.wakes], [false, undefined, true])
  })

  it('wakes nothing where nothing was kept', () => {
    const { standing, wakes } = look(recall('garbage', at(0)), present(), at(0))
    assert.deepEqual([standing.epoch, wakes], ['e1', false])
  })

  it('was never suspended or missing in the future', () => {
    const memory = kept({ missingSince: start + hour, suspensions: { since: start + hour, past: [] } })
    const recalled = recall(memory, at(0))
    assert.deepEqual([recalled.missingSince, recalled.suspensions.since], [start, start])
  })

  it('is as it was, when it is written down again', () => {
    const memory: Memory = {
      at: start,
      epoch: 'e1',
      gone: true,
      rest: { until: start + minute, rests: 2 },
      agreement: { perMinute: 7 },
      suspensions: { since: start - 5, past: [{ from: 1, to: 2 }] },
      missingSince: start - 3,
      withheld: new Map([['uid-a', start - 4]]),
      maxAgeMs: hour,
    }
    assert.deepEqual(memoryOf(recall(writeMemory(memory), at(0)), at(0)), memory)
  })
})

describe('a sink that is looked at', () => {
  it('is missing since it first was, and no longer once it is there', () => {
    let { standing } = look(recall(undefined, at(0)), present(), at(0))
    for (const ms of [1, 2, 3]) standing = look(standing, { kind: 'missing' }, at(ms)).standing
    assert.deepEqual([standing.missingSince, standing.maxAgeMs], [start + 1, 72 * hour])
    assert.equal(look(standing, { kind: 'unusable' }, at(9)).standing.missingSince, undefined)
    const again = look(standing, present({ epoch: 'another uid' }), at(9))
    assert.deepEqual([again.standing.missingSince, again.wakes], [undefined, true])
  })

  it('is suspended also where its spec makes no sense, but not where it is missing', () => {
    const { standing } = look(recall(undefined, at(0)), present(), at(0))
    const since = (seen: Parameters<typeof look>[1]) => look(standing, seen, at(5)).standing.suspensions.since
    assert.deepEqual(
      [since(present({ suspend: true })), since({ kind: 'unusable' }), since({ kind: 'missing' }), since(present())],
      [start + 5, start + 5, undefined, undefined],
    )
  })

  it('is of the same kind while only its rest goes on, or its pace', () => {
    const resting = recall(kept({ rest: { until: start + minute, rests: 1 } }), at(0))
    const first = look(resting, present({ eventsPerSecond: 5 }), at(0)).standing
    const later = recall(kept({ rest: { until: start + hour, rests: 7 } }), at(0))
    const second = { ...look(later, present({ eventsPerSecond: 5 }), at(3)).standing, suspensions: first.suspensions }
    assert.equal(isSameKind(first, second), true)
    for (const [seen, ms] of [
      [present({ suspend: true }), 1],
      [present({ epoch: 'e2' }), 1],
      [{ kind: 'missing' }, 1],
    ] as const) {
      assert.equal(isSameKind(first, look(first, seen, at(ms)).standing), false)
    }
  })
})

describe('a clock that is set', () => {
  it('is noticed by the other one; drift is not', () => {
    let [wall, mono] = [5_000_000, 10]
    const clocks = watchClocks(
      () => wall,
      () => mono,
    )
    const after = (byWall: number, byMono: number) => {
      wall += byWall
      mono += byMono
      return clocks().jump
    }
    assert.equal(clocks().jump, 0)
    const table: [number, number, number][] = [
      [30_000, 30_000, 0],
      [30_999, 30_000, 0],
      [hour + 5, 5, hour],
      [5, 5, 0],
      [5 - hour, 5, -hour],
      [0, hour, -hour],
    ]
    for (const [byWall, byMono, jump] of table) assert.equal(after(byWall, byMono), jump)
  })

  it('forward: what it leapt over makes no row older', () => {
    const { standing } = look(recall(undefined, at(0)), present(), at(0))
    const set = afterJump(standing, at(minute, hour))
    const age = (first: number, ms: number) => at(ms, hour).now - (withoutSuspension(first, set.suspensions) ?? 0)
    assert.equal(age(start, 3 * minute), 3 * minute)
    assert.equal(age(at(2 * minute, hour).now, 3 * minute), minute)
  })

  it('while the sink is suspended: only the time that passed is', () => {
    for (const jump of [hour, -hour]) {
      let { standing } = look(recall(undefined, at(0)), present({ suspend: true }), at(0))
      standing = afterJump(standing, at(minute, jump))
      standing = look(standing, present(), at(2 * minute, jump)).standing
      const age = at(3 * minute, jump).now - (withoutSuspension(start - minute, standing.suspensions) ?? 0)
      // A clock that was set back makes rows younger, never older.
      assert.ok(jump > 0 ? age === 2 * minute : age < 2 * minute, `${age}`)
    }
  })

  it('while the sink is missing: it is so for as long as before', () => {
    const missing = look(recall(undefined, at(0)), { kind: 'missing' }, at(0)).standing
    for (const jump of [hour, -hour]) {
      const set = afterJump(missing, at(minute, jump))
      const row = rowAt({ enqueued: start - hour })
      const sorted = (ms: number) =>
        sortByAge(
          [row],
          { since: set.missingSince ?? 0, maxAgeMs: 10 * minute, suspensions: set.suspensions },
          at(ms, jump).now,
        )
      assert.equal(sorted(10 * minute - 1).over.length, 0)
      assert.equal(sorted(10 * minute).over.length, 1)
    }
  })
})

const rowAt = (times: Partial<Row>): Row => ({
  seq: 1,
  sink: 'team-a/qe',
  subscription: 'team-a/builds',
  subscriptionUid: 'u',
  objectUid: 'o',
  event: eventOf('1'),
  attempts: 0,
  firstAttempt: undefined,
  enqueued: 0,
  ...times,
})

describe('rows of a missing sink', () => {
  const missing = { since: 1000, maxAgeMs: 100, suspensions: { since: undefined, past: [] } }
  const table: [name: string, row: Partial<Row>, end: number][] = [
    ['one that was there before, from when the sink was missing', { enqueued: 10 }, 1100],
    ['one that came later, from then', { enqueued: 1050 }, 1150],
    ['one that was tried, from its first attempt', { enqueued: 10, firstAttempt: 950 }, 1050],
  ]
  for (const [name, row, end] of table) {
    it(`${name}`, () => {
      const before = sortByAge([rowAt(row)], missing, end - 1)
      assert.deepEqual([before.over.length, before.waiting.map(({ kind }) => kind), before.next], [0, ['release'], end])
      const after = sortByAge([rowAt(row)], missing, end)
      assert.deepEqual([after.over.length, after.waiting.length, after.next], [1, 0, undefined])
      assert.deepEqual(
        [after.over[0]?.settlement.kind, after.over[0]?.record.reason, after.over[0]?.record.message],
        ['dead', 'SinkNotFound', 'Not delivered within 100ms. EventSink team-a/qe is not there.'],
      )
    })
  }

  it('suspended time is left out', () => {
    const past = [{ from: 960, to: 980 }]
    const { next } = sortByAge(
      [rowAt({ firstAttempt: 950 })],
      { ...missing, suspensions: { since: undefined, past } },
      1000,
    )
    assert.equal(next, 1070)
  })
})
