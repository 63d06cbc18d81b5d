// Sinks of `namespaces` namespaces, 25 in all, bring 300 authorities each, and other ones every ten seconds (of a clock that is not waited for), for three
// minutes; each is sent an event in between. Prints how much memory the process takes (MiB), and how many sinks were served in each round.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { certificateBounds } from '../../src/delivery/certificate-bounds.ts'
import { CertificateStore } from '../../src/delivery/certificate-store.ts'
import { certificate } from './certificates.ts'
import { eventOf } from './events.ts'
import { listen } from './sockets.ts'
import { never, open, reply, summary, toLoopback } from './transports/sending.ts'

const namespaces = Number(process.argv[2])
const [sinks, rounds, roundMs] = [25, 18, 10_000]
const root = { name: 'Test CA', ...certificate({ name: 'Test CA', ca: true }) }
const others = Array.from({ length: 299 }, (_, at) => certificate({ name: `CA ${at}`, ca: true }, root).cert)
const bundle = [root.cert, ...others].join('')
const mebibytes = () => Math.round(process.memoryUsage.rss() / 2 ** 20)

let now = 0
const certificates = new CertificateStore(() => now, certificateBounds(256 * 2 ** 20))
await using listener = await listen(reply(204), certificate({ name: 'sink', hosts: ['sink.example'] }, root))
await using resources = new AsyncDisposableStack()
const transports = Array.from({ length: sinks }, () =>
  resources.use(open(`https://sink.example:${listener.port}/`, { connections: 1 }, toLoopback)),
)
const start = mebibytes()
const rss: number[] = []
const served: number[] = []
for (let round = 0; round < rounds; round += 1) {
  let count = 0
  for (const [at, transport] of transports.entries()) {
    // As each reading of a ConfigMap does, it makes a text of its own.
    const texts = { bundle: Buffer.from(`# ${at} ${round}\n${bundle}`).toString() }
    const of = { namespace: `team-${at % namespaces}`, sink: `sink-${at}`, asksOthers: false }
    const found = certificates.examine(texts, of)
    if (!found.ok) continue
    const answer = await transport.send(eventOf('1'), { headers: {}, signal: never, tls: found.material })
    assert.equal(summary(answer), 204)
    count += 1
  }
  await sleep(20)
  now += roundMs
  rss.push(mebibytes())
  served.push(count)
}
process.stdout.write(JSON.stringify({ start, rss, served, held: certificates.held() }))
