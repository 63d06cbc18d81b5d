// The load of many tenants, as a process of its own: their namespaces and what they declare, and runs in some of them.
import { setTimeout as delay } from 'node:timers/promises'
import { loadClient, parallel } from './client.ts'
import type { LoadReport } from './load.ts'
import { finished, started, taskRun } from './objects.ts'

export type TenantsOrder =
  | { kind: 'connect'; url: string; ca: string; token: string }
  /** Namespaces `<prefix>-<n>`, each with a sink at `url` and a subscription to all that its TaskRuns do. */
  | { kind: 'found'; prefix: string; count: number; url: string }
  /** Creates runs `<prefix>-<n>`, in turn in each of the namespaces. */
  | ({ kind: 'create' } & Runs)
  /** Starts and finishes them, `rate` status writes a second; `atOnce`: with one write each. */
  | ({ kind: 'drive'; rate: number; atOnce: boolean } & Runs)

export type Runs = { namespaces: string[]; prefix: string; count: number; bytes: number }

const clock = (): number => performance.timeOrigin + performance.now()

let client: ReturnType<typeof loadClient> | undefined

async function obey(order: TenantsOrder): Promise<[string, number][]> {
  if (order.kind === 'connect') {
    client = loadClient(order.url, order.ca, order.token, 16)
    return []
  }
  if (!client) throw new Error('not connected')
  if (order.kind === 'found') return found(client, order)
  return order.kind === 'create' ? create(client, order) : drive(client, order)
}

const placeOf = ({ namespaces }: Runs, index: number) => namespaces[index % namespaces.length] ?? ''
const collectionOf = (runs: Runs, index: number) => `/apis/tekton.dev/v1/namespaces/${placeOf(runs, index)}/taskruns`

async function create(api: NonNullable<typeof client>, runs: Runs): Promise<[string, number][]> {
  const { prefix, count, bytes } = runs
  await parallel(count, 16, (index) =>
    api.post(collectionOf(runs, index), taskRun(placeOf(runs, index), `${prefix}-${index}`, bytes)),
  )
  return []
}

async function found(
  api: NonNullable<typeof client>,
  { prefix, count, url }: Extract<TenantsOrder, { kind: 'found' }>,
): Promise<[string, number][]> {
  await parallel(count, 16, async (index) => {
    const namespace = `${prefix}-${index}`
    await api.post('/api/v1/namespaces', { metadata: { name: namespace } })
    const apiVersion = 'carillon.dev/v1alpha1'
    const collection = (plural: string) => `/apis/${apiVersion}/namespaces/${namespace}/${plural}`
    await api.post(collection('eventsinks'), {
      apiVersion,
      kind: 'EventSink',
      metadata: { name: 'sink' },
      spec: { http: { url } },
    })
    await api.post(collection('eventsubscriptions'), {
      apiVersion,
      kind: 'EventSubscription',
      metadata: { name: 'builds' },
      spec: { sinks: [{ name: 'sink' }], events: [{ kind: 'TaskRun', milestones: ['started', 'finished'] }] },
    })
  })
  return []
}

/** Open loop: a write is due every 1000/rate ms, whether or not the one before is acknowledged. */
async function drive(
  api: NonNullable<typeof client>,
  { rate, atOnce, ...runs }: Extract<TenantsOrder, { kind: 'drive' }>,
): Promise<[string, number][]> {
  const { prefix, count, bytes } = runs
  const acknowledged: [string, number][] = []
  const writes: Promise<void>[] = []
  const start = performance.now()
  const lag = Math.min(count, Math.ceil(rate / 2))
  for (let turn = 0, index = 0; index < count + lag; index += 1) {
    for (const [run, milestone] of [
      [index, 'started'],
      [index - lag, 'finished'],
    ] as const) {
      if (run < 0 || run >= count || (atOnce && milestone === 'started')) continue
      const wait = start + (turn * 1000) / rate - performance.now()
      turn += 1
      if (wait > 0) await delay(wait)
      const name = `${prefix}-${run}`
      const now = Date.now()
      const status = milestone === 'started' ? started(now) : finished(now - 1000, now, bytes)
      writes.push(
        api.patch(`${collectionOf(runs, run)}/${name}/status`, { status }).then(() => {
          acknowledged.push([`${name} ${milestone}`, clock()])
        }),
      )
    }
  }
  await Promise.all(writes)
  return acknowledged
}

process.once('disconnect', () => process.exit())
process.on('message', (order: TenantsOrder) => {
  obey(order).then(
    (acknowledged) => process.send?.({ kind: 'done', acknowledged } satisfies LoadReport),
    (error: Error) => {
      console.error(error)
      process.exit(1)
    },
  )
})
