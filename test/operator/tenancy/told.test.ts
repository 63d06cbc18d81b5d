// What a subscription's status tells of sinks of other namespaces.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AttemptRecord } from '../../../src/delivery/attempt.ts'
import type { Readiness } from '../../../src/status/summarise.ts'
import { commitRows, only, parked, rowOf } from '../../outbox/batches.ts'
import { renderStage } from '../rendering.ts'
import { emitter, ms, sink, subscription } from '../scene.ts'

const shared = 'platform/shared'
const foreign = { sinks: [{ name: 'shared', namespace: 'platform' }] }

const attempt = (over: Partial<AttemptRecord> = {}): AttemptRecord => ({
  time: ms(1),
  sink: shared,
  subscription: 'team-a/builds',
  subscriptionUid: 'uid-builds',
  id: 'e1',
  type: 't',
  subject: 's',
  attempts: 1,
  durationMs: 1,
  httpStatus: undefined,
  outcome: 'hold',
  reason: 'CredentialsMissing',
  message: 'Secret hidden was not found in namespace platform.',
  nextAttempt: ms(2),
  rests: true,
  ...over,
})

/** The status of `team-a/builds`, which the shared sink lets in as the test says. */
function stage(isOpen: boolean, hasSink = true) {
  const one = subscription(foreign)
  const sinks = hasSink ? [sink({}, { name: 'shared', namespace: 'platform', uid: 'uid-shared' })] : []
  const made = renderStage(sinks, [one])
  const closed = [{ key: shared, reason: 'SinkNotFound', message: 'not found' }]
  const uses = isOpen ? { open: [shared], closed: [] } : { open: [], closed }
  made.state.subscriptions.set('team-a/builds', {
    object: one,
    stalled: undefined,
    emitter: emitter('builds', foreign, { uses }),
  })
  const status = () => {
    const { conditions = [], sinks: told } = made.subscription('team-a/builds') ?? {}
    return { conditions: conditions.map(({ type, status: is, reason, message }) => [type, is, reason, message]), told }
  }
  return { ...made, status }
}

test('of a sink that it may not use it tells nothing, whatever is known of that', () => {
  const missing = stage(false, false)
  const closed = stage(false)
  closed.book.attempted(attempt({ subscription: 'platform/own', subscriptionUid: 'uid-own' }))
  const room = closed.overflow.room()
  room.take({ sink: shared, namespace: 'platform', rows: 3, bytes: 1 })
  room.take({ sink: shared, namespace: 'platform', rows: 1, bytes: 1 })
  assert.deepEqual(closed.status(), missing.status())
  assert.deepEqual(closed.status().told, [{ namespace: 'platform', name: 'shared', pending: 0 }])
  // Nor while nobody understands the subscription.
  const stalled = { kind: 'stalled', reason: 'FilterInvalid', message: '' } satisfies Readiness
  for (const one of [missing, closed]) {
    const known = one.state.subscriptions.get('team-a/builds')
    assert.ok(known)
    one.state.subscriptions.set('team-a/builds', { ...known, stalled, emitter: undefined })
  }
  assert.deepEqual(closed.status(), missing.status())
})

test('dead letters that a sink’s owner parks do not tell that there is such a sink', async () => {
  const { outbox, book, status } = stage(false)
  const own = { subscription: 'team-a/builds', subscriptionUid: 'uid-builds' }
  await commitRows(outbox, rowOf('o1', 'e1', { ...own, sink: 'platform/other' }))
  await outbox.settle([parked(only(outbox.claim('platform/other', 9, ms(0))), shared)], ms(0))
  book.attempted(attempt())
  assert.deepEqual(status().told, [{ namespace: 'platform', name: 'shared', pending: 0 }])
})

test('of one that it used before, it tells its own past, and what waits', async () => {
  const { activate, outbox, book, status } = stage(false)
  const own = { subscription: 'team-a/builds', subscriptionUid: 'uid-builds' }
  activate('uid-builds', shared, 'finished', ms(10))
  await commitRows(outbox, rowOf('o1', 'e1', { ...own, sink: shared }))
  book.attempted(attempt({ outcome: 'delivered', reason: '', message: '', httpStatus: 204, rests: false }))
  const [told] = status().told ?? []
  assert.deepEqual([told?.pending, told?.lastDelivered?.id, told?.delivering], [1, 'e1', undefined])
})

test('that a shared sink’s own Secrets are wrong is told without naming them', () => {
  const { book, state, sink: sinkStatus, subscription: _, ...open } = stage(true)
  book.attempted(attempt())
  const known = state.sinks.get(shared)
  assert.ok(known)
  const readiness = { kind: 'waiting', reason: 'SecretNotFound', message: 'Secret hidden' } satisfies Readiness
  state.sinks.set(shared, { ...known, readiness })
  const told = JSON.stringify(open.status())
  assert.doesNotMatch(told, /hidden/)
  assert.match(told, /EventSink platform\/shared isn't ready: SecretNotFound: its own status tells why/)
  assert.match(told, /the sink's own credentials can't be had/)
  assert.match(JSON.stringify(sinkStatus(shared)), /Secret hidden was not found/)
})

test('what its own credentials meet is told on the subscription alone', () => {
  const { book, sink: sinkStatus, status } = stage(true)
  const refused = { httpStatus: 401, reason: 'Unauthorized', message: 'The sink answered 401.', isOwn: true } as const
  book.attempted(
    attempt({
      outcome: 'delivered',
      reason: '',
      message: '',
      httpStatus: 204,
      rests: false,
      subscriptionUid: 'uid-other',
    }),
  )
  assert.equal(book.attempted(attempt(refused)), true)
  assert.equal(book.attempted(attempt(refused)), false)
  const deliveringOf = (conditions: unknown[][]) => conditions.find(([type]) => type === 'Delivering')?.slice(1, 3)
  assert.deepEqual(deliveringOf(status().conditions), ['False', 'Unauthorized'])
  assert.equal(status().told?.[0]?.delivering, false)
  const own = sinkStatus(shared)
  const [delivering] = (own?.conditions ?? []).filter(({ type }) => type === 'Delivering')
  assert.deepEqual([delivering?.status, own?.lastFailure], ['True', undefined])
  const taken = { outcome: 'delivered', reason: '', message: '', httpStatus: 204, rests: false } as const
  assert.equal(book.attempted(attempt(taken)), true)
  assert.deepEqual(deliveringOf(status().conditions), ['True', 'Delivered'])
})
