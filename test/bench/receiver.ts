// The sink, as a process of its own: answers 204 and notes what came when.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type ReceiverOrder = { kind: 'report' } | { kind: 'clear' } | { kind: 'answer'; status: number }
/** In the order in which they came first: `<run> <milestone>` → when it came first and how often; ms since the epoch, with fractions. */
export type ReceiverReport =
  | { kind: 'listening'; port: number }
  | { kind: 'received'; events: [string, number, number][] }

const clock = (): number => performance.timeOrigin + performance.now()

/** What every request gets. */
const answer = { status: 204 }

const events = new Map<string, { first: number; times: number }>()

/** subject `taskrun/<name>`, type `dev.carillon.tekton.taskrun.<milestone>.v1`. */
function note(subject: unknown, type: unknown): void {
  const key = `${String(subject).split('/').at(-1)} ${String(type).split('.').at(-2)}`
  const known = events.get(key)
  if (known) known.times += 1
  else events.set(key, { first: clock(), times: 1 })
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const isBatch = request.headers['content-type'] === 'application/cloudevents-batch+json; charset=utf-8'
  const chunks: Buffer[] = []
  if (isBatch) request.on('data', (chunk: Buffer) => chunks.push(chunk))
  else request.resume()
  request.on('end', () => {
    if (answer.status >= 300) return response.writeHead(answer.status).end()
    if (!isBatch) note(request.headers['ce-subject'], request.headers['ce-type'])
    else for (const { subject, type } of JSON.parse(Buffer.concat(chunks).toString())) note(subject, type)
    response.writeHead(204).end()
  })
})

process.on('message', (order: ReceiverOrder) => {
  if (order.kind === 'clear') events.clear()
  if (order.kind === 'answer') answer.status = order.status
  process.send?.({
    kind: 'received',
    events: [...events].map(([key, { first, times }]) => [key, first, times]),
  } satisfies ReceiverReport)
})

server.listen(0, '127.0.0.1', () => {
  process.send?.({ kind: 'listening', port: (server.address() as AddressInfo).port } satisfies ReceiverReport)
})

process.once('disconnect', () => process.exit())
