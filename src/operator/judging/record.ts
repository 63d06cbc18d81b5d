import { chainIdOf } from '../../formats/mapping/chain.ts'
import type { ObjectRecord } from '../../outbox/outbox.ts'
import { fields, stampedWrite } from '../../sources/read.ts'
import type { Projection } from '../../sources/source.ts'
import { activationName } from '../activation.ts'
import type { Emitter } from '../emitter.ts'
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
  input: RouteInput,
  seen: ReadonlySet<string>,
  ledger: Ledger,
  held: Projection,
  changed: boolean,
): ObjectRecord | undefined {
  const { source, object, record, phase, emitters, known } = input
  const { enqueued, owed, changed: isLedgerChanged } = ledger
  const before = ownProjection(record?.projection ?? {})
  const wants = (name: string) => emitters.some(({ selection }) => selection.kinds.get(source.name)?.has(name))
  const project = (of: typeof wants) => source.project(object, { wants: of, previous: record && before })
  // What a refresh shows to hold is where it begins, or was told by it; the watch, should it be behind, comes to the same.
  const isWhole = phase !== 'refresh' || isBaseline(input)
  const projection = { ...(isWhole ? project(wants) : refreshed(before, wants, project)), ...held }
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

/** What is written so soon before it is looked at (ms) may come by the watch yet. */
const underWayMs = 10_000

/**
 * Whether a refresh shows where an object that lasts begins for those who are new: it has no record, and nothing of what it shows has been
 * written since they became active, so that the watch, should it be behind, has nothing of it to tell.
 */
function isBaseline({ source, object, record, emitters, since, now }: RouteInput): boolean {
  if (record !== undefined || !source.lasts) return false
  const written = stampedWrite(fields(object.metadata)) ?? 0
  if (written < now - underWayMs) return true
  const isActive = ({ uid, selection, sinks }: Emitter, name: string) =>
    sinks.some(({ key }) => {
      const from = since(uid, key, source.name, activationName(selection, source.name, name))
      return from !== undefined && written >= from
    })
  return !emitters.some((emitter) =>
    [...(emitter.selection.kinds.get(source.name) ?? [])].some((name) => isActive(emitter, name)),
  )
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
