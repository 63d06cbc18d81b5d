import type { CountDelta, NewGap, ObjectRecord } from '../../outbox/outbox.ts'
import type { Milestone, Source } from '../../sources/source.ts'
import type { Emitter } from '../emitter.ts'
import type { Room } from './admit.ts'

/** Deliveries that there was no room for, and that nothing tells again. */
export type Dropped = Omit<CountDelta, 'counts'> & { deliveries: number }

/** What is owed after a refusal: what was before, then what is new. Observed milestones are dropped: no later state tells them again. */
export function refuse(owed: readonly string[], asked: readonly Milestone[]): { owed: string[]; dropped: string[] } {
  const before = new Set(owed)
  const news = asked.filter((one) => !before.has(one.key))
  const keysOf = (which: Milestone['class']) => news.filter((one) => one.class === which).map((one) => one.key)
  return { owed: [...owed, ...keysOf('derived')], dropped: keysOf('observed') }
}

/** A milestone makes a delivery in each format that knows it. */
export function droppedOf(emitter: Emitter, sink: string, source: Source, keys: readonly string[]): Dropped {
  const formatsOf = (key: string) =>
    emitter.formats.filter(({ format }) => format.knows(source, nameOf(emitter, key), emitter.options)).length
  const deliveries = keys.reduce((sum, key) => sum + Math.max(1, formatsOf(key)), 0)
  return { subscription: emitter.key, subscriptionUid: emitter.uid, sink, deliveries }
}

/** A milestone's name begins its key; what a subscription defines has that one's uid before it. */
function nameOf({ uid }: Emitter, key: string): string {
  const [first = '', second = ''] = key.split('/', 2)
  return first === uid ? second : first
}

/** What an object that is gone was owed. What was owed to subscriptions that are gone was counted with them. */
export function lostWith({ owed = {} }: Pick<ObjectRecord, 'owed'>, source: Source, room: Room): Dropped[] {
  return Object.entries(owed).flatMap(([pair, keys]) => {
    const [subscriptionUid = '', sink = ''] = pair.split(' ')
    const owner = room.owner(subscriptionUid)
    if (owner?.emitter) return [droppedOf(owner.emitter, sink, source, keys)]
    return owner ? [{ subscription: owner.key, subscriptionUid, sink, deliveries: keys.length }] : []
  })
}

/** The numbers and gaps of what was dropped, one gap a subscription. */
export function dropCounts(dropped: readonly Dropped[]): { counts: CountDelta[]; gaps: NewGap[] } {
  const counts = dropped.map(({ deliveries, ...whose }) => ({ ...whose, counts: { dropped: deliveries } }))
  const gaps = [...Map.groupBy(dropped, (one) => one.subscriptionUid)].map(([subscriptionUid, own]) => {
    const sinks = [...new Set(own.map((one) => one.sink))].sort().join(', ')
    const deliveries = own.reduce((sum, one) => sum + one.deliveries, 0)
    const what = deliveries === 1 ? '1 delivery was' : `${deliveries} deliveries were`
    return { subscriptionUid, reason: 'Overflow', message: `${what} dropped: no room for EventSink ${sinks}` }
  })
  return { counts, gaps }
}
