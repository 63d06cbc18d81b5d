import type { ObjectMeta } from '../../../src/api/object.ts'
import { suspendedSince } from '../../../src/operator/activation.ts'
import { lookForSilence } from '../../../src/operator/silence/silences.ts'
import { compileSubscription } from '../../../src/operator/subscription.ts'
import { renderStage } from '../rendering.ts'
import { context, ms, type SubscriptionSpec, sink, subscription } from '../scene.ts'

const key = 'team-a/builds'
const uid = 'uid-builds'

/** A subscription that expects something within ten minutes, active since second 0, and a clock in seconds. */
export function silenceStage(spec: Partial<SubscriptionSpec> = {}, metadata: Partial<ObjectMeta> = {}) {
  const events = [{ kind: 'TaskRun', milestones: ['started', 'finished'] }]
  const object = (more: Partial<SubscriptionSpec> = {}) =>
    subscription({ events, expect: { within: '10m', event: true }, ...spec, ...more }, metadata)
  const stage = renderStage([sink(), sink({}, { name: 'audit', uid: 'uid-audit' })], [object()])
  /** What was observed: second; 'all' up to now. */
  const seen: { until: number | undefined | 'all' } = { until: 'all' }
  const activate = (since: number) => {
    for (const sinkKey of ['team-a/qe', 'team-a/audit'])
      for (const milestone of ['started', 'finished']) stage.activate(uid, sinkKey, milestone, since)
  }
  activate(ms(0))
  const look = (second: number) => {
    stage.clock.ms = ms(second)
    return lookForSilence({
      state: stage.state,
      book: stage.book,
      look: () => undefined,
      observedUntil: () => (seen.until === 'all' ? stage.clock.ms : seen.until && ms(seen.until)),
      now: () => stage.clock.ms,
    })
  }
  return {
    ...stage,
    seen,
    look,
    /** `turned` and the second since when it is silent, as they are told at a second. */
    at(second: number) {
      const { silent, turned } = look(second)
      return { turned, since: silent[0] && (silent[0].silence.since - ms(0)) / 1000 }
    },
    matches: (second: number, name = 'unit') =>
      stage.book.matched(uid, { time: ms(second), kind: 'TaskRun', namespace: 'team-a', name, milestone: 'finished' }),
    respec(more: Partial<SubscriptionSpec>) {
      const emitter = compileSubscription(object(more), context())
      if (!emitter.ok) throw new Error(emitter.message)
      stage.state.subscriptions.set(key, { object: object(more), stalled: undefined, emitter: emitter.value })
    },
    suspend: () => activate(suspendedSince),
    resume: (second: number) => activate(ms(second)),
    condition: () => stage.subscription(key)?.conditions?.find(({ type }) => type === 'Silent'),
  }
}
