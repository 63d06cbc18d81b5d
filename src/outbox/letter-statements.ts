import type { AllReader, Reader, Writer } from './statements.ts'

type LetterCells = [
  seq: number,
  sink: string,
  subscription: string,
  subscriptionUid: string,
  object: string,
  event: number,
  shared: number,
  reason: string,
  message: string,
  attempts: number,
  time: number,
  namespace: string,
  written: number,
  parked: string | null,
  answer: string | null,
]

/** A dead letter as `Outbox.deadLetters` lists it. */
export type ListedLetter = [
  seq: number,
  sink: string,
  subscription: string,
  subscriptionUid: string,
  id: string,
  type: string,
  subject: string,
  reason: string,
  message: string,
  attempts: number,
  time: number,
]

export const listedLetters = `SELECT d.seq, d.sink, d.subscription, d.subscription_uid, e.id, e.type, e.subject, d.reason, d.message,
    d.attempts, d.time FROM dead_letters d JOIN events e ON e.key = d.event`

/** What a row is made of again. */
export type DeadRow = [
  seq: number,
  sink: string,
  subscription: string,
  subscriptionUid: string,
  object: string,
  event: number,
  shared: number,
  namespace: string,
  written: number,
  parked: string | null,
  bytes: number,
]

export const deadRows = `SELECT d.seq, d.sink, d.subscription, d.subscription_uid, d.object, d.event, d.shared, d.namespace, d.written,
    d.parked, octet_length(e.attributes) + coalesce(octet_length(e.data), 0)
      + coalesce(octet_length(e.summary_attributes), 0) + coalesce(octet_length(e.summary_data), 0)
  FROM dead_letters d JOIN events e ON e.key = d.event`

/** A dead letter that is to be dropped. */
export type DroppedLetter = [seq: number, sink: string, event: number, shared: number]

export const letterStatements = (write: Writer, read: Reader, all: AllReader) => ({
  addDeadLetter: write<LetterCells>(
    `INSERT INTO dead_letters (seq, sink, subscription, subscription_uid, object, event, shared, reason, message, attempts, time,
       namespace, written, parked, answer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ),
  dropDeadLetter: write<[seq: number]>('DELETE FROM dead_letters WHERE seq = ?'),
  deadLetter: read<
    [seq: number],
    [...ListedLetter, answer: string | null, attributes: string, data: string | null, string | null, string | null]
  >(
    `SELECT d.seq, d.sink, d.subscription, d.subscription_uid, e.id, e.type, e.subject, d.reason, d.message, d.attempts, d.time,
       d.answer, e.attributes, e.data, e.summary_attributes, e.summary_data
     FROM dead_letters d JOIN events e ON e.key = d.event WHERE d.seq = ?`,
  ),
  deadLetterSizes: all<[], [sink: string, letters: number]>('SELECT sink, count(*) FROM dead_letters GROUP BY sink'),
  oldLetters: all<[sink: string, before: number, limit: number], DroppedLetter>(
    'SELECT seq, sink, event, shared FROM dead_letters WHERE sink = ? AND time < ? LIMIT ? + 0',
  ),
  oldestLetters: all<[sink: string, limit: number], DroppedLetter>(
    'SELECT seq, sink, event, shared FROM dead_letters WHERE sink = ? ORDER BY time, seq LIMIT ? + 0',
  ),
})
