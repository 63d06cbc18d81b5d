// Sinks and subscriptions of every shape that the schema takes.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import schemas from '../../../src/api/generated-schemas.json' with { type: 'json' }
import type { Schema } from '../../../src/api/schema.ts'
import { declare } from '../../../src/cli/explain/declared.ts'
import { parallel } from '../../bench/client.ts'
import type { Fault } from '../fault.ts'
import { fuzzed } from '../fuzz/fuzzed.ts'
import { type Places, pick } from '../fuzz/texts.ts'
import { apiVersion, begin } from '../layout.ts'
import { between, type Random } from '../random.ts'
import type { Scene } from '../scene.ts'
import { underLoad } from '../verbs.ts'

/** CRs that are there at the same time, and the namespaces that they are in. */
const atOnce = 500
const namespaces = 10

export const fuzz: Fault = {
  id: 'fuzz',
  title: 'sinks and subscriptions of every shape that the schema takes',
  cost: { recoveryMs: 30_000 },
  seconds: 290,
  onlyAsked: true,
  async run(scene) {
    await begin(scene)
    const { pid } = scene.operator
    await using server = await startAnything(scene.random)
    const places: Places = {
      sinks: Array.from({ length: atOnce / namespaces / 2 }, (_, n) => `cr-${n}`),
      namespaces: Array.from({ length: namespaces }, (_, n) => `${scene.name}-fuzz-${n}`),
      port: server.port,
    }
    for (const namespace of places.namespaces) await settle(scene, namespace)
    const count = { made: 0, refused: 0 }
    const silent: string[] = []
    const all = scene.scaled(10_000)
    const ran = await underLoad(
      scene,
      async () => {
        while (count.made < all && silent.length === 0) silent.push(...(await wave(scene, places, count)))
        return `${count.made} CRs were taken and told of, ${count.refused} the API server refused`
      },
      { perSecond: 2 },
    )
    const wrong = [...silent, ...(await unexpected(scene))]
    if (scene.operator.pid !== pid || !scene.operator.health()) wrong.push('the operator ended')
    return { ...ran, wrong, notes: [`${server.requests()} requests came to a server that answers anything`] }
  },
}

type Kind = 'EventSink' | 'EventSubscription'
const plurals = { EventSink: 'eventsinks', EventSubscription: 'eventsubscriptions' } as const
const collection = (kind: Kind, namespace: string) => `/apis/${apiVersion}/namespaces/${namespace}/${plurals[kind]}`

/** Makes as many as may be there at once, waits for a word on each, and takes them away; gives what no word came of. */
async function wave(scene: Scene, places: Places, count: { made: number; refused: number }): Promise<string[]> {
  const jobs = places.namespaces.flatMap((namespace) =>
    places.sinks.flatMap((name) => [
      { kind: 'EventSink' as const, namespace, name },
      { kind: 'EventSubscription' as const, namespace, name },
    ]),
  )
  await parallel(jobs.length, 8, async (index) => {
    const job = jobs[index]
    if (!job) return
    for (;;) {
      const spec = specOf(job.kind, scene.random, places)
      const metadata = { name: job.name, namespace: job.namespace, labels: { 'carillon.dev/class': scene.name } }
      const body = { apiVersion, kind: job.kind, metadata, spec }
      const { status } = await scene.api.write('POST', collection(job.kind, job.namespace), body)
      if (status < 300) break
      count.refused += 1
    }
    count.made += 1
  })
  const silent = await untold(scene, places)
  // Something for them to tell of, and a moment to tell it in.
  await scene.load.burst(`wave-${count.made}`, places.namespaces.length, places.namespaces)
  await delay(1000)
  for (const namespace of places.namespaces)
    for (const kind of ['EventSubscription', 'EventSink'] as const)
      await scene.api.write('DELETE', collection(kind, namespace))
  return silent
}

/** One that the schema takes, as far as that can be said without an API server. */
function specOf(kind: Kind, random: Random, places: Places): unknown {
  for (;;) {
    const spec = fuzzed(schemas[kind] as Schema, kind, random, places)
    const object = { apiVersion, kind, metadata: { name: 'case' }, spec }
    if (declare({ kind, object, from: '' }, 'case').refused.length === 0) return spec
  }
}

type Cr = {
  metadata: { name: string; namespace: string; generation: number }
  spec: unknown
  status?: { observedGeneration?: number; conditions?: { type: string; status: string }[] }
}

/** What has no condition Ready of its generation after a minute, with its spec. */
async function untold(scene: Scene, places: Places): Promise<string[]> {
  let silent: string[] = []
  for (const end = Date.now() + 60_000; Date.now() < end; await delay(500)) {
    silent = []
    for (const namespace of places.namespaces)
      for (const kind of ['EventSink', 'EventSubscription'] as const) {
        const { body } = await scene.api.write('GET', collection(kind, namespace))
        for (const { metadata, spec, status } of (body.items ?? []) as Cr[]) {
          const isTold = status?.conditions?.some(({ type }) => type === 'Ready')
          if (isTold && status?.observedGeneration === metadata.generation) continue
          silent.push(`no condition of ${kind} ${metadata.namespace}/${metadata.name}: ${JSON.stringify(spec)}`)
        }
      }
    if (silent.length === 0) return []
  }
  return silent.slice(0, 5)
}

/** What loops met unexpectedly, and what was logged as an error. */
async function unexpected(scene: Scene): Promise<string[]> {
  const failures = await scene.operator.metric('carillon_loop_failures_total')
  const lines = scene.operator
    .log()
    .split('\n')
    .filter((line) => /"level":"(error|fatal)"/.test(line) || !line.startsWith('{'))
  return [...(failures > 0 ? [`${failures} failures of loops`] : []), ...lines.slice(0, 5)]
}

/** A namespace with what CRs may refer to, right and wrong, and a few runs. */
async function settle(scene: Scene, namespace: string): Promise<void> {
  const { admin, random } = scene
  await admin.createNamespace(namespace)
  const texts = [
    'a',
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLwSw',
    '',
    'two\nlines',
    '-----BEGIN CERTIFICATE-----\nAAAA\n',
    'ü',
  ]
  const keys = [
    'token',
    'username',
    'password',
    'client-id',
    'client-secret',
    'ca.crt',
    'tls.crt',
    'tls.key',
    'whsec',
    'key',
  ]
  const data = () =>
    Object.fromEntries(
      keys.filter(() => random() < 0.8).map((key) => [key, Buffer.from(pick(random, texts)).toString('base64')]),
    )
  const labels = { 'carillon.dev/credential': 'true' }
  const secret = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels },
    data: data(),
  })
  await admin.apply([
    secret('one'),
    { ...secret('two'), data: { token: Buffer.from([0xff, 0xfe, 0]).toString('base64') } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one', namespace }, data: { 'ca.crt': 'no PEM' } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'one', namespace } },
  ])
  await scene.load.burst('fuzzed', 3, [namespace])
}

/** Answers anything: right, wrong, late, nothing. Ends with all that is open. */
async function startAnything(random: Random) {
  let requests = 0
  const answers: [number, Record<string, string>, string][] = [
    [204, {}, ''],
    [200, { 'content-type': 'text/html' }, '<html>'],
    [302, { location: '/' }, ''],
    [400, {}, 'no'],
    [401, {}, ''],
    [404, {}, ''],
    [410, {}, ''],
    [413, {}, ''],
    [429, { 'retry-after': '1' }, ''],
    [500, { 'retry-after': 'x' }, ''],
    [503, {}, 'x'.repeat(100_000)],
    [200, { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '0' }, '{"access_token":"t","token_type":"bearer"}'],
  ]
  const server: Server = createServer((request, response) => {
    requests += 1
    request.resume()
    const turn = between(random, 0, answers.length)
    const answer = answers[turn]
    if (!answer) request.socket.destroy()
    else response.writeHead(answer[0], answer[1]).end(answer[2])
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
