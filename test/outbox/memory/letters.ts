import type { DeadLetter, DeadLetterQuery, NewRow, Row, WholeDeadLetter } from '../../../src/outbox/outbox.ts'
import type { KeptRow } from './rows.ts'

export type KeptLetter = WholeDeadLetter & Pick<KeptRow, 'objectUid' | 'namespace' | 'written' | 'parked'>

type Burial = { reason: string; message: string; answer?: string; time: number }

export function letterOf(row: KeptRow, { reason, message, answer, time }: Burial): KeptLetter {
  const { seq, sink, subscription, subscriptionUid, objectUid, namespace, written, event, attempts, parked } = row
  const { id, type, subject } = event
  return {
    ...{ seq, sink, subscription, subscriptionUid, objectUid, namespace, written, attempts },
    ...{ id, type, subject, event, reason, message, answer, time },
    ...(parked && { parked }),
  }
}

export const plain = (letter: KeptLetter): DeadLetter => {
  const { event: _event, answer: _answer, ...rest } = whole(letter)
  return rest
}

export const whole = ({
  objectUid: _objectUid,
  namespace: _namespace,
  written: _written,
  parked: _parked,
  ...letter
}: KeptLetter): WholeDeadLetter => letter

export function rowOfLetter(letter: KeptLetter): NewRow & Pick<Row, 'parked'> {
  const { sink, subscription, subscriptionUid, objectUid, namespace, written, event, parked } = letter
  return { sink, subscription, subscriptionUid, objectUid, namespace, written, event, ...(parked && { parked }) }
}

/** Those that a query means, in the order of their rows. */
export function select(
  letters: readonly KeptLetter[],
  query: DeadLetterQuery,
  also: (letter: KeptLetter) => boolean = () => true,
): KeptLetter[] {
  const { seqs, sink, subscription, subscriptionUid, since, after, limit = 1000 } = query
  return letters
    .filter(
      (letter) =>
        (seqs === undefined || seqs.includes(letter.seq)) &&
        (sink === undefined || letter.sink === sink) &&
        (subscription === undefined || letter.subscription === subscription) &&
        (subscriptionUid === undefined || letter.subscriptionUid === subscriptionUid) &&
        (since === undefined || letter.time >= since) &&
        (after === undefined || letter.seq > after) &&
        also(letter),
    )
    .sort((a, b) => a.seq - b.seq)
    .slice(0, limit)
}

/** The letters of a sink that are too old, or the oldest of too many. */
export function tooMany(
  letters: readonly KeptLetter[],
  sink: string,
  keep: { before: number; max: number },
): Set<KeptLetter> {
  const own = letters.filter((letter) => letter.sink === sink)
  const young = own.filter((letter) => letter.time >= keep.before).sort((a, b) => b.time - a.time || b.seq - a.seq)
  const kept = new Set(young.slice(0, keep.max))
  return new Set(own.filter((letter) => !kept.has(letter)))
}
