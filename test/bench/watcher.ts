// A bare watch client, as a process of its own: when each status was first seen by somebody who does nothing else.
import { Client } from 'undici'

export type WatcherOrder = { kind: 'watch'; url: string; ca: string; token: string; path: string } | { kind: 'report' }
export type WatcherReport = { kind: 'watching' } | { kind: 'seen'; events: [string, number][] }

const clock = (): number => performance.timeOrigin + performance.now()
const seen = new Map<string, number>()

function note(line: string): void {
  if (line === '') return
  const { object } = JSON.parse(line) as { object: { metadata: { name: string }; status?: Record<string, unknown> } }
  if (!object.status?.startTime) return
  const key = `${object.metadata.name} ${object.status.completionTime ? 'finished' : 'started'}`
  if (!seen.has(key)) seen.set(key, clock())
}

async function watch({ url, ca, token, path }: Extract<WatcherOrder, { kind: 'watch' }>): Promise<void> {
  const client = new Client(url, { connect: { ca }, bodyTimeout: 0 })
  const headers = { authorization: `Bearer ${token}` }
  const list = await client.request({ method: 'GET', path: `${path}?limit=1`, headers })
  const { metadata } = (await list.body.json()) as { metadata: { resourceVersion: string } }
  const { body } = await client.request({
    method: 'GET',
    path: `${path}?watch=true&resourceVersion=${metadata.resourceVersion}`,
    headers,
  })
  process.send?.({ kind: 'watching' } satisfies WatcherReport)
  let rest = ''
  for await (const chunk of body) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) note(line)
  }
}

process.on('message', (order: WatcherOrder) => {
  if (order.kind === 'report') process.send?.({ kind: 'seen', events: [...seen] } satisfies WatcherReport)
  else
    watch(order).catch((error: Error) => {
      console.error(error)
      process.exit(1)
    })
})
