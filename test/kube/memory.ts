// Prints how much memory a process has while it lists 5 000 objects of 10 kB and then watches: run it by itself, with the flags of the image:
// node --max-semi-space-size=1 --max-old-space-size=64 --v8-pool-size=1 test/kube/memory.ts [kubeconfig]
import { fork } from 'node:child_process'
import { connect } from '../../src/kube/client.ts'
import { Reflector } from '../../src/kube/reflector.ts'

const OBJECTS = 5_000
const BYTES = 10_000
const resource = { group: 'test.carillon.dev', version: 'v1', plural: 'widgets' }

if (process.argv[2] === undefined) await serve()
else await measure(process.argv[2])

async function serve() {
  const { startControlPlane } = await import('../controlplane/controlplane.ts')
  const { createWidget, widgetCrd } = await import('./follow.ts')
  await using plane = await startControlPlane()
  await plane.admin.apply(widgetCrd)
  const names = Array.from({ length: OBJECTS }, (_, at) => `w${at}`).values()
  const create = async () => {
    for (const name of names) await createWidget(plane, 'default', name, BYTES)
  }
  await Promise.all(Array.from({ length: 12 }, create))
  await new Promise((resolve) => fork(import.meta.filename, [plane.kubeconfig('admin')]).on('exit', resolve))
}

async function measure(kubeconfig: string) {
  const rss = () => Math.round(process.memoryUsage.rss() / 1024 / 1024)
  const start = rss()
  const connected = await connect({ kubeconfig })
  if (!connected.ok) throw new Error(connected.message)
  await using client = connected.value
  const log = { debug: () => undefined, info: () => undefined, warn: console.warn, error: console.error }
  const metrics = {
    watchEvents: () => undefined,
    listed: () => undefined,
    relisted: () => undefined,
    failed: console.warn,
  }
  await using reflector = new Reflector({
    client,
    name: 'followed',
    resource,
    now: Date.now,
    random: Math.random,
    log,
    metrics,
  })
  const stop = new AbortController()
  const began = performance.now()
  const cpu = process.cpuUsage()
  let [peak, pages, objects, longest] = [0, 0, 0, 0]
  for await (const batch of reflector.batches(stop.signal)) {
    peak = Math.max(peak, rss())
    pages += 1
    objects += batch.changes.length
    longest = Math.max(longest, batch.changes.length)
    if (batch.phase === 'listed') stop.abort()
  }
  const { user, system } = process.cpuUsage(cpu)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  const perKb = ((user + system) / ((objects * BYTES) / 1000)).toFixed(1)
  console.log(`at start ${start} MiB, connected and listing at most ${peak} MiB RSS`)
  console.log(`${objects} objects in ${pages} pages of up to ${longest}, ${seconds} s, ${perKb} µs CPU per kB`)
}
