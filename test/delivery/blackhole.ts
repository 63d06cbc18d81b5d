import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { spawnBound } from '../controlplane/process.ts'

/** Listens, and then never takes a connection up. */
const program = `
  const server = require('node:net').createServer()
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    require('node:fs').writeSync(1, String(server.address().port))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })
`

/** A port of loopback that answers no SYN, as where a policy drops packets: its queue of connections is full, and nobody empties it. */
export async function startBlackhole(): Promise<AsyncDisposable & { port: number }> {
  const { child, kill } = spawnBound(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [printed] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  const port = Number(printed)
  // Many more than the queue holds; the kernel fills it without the program's doing.
  const sockets = Array.from({ length: 16 }, () => connect(port, '127.0.0.1').on('error', () => undefined))
  await Promise.race(sockets.map((socket) => once(socket, 'connect')))
  await delay(200)
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await kill()
    },
  }
}
