import { createSocket } from 'node:dgram'
import { once } from 'node:events'

/** What a name has: addresses of the family that is asked for, an error, or no answer at all. */
export type Zone = (name: string, family: 4 | 6) => readonly string[] | 'NXDOMAIN' | 'SERVFAIL' | 'hang'

export type DnsServer = AsyncDisposable & {
  /** `127.0.0.1:port` */
  address: string
  /** `name family` of every question, in order. */
  asked: string[]
  /** Resolves once so many questions were asked. */
  questions(count: number): Promise<void>
}

/** A DNS server on loopback, on a free port where none is given, that answers by UDP what the zone says, and little else (RFC 1035 §4). */
export async function startDns(zone: Zone, port = 0): Promise<DnsServer> {
  const asked: string[] = []
  let waiting: (() => void)[] = []
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const { name, type, end } = question(query)
    const family = type === 28 ? 6 : 4
    asked.push(`${name} ${family}`)
    for (const wake of waiting.splice(0)) wake()
    const found = zone(name, family)
    if (found !== 'hang') socket.send(answer(query.subarray(0, end), type, found), from.port, from.address)
  })
  socket.bind(port, '127.0.0.1')
  await once(socket, 'listening')
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    async questions(count) {
      while (asked.length < count) await new Promise<void>((resolve) => waiting.push(resolve))
    },
    async [Symbol.asyncDispose]() {
      waiting = []
      await new Promise<void>((resolve) => socket.close(resolve))
    },
  }
}

function question(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

function answer(asked: Buffer, type: number, found: Exclude<ReturnType<Zone>, 'hang'>): Buffer {
  const addresses = typeof found === 'string' ? [] : found
  const code = found === 'NXDOMAIN' ? 3 : found === 'SERVFAIL' ? 2 : 0
  const head = Buffer.from(asked)
  head.writeUInt16BE(0x8180 + code, 2)
  head.writeUInt16BE(addresses.length, 6)
  head.writeUInt16BE(0, 8)
  head.writeUInt16BE(0, 10)
  const records = addresses.map((address) => {
    const bytes = type === 28 ? v6(address) : Buffer.from(address.split('.').map(Number))
    const record = Buffer.alloc(12)
    record.writeUInt16BE(0xc00c, 0)
    record.writeUInt16BE(type, 2)
    record.writeUInt16BE(1, 4)
    record.writeUInt32BE(0, 6)
    record.writeUInt16BE(bytes.length, 10)
    return Buffer.concat([record, bytes])
  })
  return Buffer.concat([head, ...records])
}

function v6(address: string): Buffer {
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean))
  const groups = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail]
  const bytes = Buffer.alloc(16)
  for (const [at, group] of groups.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * at)
  return bytes
}
