import { pause } from '../kube/backoff.ts'
import type { Overflow } from '../operator/overflow/overflow.ts'
import type { CatchUps } from '../operator/recovery/catch-ups.ts'
import { Renderer } from '../operator/render.ts'
import { Statuses } from '../operator/statuses.ts'
import { WatchTurns } from '../operator/watch-turns.ts'
import type { Watches } from '../operator/watches.ts'
import { StatusWriter } from '../status/writer.ts'
import { installOf } from './lead.ts'
import { controller, now, type Parts } from './parts.ts'
import type { Recovering } from './recovery.ts'
import { storageTeller } from './storage.ts'

/** How often the states of watches and of the disk are looked at, for the conditions that tell of them. */
const lookMs = 500

/** What statuses are made of that comes later than their writer. */
export type Told = { overflow: Overflow; recover: Recovering; watches: Watches; catchUps: CatchUps | undefined }

/** Makes statuses out of what is known, and writes them. `told` is asked for when the first is made. */
export function createStatuses(
  {
    ground,
    outbox,
    metrics,
    book,
    state,
    ofTekton,
    quotas,
  }: Pick<Parts, 'ground' | 'outbox' | 'metrics' | 'book' | 'state' | 'ofTekton' | 'quotas'>,
  told: () => Told,
) {
  const { client, log } = ground
  const statuses = new Statuses({ client, log, metrics, now, controller, install: installOf(ground.config) })
  const renderer = new Renderer({
    state,
    outbox,
    book,
    statuses,
    throttled: quotas.throttled,
    overflow: {
      of: (...of) => told().overflow.of(...of),
      ofSubscription: (...of) => told().overflow.ofSubscription(...of),
    },
    checkpoints: {
      look: (kinds) => told().recover.checkpoints.look(kinds),
      of: (subscription, sink) => told().recover.checkpoints.of(subscription, sink),
    },
    archive: (kinds) => told().catchUps?.of(kinds),
    kindState: (kind) => told().watches.state(kind),
    tektonSink: () => ofTekton.sink,
    now,
  })
  const write = async (key: string) => {
    const rendered = renderer.render(key)
    return rendered === undefined || (await statuses.write(key, rendered))
  }
  return { statuses, renderer, writer: new StatusWriter({ write, now, wait: pause }) }
}

/** Marks the subscriptions of a kind whose watch came into another state, and tells of the state of the disk. */
export async function tellStates(parts: Parts, watches: Watches, signal: AbortSignal): Promise<void> {
  const { state, writer } = parts
  const turns = new WatchTurns()
  const tellStorage = storageTeller(parts)
  while (!signal.aborted) {
    tellStorage()
    for (const kind of turns.look(state.emitters().kinds(), (kind) => watches.state(kind))) {
      for (const [key, { emitter }] of state.subscriptions) {
        if (emitter?.selection.kinds.has(kind)) writer.mark(`subscription ${key}`, 'conditions')
      }
    }
    await pause(lookMs, signal)
  }
}
