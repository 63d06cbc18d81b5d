import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import type { Identity } from './certificates.ts'

/** A listener on a free port that answers every connection as told, byte by byte. */
export type Listener = AsyncDisposable & {
  port: number
  /** Requests whose head and announced body came in whole, as text. */
  requests: string[]
  connections: number
  /** Resolves when the next connection has ended. */
  disconnected(): Promise<void>
}

/** What is done once a request is in whole. */
export type Act = (socket: Socket, request: string) => void

/** With `tls.ca` it asks for a certificate of that authority, and takes no other. */
export async function listen(act: Act, tls?: Identity & Omit<TlsOptions, 'cert' | 'key'>): Promise<Listener> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  let waiting: (() => void)[] = []
  const counts = { connections: 0 }
  const serve = (socket: Socket) => {
    counts.connections += 1
    sockets.add(socket)
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      if (!isWhole(text)) return
      requests.push(text)
      const request = text
      text = ''
      act(socket, request)
    })
    // A client that goes away is what some tests are about.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      for (const wake of waiting.splice(0)) wake()
    })
  }
  const server: Server = tls
    ? createTlsServer({ ...tls, ...(tls.ca !== undefined && { requestCert: true }) }, serve)
    : createTcpServer(serve)
  if (tls) server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  waiting = []
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    get connections() {
      return counts.connections
    },
    disconnected: () => new Promise((resolve) => waiting.push(resolve)),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
  return Buffer.byteLength(text.slice(end + 4)) >= length
}
