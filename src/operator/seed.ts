import type { EventSink, EventSubscription } from '../api/generated.ts'
import { keyOf } from '../api/object.ts'
import type { StatusBook } from '../status/book.ts'
import type { Delivered, Failed } from '../status/record.ts'

/** Puts what the statuses of an earlier process tell into the book, so that a restart goes on where it ended. */
export function seedSubscription(book: StatusBook, object: EventSubscription): void {
  const { uid } = object.metadata
  for (const sink of object.status?.sinks ?? []) {
    book.seed(uid, `${sink.namespace}/${sink.name}`, readPair(sink))
  }
  const matched = object.status?.lastMatched
  if (!matched || book.lastMatched(uid)) return
  const { time, kind = '', namespace = '', name = '', milestone = '' } = matched
  book.matched(uid, { time: Date.parse(time), kind, namespace, name, milestone })
}

export function seedSink(book: StatusBook, object: EventSink): void {
  book.seedSink(keyOf(object), readPair(object.status ?? {}))
}

type Told<T> = Partial<Omit<T, 'time' | 'nextAttempt'>> & { time: string; nextAttempt?: string }

function readPair(told: { lastDelivered?: Told<Delivered>; lastFailure?: Told<Failed> }) {
  const { lastDelivered, lastFailure } = told
  const blank = { id: '', type: '', subject: '', sink: '', subscription: '', attempts: 1 }
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
