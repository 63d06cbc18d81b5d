import type { EventSink, EventSubscription } from '../../api/generated.ts'
import { keyOf } from '../../api/object.ts'
import type { StatusBook } from '../../status/book.ts'
import { readDelivering } from '../../status/delivering.ts'
import { readEventErrors } from '../../status/event-errors.ts'
import type { Delivered, Failed } from '../../status/record.ts'

/** Puts what the statuses of an earlier process tell into the book, so that a restart goes on where it ended. */
export function seedSubscription(book: StatusBook, object: EventSubscription): void {
  const { uid } = object.metadata
  for (const sink of object.status?.sinks ?? []) {
    const key = `${sink.namespace}/${sink.name}`
    book.seed(uid, key, readPair(sink, { sink: key, subscription: keyOf(object) }))
  }
  book.seedErrors(uid, readEventErrors(object.status?.conditions, object.metadata.generation ?? 0))
  const matched = object.status?.lastMatched
  if (!matched || book.lastMatched(uid)) return
  const { time, kind = '', namespace = '', name = '', milestone = '' } = matched
  book.matched(uid, { time: Date.parse(time), kind, namespace, name, milestone })
}

/** A sink that failed is failing still, until an attempt says otherwise. */
export function seedSink(book: StatusBook, object: EventSink): void {
  book.seedSink(keyOf(object), {
    ...readPair(object.status ?? {}, { sink: keyOf(object), subscription: '' }),
    ...readDelivering(object.status?.conditions),
  })
}

type Told<T> = Partial<Omit<T, 'time' | 'nextAttempt'>> & { time: string; nextAttempt?: string }

/** `parties` are those that a status doesn't name, being their own. */
function readPair(
  told: { lastDelivered?: Told<Delivered>; lastFailure?: Told<Failed> },
  parties: Pick<Delivered, 'sink' | 'subscription'>,
) {
  const { lastDelivered, lastFailure } = told
  const blank = { id: '', type: '', subject: '', attempts: 1, ...parties }
  return {
    ...(lastDelivered && {
      lastDelivered: { ...blank, httpStatus: 0, durationMs: 0, ...lastDelivered, time: Date.parse(lastDelivered.time) },
    }),
    ...(lastFailure && {
      lastFailure: {
        ...blank,
        reason: '',
        message: '',
        ...lastFailure,
        time: Date.parse(lastFailure.time),
        nextAttempt: lastFailure.nextAttempt === undefined ? undefined : Date.parse(lastFailure.nextAttempt),
      },
    }),
  }
}
