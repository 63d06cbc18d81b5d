// Konflux's load, as a process of its own: builds and Snapshots that are there, and builds that are taken through at a steady rate.
import { setTimeout as delay } from 'node:timers/promises'
import { loadClient, parallel } from './client.ts'
import { build, buildFinished, buildRunning, signed, snapshot } from './konflux-objects.ts'
import type { LoadReport } from './load.ts'

export type KonfluxOrder =
  | { kind: 'connect'; url: string; ca: string; token: string }
  /** Builds that have ended, and are signed. */
  | { kind: 'builds'; namespace: string; prefix: string; count: number }
  | { kind: 'snapshots'; namespace: string; prefix: string; count: number }
  /** Takes builds from their creation to their signature, `rate` writes a second. */
  | { kind: 'drive'; namespace: string; prefix: string; count: number; rate: number }

const runs = (namespace: string) => `/apis/tekton.dev/v1/namespaces/${namespace}/pipelineruns`
const snapshots = (namespace: string) => `/apis/appstudio.redhat.com/v1alpha1/namespaces/${namespace}/snapshots`
const clock = (): number => performance.timeOrigin + performance.now()

let client: ReturnType<typeof loadClient> | undefined

async function obey(order: KonfluxOrder): Promise<[string, number][]> {
  if (order.kind === 'connect') {
    client = loadClient(order.url, order.ca, order.token, 16)
    return []
  }
  if (!client) throw new Error('not connected')
  const api = client
  const { namespace, prefix, count } = order
  if (order.kind === 'drive') return drive(api, order)
  await parallel(count, 16, async (index) => {
    const name = `${prefix}-${index}`
    if (order.kind === 'snapshots') return api.post(snapshots(namespace), snapshot(namespace, name))
    const made = build(namespace, name)
    const annotations = { ...(made.metadata.annotations as object), ...signed.metadata.annotations }
    await api.post(runs(namespace), { ...made, metadata: { ...made.metadata, annotations } })
    const ended = Date.now() - 30_000
    await api.patch(`${runs(namespace)}/${name}/status`, { status: buildFinished(name, ended - 60_000, ended) })
  })
  return []
}

/** The writes of a build's life, in order; those with a milestone that is waited for name it. */
const lifeOf = 8

async function drive(
  api: NonNullable<typeof client>,
  { namespace, prefix, count, rate }: Extract<KonfluxOrder, { kind: 'drive' }>,
): Promise<[string, number][]> {
  const acknowledged: [string, number][] = []
  const begun = new Map<number, number>()
  const write = async (index: number, step: number) => {
    const name = `${prefix}-${index}`
    const path = `${runs(namespace)}/${name}`
    const note = (milestone: string) => acknowledged.push([`${name} ${milestone}`, clock()])
    const now = Date.now()
    const since = begun.get(index) ?? now
    begun.set(index, since)
    if (step === 0) await api.post(runs(namespace), build(namespace, name))
    else if (step === lifeOf - 1) {
      await api.patch(path, signed)
      note('signed')
    } else if (step === lifeOf - 2) {
      await api.patch(`${path}/status`, { status: buildFinished(name, since, now) })
      note('finished')
      note('published')
    } else {
      await api.patch(`${path}/status`, { status: buildRunning(name, since, now, step * 3) })
      if (step === 1) note('started')
    }
  }
  // One write of a build after the other, builds side by side.
  const start = performance.now()
  const last = new Map<number, Promise<void>>()
  for (let turn = 0; turn < count * lifeOf; turn += 1) {
    const wait = start + (turn * 1000) / rate - performance.now()
    if (wait > 0) await delay(wait)
    const wave = Math.floor(turn / (lifeOf * width))
    const index = wave * width + (turn % width)
    const step = Math.floor((turn % (lifeOf * width)) / width)
    if (index < count)
      last.set(
        index,
        (last.get(index) ?? Promise.resolve()).then(() => write(index, step)),
      )
  }
  await Promise.all(last.values())
  return acknowledged
}

/** Builds that are under way at a time. */
const width = 20

process.on('message', (order: KonfluxOrder) => {
  obey(order).then(
    (acknowledged) => {
      const writtenBytes = client?.written() ?? 0
      process.send?.({ kind: 'done', acknowledged, writtenBytes } satisfies LoadReport)
    },
    (error: Error) => {
      console.error(error)
      process.exit(1)
    },
  )
})
