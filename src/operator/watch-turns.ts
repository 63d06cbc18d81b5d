import type { WatchState } from './watches.ts'

/** Which kinds' watches came into another state since they were looked at last. */
export class WatchTurns {
  private seen = new Map<string, string>()

  /** Of one that was stopped and begun again in between, another `since` tells, though its state is the same. */
  look(kinds: Iterable<string>, stateOf: (kind: string) => WatchState): string[] {
    const before = this.seen
    this.seen = new Map()
    for (const kind of kinds) {
      const { state, since = 0 } = stateOf(kind)
      this.seen.set(kind, `${state} ${since}`)
    }
    return [...this.seen].filter(([kind, at]) => before.get(kind) !== at).map(([kind]) => kind)
  }
}
