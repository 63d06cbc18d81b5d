import type { Batch, Reflector, ReflectorState } from '../kube/reflector.ts'
import type { Source } from '../sources/source.ts'

export type WatchDeps = {
  source(name: string): Source | undefined
  /** Empty: all namespaces with one watch. */
  namespaces: readonly string[]
  cursors(): ReadonlyMap<string, string>
  reflector(source: Source, namespace: string | undefined, resumeFrom: string | undefined): WatchReflector
  start(key: string, run: (signal: AbortSignal) => Promise<void>): void
  stop(key: string): Promise<void>
  observe(watch: RunningWatch, signal: AbortSignal): Promise<void>
}

export type RunningWatch = {
  name: string
  /** With the version and plural that the cluster serves, as soon as they are found. */
  readonly source: Source
  namespace?: string
  batches(signal: AbortSignal): AsyncIterable<Batch>
}

/**
 * A watch of a kind; `absentAt` is when the API server last said that there is no such kind, `watchingSince` since when it is read without a
 * fault (ms, this machine's clock).
 */
export type KindWatch = {
  name: string
  namespace: string | undefined
  absentAt: number | undefined
  watchingSince?: number | undefined
}

/** `since`: ms, this machine's clock. `clusterScoped`: its objects were found to live in no namespace. */
export type WatchState = {
  state: ReflectorState
  since?: number
  message?: string | undefined
  clusterScoped?: true
}

/** What is read of a reflector. */
export type WatchReflector = Pick<Reflector, 'batches' | 'refresh' | 'resource' | 'state'> & AsyncDisposable

type Entry = { watch: RunningWatch; reflector: WatchReflector }

/** The watches that run: one per kind that some subscription needs (per kind and namespace where namespaces are given). */
export class Watches {
  private readonly entries = new Map<string, Entry>()
  private readonly deps: WatchDeps

  constructor(deps: WatchDeps) {
    this.deps = deps
  }

  /** Starts what is wanted and stops what is not. */
  async want(kinds: ReadonlySet<string>): Promise<void> {
    const wanted = new Map<string, { source: Source; namespace: string | undefined }>()
    for (const kind of kinds) {
      const source = this.deps.source(kind)
      if (!source) continue
      if (this.deps.namespaces.length === 0) wanted.set(kind, { source, namespace: undefined })
      for (const namespace of this.deps.namespaces) wanted.set(`${kind}/${namespace}`, { source, namespace })
    }
    for (const name of [...this.entries.keys()]) if (!wanted.has(name)) await this.drop(name)
    for (const [name, { source, namespace }] of wanted) if (!this.entries.has(name)) this.add(name, source, namespace)
  }

  private add(name: string, source: Source, namespace: string | undefined): void {
    const resumeFrom = this.deps.cursors().get(name)
    const reflector = this.deps.reflector(source, namespace, resumeFrom)
    const served = servedBy(source, reflector)
    const watch: RunningWatch = {
      name,
      get source() {
        return served()
      },
      ...(namespace === undefined ? {} : { namespace }),
      batches: (signal) => reflector.batches(signal),
    }
    this.entries.set(name, { watch, reflector })
    this.deps.start(`watch ${name}`, (signal) => this.deps.observe(watch, signal))
  }

  private async drop(name: string): Promise<void> {
    await this.deps.stop(`watch ${name}`)
    await this.entries.get(name)?.reflector[Symbol.asyncDispose]()
    this.entries.delete(name)
  }

  /** Lists a kind once more, for an emitter that has just become active. */
  async refresh(kind: string, namespace: string | undefined): Promise<void> {
    for (const entry of this.of(kind)) {
      if (entry.watch.namespace !== undefined && namespace !== undefined && entry.watch.namespace !== namespace)
        continue
      await entry.reflector.refresh(entry.watch.namespace ?? namespace)
    }
  }

  has(name: string): boolean {
    return this.entries.has(name)
  }

  /** The watches of a kind. */
  watchesOf(kind: string): KindWatch[] {
    return this.of(kind).map(({ watch, reflector }) => {
      const { state, since, at } = reflector.state()
      const watchingSince = state === 'watching' ? since : undefined
      return {
        name: watch.name,
        namespace: watch.namespace,
        absentAt: state === 'absent' ? at : undefined,
        watchingSince,
      }
    })
  }

  /** Where a kind's watches stand: the worst state counts. */
  state(kind: string): WatchState {
    const entries = this.of(kind)
    const states = entries.map((entry) => entry.reflector.state())
    const order: ReflectorState[] = [
      'absent',
      'clusterScoped',
      'forbidden',
      'failing',
      'starting',
      'listing',
      'watching',
    ]
    const worst = states.sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state))[0] ?? { state: 'starting' }
    return entries.some(({ reflector }) => isClusterScoped(reflector)) ? { ...worst, clusterScoped: true } : worst
  }

  private of(kind: string): Entry[] {
    return [...this.entries.values()].filter((entry) => entry.watch.source.name === kind)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.want(new Set())
  }
}

function isClusterScoped(reflector: Pick<Reflector, 'resource'>): boolean {
  const resource = reflector.resource()
  return resource !== undefined && 'namespaced' in resource && !resource.namespaced
}

/** The source as the cluster serves it: the same object for as long as that is the same. */
function servedBy(source: Source, reflector: Pick<Reflector, 'resource'>): () => Source {
  let served = source
  return () => {
    const found = reflector.resource()
    if (found && (found.version !== served.version || found.plural !== served.plural)) {
      const others = [source.version, ...(source.versions ?? [])].filter((one) => one !== '' && one !== found.version)
      served = { ...source, version: found.version, versions: others, plural: found.plural }
    }
    return served
  }
}
