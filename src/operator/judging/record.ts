import { chainIdOf } from '../../formats/mapping/chain.ts'
import type { ObjectRecord } from '../../outbox/outbox.ts'
import type { Projection } from '../../sources/source.ts'
import { ownProjection } from './defined.ts'
import type { Ledger } from './ledger.ts'
import type { RouteInput } from './routing.ts'

/** The milestone of every kind's `deletion`. */
const deletedName = 'deleted'

/**
 * What has to be remembered of an object after a change, with the milestones seen of it; undefined where that is what is remembered
 * already. `held`: what is kept of milestones that subscriptions define; `changed`: some milestone is new.
 */
export function recordAfter(
  { source, object, record, phase, emitters, known }: RouteInput,
  seen: ReadonlySet<string>,
  ledger: Ledger,
  held: Projection,
  changed: boolean,
): ObjectRecord | undefined {
  const { enqueued, owed, changed: isLedgerChanged } = ledger
  const before = ownProjection(record?.projection ?? {})
  const wants = (name: string) => emitters.some(({ selection }) => selection.kinds.get(source.name)?.has(name))
  const project = (of: typeof wants) => source.project(object, { wants: of, previous: record && before })
  // What a refresh shows to hold is where it begins, or was told by it; the watch, should it be behind, comes to the same.
  const projection = { ...(phase === 'refresh' ? refreshed(before, wants, project) : project(wants)), ...held }
  const endedAt = source.endedAt(object)
  // Where nobody asks for deletions, none is prepared for. Who asks later has all objects looked through again.
  const remains = wants(deletedName) ? source.remains(object) : undefined
  const chain = record?.chain ?? (source.isLinkedTo?.(object) ? chainIdOf(source, object, known) : undefined)
  const same =
    !changed &&
    chain === record?.chain &&
    !isLedgerChanged &&
    endedAt === record?.endedAt &&
    JSON.stringify(projection) === JSON.stringify(record?.projection) &&
    ((remains === undefined && record?.remains === undefined) ||
      JSON.stringify(remains) === JSON.stringify(record?.remains))
  if (same) return undefined
  return {
    uid: object.metadata.uid,
    source: source.name,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    resourceVersion: object.metadata.resourceVersion,
    ...(endedAt === undefined ? {} : { endedAt }),
    projection,
    seen: ledger.newest([...seen]),
    ledger: enqueued,
    ...(Object.keys(owed).length === 0 ? {} : { owed }),
    ...(remains && { remains }),
    ...(chain !== undefined && { chain }),
  }
}

/**
 * What a refresh shows was not told by it: the watch still compares with what it saw itself, or with nothing. Only where that is all the same
 * is kept besides what somebody has come to ask for: its next change is told.
 */
function refreshed(
  before: Projection,
  wants: (name: string) => boolean,
  project: (wants: (name: string) => boolean) => Projection,
): Projection {
  return JSON.stringify(project(() => false)) === JSON.stringify(before) ? project(wants) : before
}
