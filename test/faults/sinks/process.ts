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

/** One line, written before anybody is answered. */
const note = (arrival: Arrival): void => void writeSync(file, `${JSON.stringify(arrival)}\n`)

function describe(request: IncomingMessage, sink: string, mode: Mode): Arrival {
  const header = (name: string) => String(request.headers[name] ?? '')
  const [kind = '', milestone = ''] = header('ce-type').split('.').slice(-3, -1)
  return {
    at: Date.now(),
    sink,
    subscription: header('carillon-subscription'),
    id: header('ce-id'),
    kind,
    namespace: header('ce-namespace'),
    name: header('ce-subject').split('/').at(-1) ?? '',
    uid: header('ce-uid'),
    milestone,
    sequence: header('ce-sequence'),
    taken: (mode.kind === 'status' || mode.kind === 'endless-body') && mode.status >= 200 && mode.status < 300,
    answer: 'status' in mode ? `${mode.kind === 'status' ? '' : mode.kind} ${mode.status}`.trim() : mode.kind,
  }
}

function choose(open: Open, request: IncomingMessage): Mode {
  const id = `${request.headers['carillon-subscription']} ${request.headers['ce-id']}`
  const attempt = (open.attempts.get(id) ?? 0) + 1
  open.attempts.set(id, attempt)
  const { authorization } = open.behaviour
  if (authorization !== undefined && request.headers.authorization !== authorization)
    return { kind: 'status', status: 401 }
  const type = String(request.headers['ce-type'])
  const rule = open.behaviour.rules?.find(
    ({ subject, milestone, attempts, share }) =>
      (subject === undefined || String(request.headers['ce-subject']).includes(subject)) &&
      (milestone === undefined || type.split('.').at(-2) === milestone) &&
      (attempts === undefined || attempt <= attempts) &&
      (share === undefined || random() < share),
  )
  return rule?.mode ?? open.behaviour.otherwise
}

function serve(sink: string, request: IncomingMessage, response: ServerResponse): void {
  const open = sinks.get(sink)
  if (!open) return void response.destroy()
  const mode = choose(open, request)
  request.on('error', () => response.destroy())
  response.on('error', () => response.destroy())
  if (mode.kind === 'reset-before') {
    note(describe(request, sink, mode))
    request.socket.resetAndDestroy()
    return
  }
  request.resume()
  request.on('end', () => answer(sink, mode, request, response))
}

function answer(sink: string, mode: Mode, request: IncomingMessage, response: ServerResponse): void {
  const arrival = describe(request, sink, mode)
  if (mode.kind === 'status' && mode.delayMs) {
    waiting += 1
    setTimeout(() => {
      waiting -= 1
      const gone = response.destroyed || response.socket === null
      note(gone ? { ...arrival, taken: false, answer: 'left before the answer' } : arrival)
      if (!gone) response.writeHead(mode.status, mode.headers).end(mode.body)
    }, mode.delayMs)
    return
  }
  note(arrival)
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
