// The sinks, as a process of its own: servers that note every request in a file before they answer, and misbehave as they are told.
import { openSync, writeSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Arrival } from '../evidence.ts'
import { type Random, seeded } from '../random.ts'
import type { Behaviour, Mode, SinkOrder, SinkReport } from './behaviour.ts'

type Open = { server: Server; sockets: Set<Socket>; behaviour: Behaviour; port: number; attempts: Map<string, number> }

const sinks = new Map<string, Open>()
let file = -1
let random: Random = Math.random
let waiting = 0

/** A line for each event of a request, written before anybody is answered. */
const note = (arrivals: readonly Arrival[]): void =>
  void writeSync(file, arrivals.map((arrival) => `${JSON.stringify(arrival)}\n`).join(''))

/** An event's attributes, as far as they matter here. */
type Told = { id: string; type: string; subject: string; namespace: string; uid: string; sequence: string }

/** A request with the events that it is for. */
type Asked = { request: IncomingMessage; events: readonly Told[] }

const inHeaders = ({ headers }: IncomingMessage): Told => {
  const header = (name: string) => String(headers[`ce-${name}`] ?? '')
  return {
    id: header('id'),
    type: header('type'),
    subject: header('subject'),
    namespace: header('namespace'),
    uid: header('uid'),
    sequence: header('sequence'),
  }
}

const describe = ({ request, events }: Asked, sink: string, mode: Mode): Arrival[] =>
  events.map((event) => ({
    ...describeOne(event, String(request.headers['carillon-subscription'] ?? ''), sink, mode),
    ...(isBatch(request) && { among: events.length }),
  }))

function describeOne(event: Told, subscription: string, sink: string, mode: Mode): Arrival {
  const [kind = '', milestone = ''] = event.type.split('.').slice(-3, -1)
  const { id, namespace, uid, sequence } = event
  return {
    at: Date.now(),
    sink,
    subscription,
    id,
    kind,
    namespace,
    name: event.subject.split('/').at(-1) ?? '',
    uid,
    milestone,
    sequence,
    taken: (mode.kind === 'status' || mode.kind === 'endless-body') && mode.status >= 200 && mode.status < 300,
    answer: 'status' in mode ? `${mode.kind === 'status' ? '' : mode.kind} ${mode.status}`.trim() : mode.kind,
  }
}

/** A rule is for a batch where it is for any of its events. */
function choose(open: Open, { request, events }: Asked): Mode {
  const tried = events.map((event) => {
    const id = `${request.headers['carillon-subscription']} ${event.id}`
    const attempt = (open.attempts.get(id) ?? 0) + 1
    open.attempts.set(id, attempt)
    return { ...event, attempt }
  })
  const { authorization } = open.behaviour
  if (authorization !== undefined && request.headers.authorization !== authorization)
    return { kind: 'status', status: 401 }
  const rule = open.behaviour.rules?.find(
    ({ subject, milestone, attempts, share }) =>
      tried.some(
        (one) =>
          (subject === undefined || one.subject.includes(subject)) &&
          (milestone === undefined || one.type.split('.').at(-2) === milestone) &&
          (attempts === undefined || one.attempt <= attempts),
      ) &&
      (share === undefined || random() < share),
  )
  return rule?.mode ?? open.behaviour.otherwise
}

function serve(sink: string, request: IncomingMessage, response: ServerResponse): void {
  const open = sinks.get(sink)
  if (!open) return void response.destroy()
  request.on('error', () => response.destroy())
  response.on('error', () => response.destroy())
  if (isBatch(request)) return void serveBatch(open, sink, request, response)
  const asked = { request, events: [inHeaders(request)] }
  const mode = choose(open, asked)
  if (mode.kind === 'reset-before') {
    note(describe(asked, sink, mode))
    request.socket.resetAndDestroy()
    return
  }
  request.resume()
  request.on('end', () => answer(sink, mode, asked, response))
}

const isBatch = ({ headers }: IncomingMessage): boolean =>
  headers['content-type']?.startsWith('application/cloudevents-batch+json') ?? false

/** Which events a batch is of shows when it has come. */
function serveBatch(open: Open, sink: string, request: IncomingMessage, response: ServerResponse): void {
  let body = ''
  request.setEncoding('utf8').on('data', (text: string) => {
    body += text
  })
  request.on('end', () => {
    const asked = { request, events: JSON.parse(body) as Told[] }
    answer(sink, choose(open, asked), asked, response)
  })
}

function answer(sink: string, mode: Mode, asked: Asked, response: ServerResponse): void {
  const { request } = asked
  const arrivals = describe(asked, sink, mode)
  if (mode.kind === 'status' && mode.delayMs) {
    waiting += 1
    setTimeout(() => {
      waiting -= 1
      const gone = response.destroyed || response.socket === null
      const unanswered = arrivals.map((one) => ({ ...one, taken: false, answer: 'left before the answer' }))
      note(gone ? unanswered : arrivals)
      if (!gone) response.writeHead(mode.status, mode.headers).end(mode.body)
    }, mode.delayMs)
    return
  }
  note(arrivals)
  switch (mode.kind) {
    case 'status':
      response.writeHead(mode.status, mode.headers).end(mode.body)
      return
    case 'hang':
      return
    case 'reset-before':
    case 'reset-after':
      request.socket.resetAndDestroy()
      return
    case 'slow-headers':
      drip(request, `HTTP/1.1 204 No Content\r\nX-Filler: ${'x'.repeat(4096)}\r\n\r\n`, mode.everyMs)
      return
    case 'endless-body': {
      response.writeHead(mode.status, { 'content-type': 'text/plain' })
      const timer = setInterval(() => response.write('x'.repeat(1024)), 10)
      response.on('close', () => clearInterval(timer))
      return
    }
    case 'trash':
      request.socket.end(Buffer.from([0, 255, 254, 1, 2, 3, 13, 10, 13, 10]))
      return
    default:
      mode satisfies never
  }
}

/** Byte by byte: every byte resets a client's idle timeout, none ends the answer. */
function drip({ socket }: IncomingMessage, text: string, everyMs: number): void {
  let sent = 0
  const timer = setInterval(() => {
    if (sent === text.length) clearInterval(timer)
    else socket.write(text.slice(sent, ++sent))
  }, everyMs)
  socket.on('close', () => clearInterval(timer))
}

async function open(order: Extract<SinkOrder, { kind: 'open' }>): Promise<number> {
  const { key, behaviour, tls } = order
  const listener = (request: IncomingMessage, response: ServerResponse) => serve(key, request, response)
  const options = { keepAliveTimeout: 60_000 }
  const server = tls ? (createTlsServer({ ...options, ...tls }, listener) as Server) : createServer(options, listener)
  // A client that leaves in the middle is what many of the faults are made of.
  server.on('clientError', (_, socket) => socket.destroy())
  // Those in the middle of a TLS handshake are no HTTP connections yet.
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(order.port ?? 0, '127.0.0.1', 512, resolve)
  })
  const { port } = server.address() as AddressInfo
  sinks.set(key, { server, sockets, behaviour, port, attempts: sinks.get(key)?.attempts ?? new Map() })
  return port
}

async function obey(order: SinkOrder): Promise<number> {
  if (order.kind === 'begin') {
    file = openSync(order.file, 'a')
    random = seeded(order.seed, 'sinks')
    return 0
  }
  if (order.kind === 'count') return waiting
  if (order.kind === 'open') return open(order)
  const known = sinks.get(order.key)
  if (!known) throw new Error(`no sink ${order.key}`)
  if (order.kind === 'behave') known.behaviour = order.behaviour
  else {
    const closed = new Promise((resolve) => known.server.close(resolve))
    for (const socket of known.sockets) socket.resetAndDestroy()
    await closed
  }
  return known.port
}

process.on('disconnect', () => process.exit(0))
process.on('message', (order: SinkOrder) => {
  obey(order).then(
    (value) => process.send?.({ value } satisfies SinkReport),
    (error: Error) => {
      console.error(error)
      process.exit(1)
    },
  )
})
