import type { Makers } from './makers.ts'
import type { StoredEvent } from './row-statements.ts'

export type LetterCells = [
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

const letterColumns = `d.seq, d.sink, d.subscription, d.subscription_uid, d.object, d.event, d.shared, d.reason, d.message, d.attempts,
    d.time, d.namespace, d.written, d.parked, d.answer, d.crc`

type Letter = [...LetterCells, crc: number | null]

/** What `Outbox.deadLetters` lists. */
export type ListedLetter = [...Letter, id: string, type: string, subject: string]

export const listedLetters = `SELECT ${letterColumns}, e.id, e.type, e.subject FROM dead_letters d JOIN events e ON e.key = d.event`

/** What a row is made of again. */
export type DeadRow = [...Letter, bytes: number]

export const deadRows = `SELECT ${letterColumns}, octet_length(e.attributes) + coalesce(octet_length(e.data), 0)
      + coalesce(octet_length(e.summary_attributes), 0) + coalesce(octet_length(e.summary_data), 0)
  FROM dead_letters d JOIN events e ON e.key = d.event`

/** A dead letter and its event, each with its checksum. */
export type StoredLetter = [...Letter, key: number, ...StoredEvent, eventCrc: number | null]

/** A dead letter that is to be dropped. */
export type DroppedLetter = [seq: number, sink: string, event: number, shared: number]

export const letterStatements = ({ write, seal, read, all }: Makers) => ({
  addDeadLetter: seal<LetterCells>(
    `INSERT INTO dead_letters (seq, sink, subscription, subscription_uid, object, event, shared, reason, message, attempts, time,
       namespace, written, parked, answer, crc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ),
  dropDeadLetter: write<[seq: number]>('DELETE FROM dead_letters WHERE seq = ?'),
  deadLetter: read<[seq: number], StoredLetter>(
    `SELECT ${letterColumns}, e.key, e.id, e.type, e.subject, e.attributes, e.data, e.summary_attributes, e.summary_data, e.crc
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
