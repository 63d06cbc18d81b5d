// A receiver that keeps each event once and tells what happened to an object in order.
//   node receiver.mjs            listens on 127.0.0.1:18080, keeps events in ./events.db
//   curl 127.0.0.1:18080/?subject=taskrun/build
import { createServer } from 'node:http'
import { DatabaseSync } from 'node:sqlite'

const db = new DatabaseSync(process.env.EVENTS_DB ?? 'events.db')
// On the disk before the answer goes out: after a 2xx, Carillon never sends the event again.
db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
db.exec(`CREATE TABLE IF NOT EXISTS events (
  source TEXT, id TEXT, subject TEXT, sequence TEXT, event TEXT, PRIMARY KEY (source, id)) STRICT`)
const insert = db.prepare('INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?)')
const bySequence = db.prepare('SELECT event FROM events WHERE subject = ? ORDER BY source, sequence, rowid')

/** The CloudEvents of a request, in binary, structured or batch mode, each as one object. */
function read(headers, body) {
  if (headers['content-type']?.startsWith('application/cloudevents-batch+json')) return JSON.parse(body)
  if (headers['content-type']?.startsWith('application/cloudevents+json')) return [JSON.parse(body)]
  const event = {}
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('ce-')) event[name.slice(3)] = decodeURIComponent(value)
  }
  return [body === '' ? event : { ...event, datacontenttype: headers['content-type'], data: JSON.parse(body) }]
}

/** Answers 204 for what it has, whether it is new or a repeat: both are settled. Of a batch it keeps all events or none. */
function take(headers, body) {
  let events
  try {
    events = read(headers, body)
  } catch {
    return 400
  }
  if (!events.every(({ specversion, source, id }) => specversion === '1.0' && source && id)) return 400
  db.exec('BEGIN')
  const fresh = events.filter(keep)
  db.exec('COMMIT')
  for (const { sequence = '', subject = '', type } of fresh) console.log(`${sequence} ${subject} ${type}`)
  return 204
}

/** Whether it is new. */
function keep(event) {
  const { source, id, subject = '', sequence = '' } = event
  return insert.run(source, id, subject, sequence, JSON.stringify(event)).changes === 1
}

/** What OPTIONS is answered: events of this origin are welcome, at the rate that it asks for. */
function agree({ 'webhook-request-origin': origin, 'webhook-request-rate': rate }) {
  if (!origin || origin !== process.env.ALLOWED_ORIGIN) return { allow: 'OPTIONS, POST' }
  return { allow: 'OPTIONS, POST', 'webhook-allowed-origin': origin, ...(rate && { 'webhook-allowed-rate': rate }) }
}

const server = createServer(async (request, response) => {
  if (request.method === 'GET') {
    const { searchParams } = new URL(request.url, 'http://localhost')
    const rows = bySequence.all(searchParams.get('subject') ?? '')
    return response.setHeader('content-type', 'application/json').end(`[${rows.map((row) => row.event).join(',')}]\n`)
  }
  if (request.method === 'OPTIONS') return response.writeHead(204, agree(request.headers)).end()
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  response.writeHead(request.method === 'POST' ? take(request.headers, body) : 405).end()
})
server.listen(Number(process.env.PORT ?? 18080), '127.0.0.1', () => {
  console.log(`listens at http://127.0.0.1:${server.address().port}/`)
})
