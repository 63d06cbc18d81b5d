import { type KubeObject, keyOf } from '../api/object.ts'
import type { Reflector } from '../kube/reflector.ts'
import { fields } from '../sources/read.ts'

type Follows = Pick<Reflector, 'batches'>

/**
 * The present objects of a kind that is small and wanted whole: sinks, subscriptions, namespaces.
 * Fed by one reflector, or one a namespace.
 */
export class Collection<T extends KubeObject> {
  readonly objects = new Map<string, T>()
  private readonly reflectors: { reflector: Follows; namespace: string | undefined; listed: boolean }[]
  private readonly changed: (key: string, before: T | undefined, after: T | undefined) => void

  constructor(
    reflectors: readonly { reflector: Follows; namespace: string | undefined }[],
    changed: (key: string, before: T | undefined, after: T | undefined) => void,
  ) {
    this.reflectors = reflectors.map((entry) => ({ ...entry, listed: false }))
    this.changed = changed
  }

  /** Whether every object that was there at the start is known. */
  get synced(): boolean {
    return this.reflectors.every((entry) => entry.listed)
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.reflectors.map((entry) => this.follow(entry, signal)))
  }

  private async follow(entry: (typeof this.reflectors)[number], signal: AbortSignal): Promise<void> {
    for await (const batch of entry.reflector.batches(signal)) {
      if (batch.phase === 'listed') {
        this.dropAllBut(batch.uids, entry.namespace)
        entry.listed = true
        this.changed('', undefined, undefined)
      } else {
        for (const { type, object, lacks } of batch.changes) {
          // Without its filter, say, a subscription would mean something else: it stays as it was.
          const isWhole = (lacks ?? []).every((path) => path === 'metadata.managedFields')
          if (isWhole || type === 'delete') this.take(object as T, type === 'delete')
        }
      }
    }
  }

  private take(object: T, gone: boolean): void {
    const key = keyOf(object)
    const before = this.objects.get(key)
    keepDeclared(object)
    if (gone) this.objects.delete(key)
    else this.objects.set(key, object)
    this.changed(key, before, gone ? undefined : object)
  }

  private dropAllBut(uids: ReadonlySet<string>, namespace: string | undefined): void {
    for (const [key, object] of this.objects) {
      if (namespace !== undefined && namespaceOf(object) !== namespace) continue
      if (uids.has(object.metadata.uid)) continue
      this.objects.delete(key)
      this.changed(key, object, undefined)
    }
  }
}

/** A namespace is its own. */
const namespaceOf = ({ metadata }: KubeObject): string => metadata.namespace ?? metadata.name

/**
 * Of managedFields, which are large, only the time at which what is declared was written last: by a manager that owns some of the spec, or,
 * where there is none, of anything but the status.
 */
function keepDeclared(object: KubeObject): void {
  const entries = (object.metadata.managedFields ?? []).filter(
    (entry) => !entry.subresource && entry.time !== undefined,
  )
  const ofSpec = entries.filter(({ fieldsV1 }) => Object.hasOwn(fields(fieldsV1), 'f:spec'))
  const times = (ofSpec.length > 0 ? ofSpec : entries).map((entry) => entry.time ?? '')
  const newest = times.sort().at(-1)
  if (newest === undefined) delete object.metadata.managedFields
  else object.metadata.managedFields = [{ time: newest }]
}
