import { createHash } from 'node:crypto'
import type { KubeObject } from '../../api/object.ts'
import type { Outbox } from '../../outbox/outbox.ts'
import { covers, type Emitter } from '../emitter.ts'

/** The name under which the outbox keeps the labels that were seen, as it keeps the cursor of a watch. */
const cursorName = 'Namespace'

export type NamespacesSeenDeps = {
  outbox: Pick<Outbox, 'cursors' | 'commit'>
  /** Those that there are, by `/name`. */
  namespaces: ReadonlyMap<string, KubeObject>
  /** Looks through the objects of a kind, in one namespace or (undefined) in all. */
  refresh(kind: string, namespace: string | undefined): Promise<void>
}

/** Objects that a subscription did not see before: a kind, in one namespace or (undefined) in all. */
export type Reached = { kind: string; namespace: string | undefined }

/** What comes into reach of whom when a namespace's labels change. */
export function reachedBy(
  { name, before, after }: { name: string; before: KubeObject | undefined; after: KubeObject },
  emitters: Iterable<Emitter>,
): Reached[] {
  const labels = (object: KubeObject | undefined) => () => object && (object.metadata.labels ?? {})
  const kinds = new Set<string>()
  for (const emitter of emitters) {
    if (!emitter.clusterWide || covers(emitter, name, labels(before)) || !covers(emitter, name, labels(after))) continue
    for (const kind of emitter.selection.kinds.keys()) kinds.add(kind)
  }
  return [...kinds].map((kind) => ({ kind, namespace: name }))
}

/** More namespaces than this are looked through by one list of all. */
const maxLists = 20

/**
 * Labels of a namespace decide what cluster-wide subscriptions see, and may change while the operator is away: a short hash of them is kept for
 * each namespace. It is kept anew only when what came into reach was looked through.
 */
export class NamespacesSeen {
  private readonly deps: NamespacesSeenDeps
  private kept: string | undefined
  private looking = 0

  constructor(deps: NamespacesSeenDeps) {
    this.deps = deps
    this.kept = deps.outbox.cursors().get(cursorName)
  }

  /** What came into reach since the hashes were kept: kind and namespace. One that was not there then has nothing that a watch does not tell. */
  since(emitters: Iterable<Emitter>): Reached[] {
    const before = read(this.kept)
    const turned = [...this.deps.namespaces.values()].filter(({ metadata }) => {
      const known = before[metadata.name]
      return known !== undefined && known !== hashOf(metadata.labels)
    })
    const found = new Map<string, Set<string>>()
    for (const emitter of emitters) {
      if (!emitter.clusterWide || !emitter.selection.namespaces) continue
      for (const { metadata } of turned) {
        if (!covers(emitter, metadata.name, () => metadata.labels ?? {})) continue
        for (const kind of emitter.selection.kinds.keys())
          found.set(kind, (found.get(kind) ?? new Set()).add(metadata.name))
      }
    }
    return [...found].flatMap(([kind, names]): Reached[] =>
      names.size > maxLists ? [{ kind, namespace: undefined }] : [...names].map((namespace) => ({ kind, namespace })),
    )
  }

  /** Looks through what came into reach; what is not looked through to the end is once more after the next start. */
  async look(reached: readonly Reached[]): Promise<void> {
    if (reached.length === 0) return
    this.looking += 1
    await Promise.all(reached.map(({ kind, namespace }) => this.deps.refresh(kind, namespace)))
    this.looking -= 1
  }

  /** Keeps the hashes as they are now, where they differ and nothing is being looked through. */
  async keep(): Promise<void> {
    if (this.looking > 0) return
    const now = Object.fromEntries(
      [...this.deps.namespaces.values()].map(({ metadata }) => [metadata.name, hashOf(metadata.labels)]),
    )
    const cursor = JSON.stringify(now)
    if (cursor === this.kept) return
    await this.deps.outbox.commit({
      watch: cursorName,
      cursor,
      records: [],
      forget: [],
      rows: [],
      dead: [],
      counts: [],
    })
    this.kept = cursor
  }
}

function read(kept: string | undefined): Record<string, string> {
  return kept === undefined ? {} : (JSON.parse(kept) as Record<string, string>)
}

const hashOf = (labels: Readonly<Record<string, string>> = {}): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest('base64url')
    .slice(0, 8)
