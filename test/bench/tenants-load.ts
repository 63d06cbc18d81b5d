// The load of many tenants, as a process of its own: their namespaces and what they declare, and runs in some of them.
import { setTimeout as delay } from 'node:timers/promises'
import { loadClient, parallel } from './client.ts'
import type { LoadReport } from './load.ts'
import { finished, started, taskRun } from './objects.ts'

export type TenantsOrder =
  | { kind: 'connect'; url: string; ca: string; token: string }
  /** Namespaces `<prefix>-<n>`, each with a sink at `url` and a subscription to all that its TaskRuns do. */
  | { kind: 'found'; prefix: string; count: number; url: string }
  /** Creates, starts and finishes runs `<prefix>-<n>`, in turn in each of the namespaces, `rate` status writes a second. */
  | { kind: 'drive'; namespaces: string[]; prefix: string; count: number; bytes: number; rate: number }

const clock = (): number => performance.timeOrigin + performance.now()

let client: ReturnType<typeof loadClient> | undefined

async function obey(order: TenantsOrder): Promise<[string, number][]> {
  if (order.kind === 'connect') {
    client = loadClient(order.url, order.ca, order.token, 16)
    return []
  }
  if (!client) throw new Error('not connected')
  return order.kind === 'found' ? found(client, order) : drive(client, order)
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
  { namespaces, prefix, count, bytes, rate }: Extract<TenantsOrder, { kind: 'drive' }>,
): Promise<[string, number][]> {
  const placeOf = (index: number) => namespaces[index % namespaces.length] ?? ''
  const runs = (index: number) => `/apis/tekton.dev/v1/namespaces/${placeOf(index)}/taskruns`
  await parallel(count, 16, (index) => api.post(runs(index), taskRun(placeOf(index), `${prefix}-${index}`, bytes)))
  await delay(500)
  const acknowledged: [string, number][] = []
  const writes: Promise<void>[] = []
  const start = performance.now()
  const lag = Math.min(count, Math.ceil(rate / 2))
  for (let turn = 0, index = 0; index < count + lag; index += 1) {
    for (const [run, milestone] of [
      [index, 'started'],
      [index - lag, 'finished'],
    ] as const) {
      if (run < 0 || run >= count) continue
      const wait = start + (turn * 1000) / rate - performance.now()
      turn += 1
      if (wait > 0) await delay(wait)
      const name = `${prefix}-${run}`
      const now = Date.now()
      const status = milestone === 'started' ? started(now) : finished(now - 1000, now, bytes)
      writes.push(
        api.patch(`${runs(run)}/${name}/status`, { status }).then(() => {
          acknowledged.push([`${name} ${milestone}`, clock()])
        }),
      )
    }
  }
  await Promise.all(writes)
  return acknowledged
}

process.on('message', (order: TenantsOrder) => {
  obey(order).then(
    (acknowledged) => process.send?.({ kind: 'done', acknowledged } satisfies LoadReport),
    (error: Error) => {
      console.error(error)
      process.exit(1)
    },
  )
})
