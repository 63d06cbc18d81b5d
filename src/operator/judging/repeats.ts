import type { Milestone } from '../../sources/source.ts'
import type { Replayed, ReplayWindow } from '../control/replays.ts'
import type { Emitter } from '../emitter.ts'
import type { Sized } from './object-events.ts'

type Told = Replayed & { window: ReplayWindow }

/** What the replays under way want of one object, and what they are told of it. Lives for one call of `route`. */
export class Repeats {
  private readonly replays = new Map<Emitter, Told>()
  /** By `<subscription uid> <sink>`. */
  private readonly pairs = new Map<string, { of: Told; milestones: number; events: number }>()

  constructor(emitters: readonly Emitter[], replay: (emitter: Emitter) => ReplayWindow | undefined, objectUid: string) {
    for (const emitter of emitters) {
      const window = replay(emitter)
      const none = { events: 0, tooLarge: 0, owed: 0 }
      if (window) this.replays.set(emitter, { window, subscriptionUid: emitter.uid, objectUid, ...none })
    }
  }

  /** Whether a milestone goes to a sink for a replay's sake alone. */
  wants(emitter: Emitter, sink: string, { class: of, time }: Milestone): boolean {
    const window = this.replays.get(emitter)?.window
    return (
      window !== undefined && of === 'derived' && time >= window.since && time <= window.until && window.sinks.has(sink)
    )
  }

  isDry(emitter: Emitter): boolean {
    return this.replays.get(emitter)?.window.dryRun ?? false
  }

  /** Notes a milestone; gives those of its events that are to go. */
  take(pair: string, emitter: Emitter, sink: string, sized: readonly Sized[]): Sized[] {
    const of = this.replays.get(emitter)
    if (!of) return []
    const known = this.pairs.get(pair) ?? { of, milestones: 0, events: 0 }
    this.pairs.set(pair, known)
    const wanted = sized.filter(({ fits, row }) => fits && !of.window.isUnderWay(sink, row.event.id))
    known.milestones += 1
    known.events += wanted.length
    of.tooLarge += sized.filter(({ fits }) => !fits).length
    return wanted
  }

  /** What each replay is told, given the pairs that there was no room for. */
  told(refused: ReadonlySet<string>): Replayed[] {
    for (const [pair, { of, milestones, events }] of this.pairs) {
      if (refused.has(pair)) of.owed += milestones
      else of.events += events
    }
    return [...this.replays.values()].map(({ window: _, ...told }) => told)
  }
}
