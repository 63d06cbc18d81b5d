import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type Proxy = AsyncDisposable & {
  /** As the target's, with the proxy's port. TLS passes through, so the target's certificate is what a client sees. */
  url: string
  /** Resets every open connection; new ones are taken. */
  severAll(): void
  /** From now on no byte is passed on, in either direction, on old connections and new ones; none is closed. */
  stall(): void
  /** Ends a stall; what was sent meanwhile is passed on. */
  resume(): void
  /** The connections that are open now never pass on a byte again, and are not closed; new ones work. */
  abandon(): void
  /** How many connections are open. */
  connections(): number
}

type Pair = { client: Socket; upstream: Socket }

/** A TCP proxy on a free port of 127.0.0.1 before `target` (an http or https URL), to cut and to stall connections at will. */
export async function startProxy(target: string): Promise<Proxy> {
  const { hostname, port } = new URL(target)
  const pairs = new Set<Pair>()
  const abandoned = new WeakSet<Pair>()
  let stalled = false

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    const upstream = connect({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true })
    const pair = { client, upstream }
    pairs.add(pair)
    client.setNoDelay()
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      // An error is always followed by close, which is where the pair ends.
      socket.on('error', () => other.resetAndDestroy())
      socket.on('close', () => {
        pairs.delete(pair)
        other.destroy()
      })
    }
    if (!stalled) join(pair)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))

  const severAll = () => {
    for (const { client, upstream } of pairs) {
      client.resetAndDestroy()
      upstream.resetAndDestroy()
    }
  }
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href.replace(/\/$/, ''),
    severAll,
    stall() {
      stalled = true
      for (const pair of pairs) part(pair)
    },
    resume() {
      stalled = false
      for (const pair of pairs) if (!abandoned.has(pair)) join(pair)
    },
    abandon() {
      for (const pair of pairs) {
        part(pair)
        abandoned.add(pair)
      }
    },
    connections: () => pairs.size,
    async [Symbol.asyncDispose]() {
      severAll()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function join({ client, upstream }: Pair): void {
  client.pipe(upstream)
  upstream.pipe(client)
}

function part({ client, upstream }: Pair): void {
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    from.unpipe(to)
    from.pause()
  }
}
