import { randomUUID } from 'node:crypto'
import { accept, refuse } from '../api/verdict.ts'
import type { ReplayProgress, VersionAnswer } from '../operator/control/api.ts'
import { deadLetterHandlers } from '../operator/control/dead-letter-handlers.ts'
import type { ReviveDeps } from '../operator/control/dead-letters.ts'
import { purge } from '../operator/control/purge.ts'
import { replay } from '../operator/control/replay.ts'
import { readPurge, readReplay } from '../operator/control/requests.ts'
import { sinkTester } from '../operator/control/sink-test/sink-test.ts'
import type { Handler, Handlers } from '../operator/control/socket.ts'
import type { Operator } from '../operator/operator.ts'
import type { Watches } from '../operator/watches.ts'
import type { AccessReader } from './access.ts'
import { transportTo } from './deliveries.ts'
import { now, type Parts } from './parts.ts'

export type ControlParts = Parts & {
  operator: Pick<Operator, 'ready'>
  watches: Pick<Watches, 'refresh' | 'state'>
  reviving: ReviveDeps
  startDelivery(sink: string): void
  access: AccessReader
}

/** Progress is for people: no more lines of it than one can read. */
const progressMs = 1_000

/** What the operator's socket answers. */
export function controlHandlers(parts: ControlParts, version: string): Handlers {
  const {
    access,
    ground,
    metrics,
    operator,
    outbox,
    renderer,
    replays,
    reviving,
    startDelivery,
    state,
    watches,
    writer,
  } = parts
  const whenReady =
    (handler: Handler): Handler =>
    (call) =>
      operator.ready
        ? handler(call)
        : refuse('NotReady', 'the operator is still reading sinks and subscriptions: try again in a moment')
  const tell = (sinks: Iterable<string>, subscriptions: Iterable<string>) => {
    renderer.stale()
    for (const sink of sinks) writer.mark(`sink ${sink}`, 'conditions')
    for (const subscription of subscriptions) writer.mark(`subscription ${subscription}`, 'conditions')
  }
  const revived = (sinks: ReadonlySet<string>) => {
    for (const sink of sinks) startDelivery(sink)
    tell(sinks, new Set([...sinks].flatMap((sink) => state.referrers(sink))))
  }
  const handlers: Handlers = {
    ...deadLetterHandlers({ outbox, reviving, revived, now }),
    async 'POST /v1/purge'({ body }) {
      const request = readPurge(body)
      if (!request.ok) return request
      return purge(request.value, {
        outbox,
        state,
        now,
        purged(gone, { sinks, subscriptions }) {
          metrics.dropped.inc({ reason: 'Purged' }, gone.rows)
          metrics.deadLettersPurged.inc(gone.deadLetters)
          tell(sinks, subscriptions)
        },
      })
    },
    'POST /v1/sinks/test': sinkTester({
      sink: (key) => state.sinks.get(key),
      checkUrl: (url, toService) => ground.egress.check(url, toService),
      access: (sink) => access(sink, true),
      transport: transportTo(ground),
      cluster: ground.cluster,
      log: ground.log,
      now,
      uuid: randomUUID,
    }),
    async 'POST /v1/replay'({ body, signal, tell: line }) {
      const request = readReplay(body)
      if (!request.ok) return request
      const serverNow = () => ground.client.serverTime()
      const deps = { state, replays, watches, reviving, revived, now, serverNow }
      return replay(request.value, deps, sparing(line), signal)
    },
  }
  return {
    ...Object.fromEntries(Object.entries(handlers).map(([route, handler]) => [route, whenReady(handler)])),
    'GET /v1/version': () => accept({ version } satisfies VersionAnswer),
  }
}

/** Passes progress on once in a while, and whenever another kind begins. */
function sparing(line: (line: object) => void): (progress: ReplayProgress) => void {
  let told = { at: Number.NEGATIVE_INFINITY, kind: '' }
  return (progress) => {
    if (progress.kind === told.kind && now() - told.at < progressMs) return
    told = { at: now(), kind: progress.kind }
    line({ progress })
  }
}
