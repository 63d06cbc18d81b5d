/**
 * The texts that have to be answered from an index alone; a test looks at their query plans. `LIMIT ? + 0`, because SQLite prepares a
 * statement with a bare `LIMIT ?` anew at each run, to plan for its value.
 */
export const hotReads = {
  fresh: 'SELECT seq FROM rows WHERE sink = ? AND namespace = ? AND due = 0 AND seq > ? ORDER BY seq LIMIT ? + 0',
  /** Two statements, for SQLite would not use the index for (due, seq) > (?, ?), and after an outage many rows share a due time. */
  tied: 'SELECT due, seq FROM rows WHERE sink = ? AND namespace = ? AND due = ? AND seq > ? ORDER BY seq LIMIT ? + 0',
  waiting:
    'SELECT due, seq FROM rows WHERE sink = ? AND namespace = ? AND due > ? AND due <= ? ORDER BY due, seq LIMIT ? + 0',
  row: `SELECT r.seq, r.sink, r.route, r.lane, r.event, r.shared, r.enqueued, r.object, r.namespace, r.written,
      r.bytes, r.parked, r.attempts, r.first_attempt, r.crc, e.key, e.id, e.type, e.subject, e.attributes, e.data,
      e.summary_attributes, e.summary_data, e.crc
    FROM rows r JOIN events e ON e.key = r.event WHERE r.seq = ?`,
  peek: 'SELECT route, lane, bytes, enqueued, parked IS NOT NULL FROM rows WHERE seq = ?',
  behind:
    'SELECT seq, route, bytes, namespace, parked IS NOT NULL FROM rows WHERE lane = ? AND seq > ? ORDER BY seq LIMIT ? + 0',
  head: 'SELECT seq, sink, namespace, due FROM rows WHERE lane = ? ORDER BY seq LIMIT 1',
  known: 'SELECT uid FROM objects WHERE source = ?',
  knownIn: 'SELECT uid FROM objects WHERE source = ? AND namespace = ?',
  named: 'SELECT uid FROM objects WHERE source = ? AND namespace = ? AND name = ?',
  remembered: `SELECT source, namespace, name, uid, gone, body, crc FROM remembered WHERE source = ? AND namespace = ? AND name = ?
    ORDER BY gone DESC LIMIT 1`,
  object: 'SELECT uid, source, namespace, name, resource_version, ended_at, body, crc FROM objects WHERE uid = ?',
} as const
