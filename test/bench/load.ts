// The load, as a process of its own: creates runs, and writes their statuses at a steady rate.
import { setTimeout as delay } from 'node:timers/promises'
import { loadClient, parallel } from './client.ts'
import { finished, started, taskRun } from './objects.ts'

export type LoadOrder =
  | { kind: 'connect'; url: string; ca: string; token: string }
  /** Creates runs `<prefix>-<n>`; with `ended` they are finished at once, as of long ago. */
  | { kind: 'create'; namespace: string; prefix: string; count: number; bytes: number; ended: boolean }
  /** Starts and finishes the runs `<prefix>-<n>`, `rate` status writes a second. */
  | { kind: 'drive'; namespace: string; prefix: string; count: number; bytes: number; rate: number }

/** Acknowledged writes: `<name> <milestone>` → ms since the epoch, with fractions. */
export type LoadReport = { kind: 'done'; acknowledged: [string, number][]; writtenBytes?: number }

const collection = (namespace: string) => `/apis/tekton.dev/v1/namespaces/${namespace}/taskruns`
const status = (namespace: string, name: string) => `${collection(namespace)}/${name}/status`

const clock = (): number => performance.timeOrigin + performance.now()

let client: ReturnType<typeof loadClient> | undefined

async function obey(order: LoadOrder): Promise<[string, number][]> {
  if (order.kind === 'connect') {
    client = loadClient(order.url, order.ca, order.token, 16)
    return []
  }
  if (!client) throw new Error('not connected')
  return order.kind === 'create' ? create(client, order) : drive(client, order)
}

async function create(
  api: NonNullable<typeof client>,
  order: Extract<LoadOrder, { kind: 'create' }>,
): Promise<[string, number][]> {
  const { namespace, prefix, count, bytes, ended } = order
  const acknowledged: [string, number][] = []
  await parallel(count, 16, async (index) => {
    const name = `${prefix}-${index}`
    await api.post(collection(namespace), taskRun(namespace, name, bytes))
    if (!ended) return
    const now = Date.now()
    await api.patch(status(namespace, name), { status: finished(now - 60_000, now - 30_000, bytes) })
    for (const milestone of ['started', 'finished']) acknowledged.push([`${name} ${milestone}`, clock()])
  })
  return acknowledged
}

/** Open loop: a write is due every 1000/rate ms, whether or not the one before is acknowledged. */
async function drive(
  api: NonNullable<typeof client>,
  order: Extract<LoadOrder, { kind: 'drive' }>,
): Promise<[string, number][]> {
  const { namespace, prefix, count, bytes, rate } = order
  const acknowledged: [string, number][] = []
  const writes: Promise<void>[] = []
  const begun = new Map<number, number>()
  const start = performance.now()
  // A run is finished one second of writes after it was started, as two runs are never written in one breath.
  const lag = Math.min(count, Math.ceil(rate / 2))
  const plan: [number, 'started' | 'finished'][] = []
  for (let index = 0; index < count + lag; index += 1) {
    if (index < count) plan.push([index, 'started'])
    if (index >= lag) plan.push([index - lag, 'finished'])
  }
  for (const [turn, [index, milestone]] of plan.entries()) {
    const due = start + (turn * 1000) / rate
    const wait = due - performance.now()
    if (wait > 0) await delay(wait)
    const name = `${prefix}-${index}`
    const now = Date.now()
    if (milestone === 'started') begun.set(index, now)
    const body = milestone === 'started' ? started(now) : finished(begun.get(index) ?? now, now, bytes)
    writes.push(
      api.patch(status(namespace, name), { status: body }).then(() => {
        acknowledged.push([`${name} ${milestone}`, clock()])
      }),
    )
  }
  await Promise.all(writes)
  return acknowledged
}

process.on('message', (order: LoadOrder) => {
  obey(order).then(
    (acknowledged) => process.send?.({ kind: 'done', acknowledged } satisfies LoadReport),
    (error: Error) => {
      console.error(error)
      process.exit(1)
    },
  )
})
