import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { startChild } from '../../bench/child.ts'
import type { Arrival } from '../evidence.ts'
import { type Behaviour, type SinkOrder, type SinkReport, taking } from './behaviour.ts'

export type SinkAt = { key: string; port: number }

/** Sinks in a process of their own, which note what comes in `file`. Closed at disposal, the file stays. */
export type Sinks = Disposable & {
  /** Opens a server, on the port that it had before where it was closed. */
  open(key: string, behaviour?: Behaviour, tls?: { cert: string; key: string }): Promise<SinkAt>
  behave(key: string, behaviour: Behaviour): Promise<void>
  close(key: string): Promise<void>
  /** How many requests wait for a delayed answer. */
  waiting(): Promise<number>
  /** All that was noted so far, in order. */
  arrivals(): readonly Arrival[]
}

export async function startSinks(file: string, seed: number): Promise<Sinks> {
  const child = startChild<SinkOrder, SinkReport>(new URL('./process.ts', import.meta.url).href)
  const ports = new Map<string, number>()
  let last: Promise<SinkReport> = child.ask({ kind: 'begin', file, seed })
  await last
  // Answers carry no name, so one order waits for the other.
  const ask = (order: SinkOrder): Promise<SinkReport> => {
    last = last.then(() => child.ask(order))
    return last
  }
  const read = tail(file)
  return {
    async open(key, behaviour = taking, tls) {
      const known = ports.get(key)
      const order = { kind: 'open', key, behaviour, ...(known && { port: known }), ...(tls && { tls }) } as const
      const { value: port } = await ask(order)
      ports.set(key, port)
      return { key, port }
    },
    behave: async (key, behaviour) => void (await ask({ kind: 'behave', key, behaviour })),
    close: async (key) => void (await ask({ kind: 'close', key })),
    waiting: async () => (await ask({ kind: 'count' })).value,
    arrivals: read,
    [Symbol.dispose]: () => child[Symbol.dispose](),
  }
}

/** Reads what has been added to a file of JSON lines since the last call, and gives all of it. */
function tail(file: string): () => readonly Arrival[] {
  const arrivals: Arrival[] = []
  const buffer = Buffer.alloc(1 << 20)
  let offset = 0
  let rest = ''
  return () => {
    if (!existsSync(file)) return arrivals
    const fd = openSync(file, 'r')
    for (let read = readSync(fd, buffer, 0, buffer.length, offset); read > 0; ) {
      offset += read
      const lines = (rest + buffer.toString('latin1', 0, read)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) arrivals.push(JSON.parse(line) as Arrival)
      read = readSync(fd, buffer, 0, buffer.length, offset)
    }
    closeSync(fd)
    return arrivals
  }
}
