import type { EventSink, EventSubscription } from '../../src/api/generated.ts'
import { activationKey } from '../../src/operator/activation.ts'
import { Overflow } from '../../src/operator/overflow/overflow.ts'
import { type RenderDeps, Renderer } from '../../src/operator/render.ts'
import { OperatorState } from '../../src/operator/state.ts'
import { compileSubscription } from '../../src/operator/subscription.ts'
import { StatusBook } from '../../src/status/book.ts'
import type { Throttled } from '../../src/status/throttling.ts'
import { MemoryOutbox } from '../outbox/memory/memory.ts'
import { context, ms } from './scene.ts'

/** What a renderer draws on, with sinks and subscriptions as if they had been reconciled. */
export function renderStage(
  sinks: EventSink[],
  subscriptions: EventSubscription[],
  tektonSink: RenderDeps['tektonSink'] = () => undefined,
) {
  const clock = { ms: ms(100) }
  const throttled: { subscription: Throttled | undefined } = { subscription: undefined }
  const checkpoint: { ms: number | undefined } = { ms: undefined }
  const outbox = new MemoryOutbox({ now: () => clock.ms })
  const book = new StatusBook()
  const state = new OperatorState(new Map(), () => ({}))
  const name = ({ metadata }: EventSink | EventSubscription) => `${metadata.namespace}/${metadata.name}`
  for (const object of sinks) {
    const readiness = { kind: 'ready', reason: 'Ready', message: 'ready to deliver' } as const
    state.sinks.set(name(object), {
      object,
      readiness,
      runtime: undefined,
      maxEventBytes: 1,
      maxPending: { rows: 3, bytes: 1_000 },
      deadLetters: { retention: 1, max: 1 },
    })
  }
  for (const object of subscriptions) {
    const compiled = compileSubscription(object, context())
    if (!compiled.ok) throw new Error(compiled.message)
    state.subscriptions.set(name(object), { object, stalled: undefined, emitter: compiled.value })
  }
  const overflow = new Overflow({
    outbox,
    capOf: (kind, key) => (kind === 'sink' ? state.maxPending(key) : { rows: 1_000, bytes: 1_000_000 }),
    users: (sink) => state.users(sink).size,
    owner: (uid) => state.owner(uid),
    turned: () => undefined,
    dropped: () => undefined,
  })
  const deps: RenderDeps = {
    state,
    outbox,
    book,
    overflow,
    statuses: { conditions: (_key, object) => object.status?.conditions ?? [] },
    checkpoints: { look: () => undefined, of: () => checkpoint.ms },
    throttled: {
      ofSubscription: () => throttled.subscription,
      ofSink: () => undefined,
    },
    tektonSink,
    kindState: () => ({ state: 'watching' }),
    now: () => clock.ms,
  }
  const renderer = new Renderer(deps)
  return {
    clock,
    checkpoint,
    throttled,
    outbox,
    book,
    state,
    renderer,
    overflow,
    activate: (uid: string, sink: string, milestone: string, since: number) =>
      state.activations.set(activationKey(uid, sink, 'TaskRun', milestone), since),
    sink: (key: string) => renderer.render(`sink ${key}`)?.status as EventSink['status'],
    subscription: (key: string) => renderer.render(`subscription ${key}`)?.status as EventSubscription['status'],
  }
}
