import type { KubeObject } from '../../api/object.ts'
import type { Collection } from '../collection.ts'

/** For whom: `admins` may select by namespaces, and wait for all to be known; `grants` of sinks let in by their labels. */
export type NamespaceNeed = 'admins' | 'grants'

export type NamespaceWatchDeps = {
  collection: Pick<Collection<KubeObject>, 'objects' | 'synced'>
  /** Begins the watch; not called twice. */
  start(): void
  /** Ends `synced`'s waiting for grants after `ms`. */
  after(ms: number): void
  now(): number
}

/**
 * So long the start of everything may wait for labels that sinks let in by. Whoever may make a sink must not hold up the others where the
 * operator can't read namespaces; until they are known, nobody is let in by them.
 */
const patienceMs = 10_000

/** Namespaces are watched from when on somebody needs their labels, and as long as the process lives: all of them, or none. */
export class NamespaceWatch {
  private readonly deps: NamespaceWatchDeps
  private readonly needs = new Set<NamespaceNeed>()
  private since = 0

  constructor(deps: NamespaceWatchDeps) {
    this.deps = deps
  }

  /** By `/name`. */
  get objects(): ReadonlyMap<string, KubeObject> {
    return this.deps.collection.objects
  }

  /** Whether nobody has to wait for them. */
  get synced(): boolean {
    const { collection, now } = this.deps
    if (this.needs.size === 0 || collection.synced) return true
    return !this.needs.has('admins') && now() - this.since >= patienceMs
  }

  need(what: NamespaceNeed): void {
    if (this.needs.has(what)) return
    this.needs.add(what)
    if (this.needs.size > 1) return
    this.since = this.deps.now()
    this.deps.start()
    this.deps.after(patienceMs)
  }
}
