// A network of its own (unshare -Urnm): addresses that no sink may have, each with somebody who listens, and a DNS server that lies.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DnsServer, startDns } from '../../delivery/dns.ts'

/** Of a cloud's metadata, of private and shared ranges, of a service network; on the loopback device of this network alone. */
export const forbidden = [
  '127.0.0.1',
  '127.1.2.3',
  '169.254.169.254',
  '169.254.170.2',
  '10.0.0.1',
  '10.96.0.1',
  '172.16.0.1',
  '192.168.0.1',
  '100.64.0.1',
  '100.100.100.200',
  '192.0.0.192',
  '198.18.0.1',
  '::1',
  'fd00:ec2::254',
  'fd12:3456::1',
  'fec0::1',
] as const

/** Anybody's: what is not refused comes here. */
export const allowed = '93.184.215.14'

export const ports = [80, 443, 8080, 10250] as const

/** `address port` → connections. */
export type Connections = Map<string, number>

/** `host family` → the answers to one question after the other; the last one stays. */
export type Zone = Map<string, readonly string[][]>

export type World = AsyncDisposable & { connections: Connections; zone: Zone; dns: DnsServer }

/** Lays out the network. To be called in namespaces of one's own only: it takes over the loopback device and /etc. */
export async function startWorld(): Promise<World> {
  run('ip', 'link', 'set', 'lo', 'up')
  for (const address of [...forbidden.filter((one) => !/^127\.|^::1$/.test(one)), allowed])
    run('ip', 'addr', 'add', `${address}/${address.includes(':') ? 128 : 32}`, 'dev', 'lo')
  // kube-apiserver does not start without one.
  run('ip', 'route', 'add', 'default', 'dev', 'lo')
  const folder = mkdtempSync(join(tmpdir(), 'carillon-hostile-'))
  const files = { 'resolv.conf': 'nameserver 127.0.0.1\n', hosts: '127.0.0.1 localhost\n::1 localhost\n' }
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text)
    run('mount', '--bind', join(folder, name), `/etc/${name}`)
  }
  const resources = new AsyncDisposableStack()
  const connections: Connections = new Map()
  for (const address of [...forbidden, allowed])
    for (const port of ports) resources.defer(await listen(address, port, connections))
  const zone: Zone = new Map()
  const turns = new Map<string, number>()
  const dns = resources.use(
    await startDns((name, family) => {
      const key = `${name} ${family}`
      const answers = zone.get(key)
      if (!answers) return 'NXDOMAIN'
      const turn = turns.get(key) ?? 0
      turns.set(key, turn + 1)
      return answers[Math.min(turn, answers.length - 1)] ?? []
    }, 53),
  )
  return { connections, zone, dns, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

function run(command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
}

/** Takes what comes, and counts who came. Resolves with what ends it. */
async function listen(address: string, port: number, connections: Connections): Promise<() => Promise<void>> {
  const server: Server = createServer((request, response) => {
    request.resume()
    const [, status] = /^\/redirect\/(\d+)$/.exec(request.url ?? '') ?? []
    if (status === undefined) response.writeHead(204).end()
    else response.writeHead(Number(status), { location: 'http://169.254.169.254/' }).end()
  })
  server.on('connection', () => {
    const key = `${address} ${port}`
    connections.set(key, (connections.get(key) ?? 0) + 1)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve))
  return async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}
