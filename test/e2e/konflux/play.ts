import type { KubeObject } from '../../../src/api/object.ts'
import type { AdminClient, Manifest } from '../../controlplane/admin.ts'
import type { Life, Step } from './step.ts'

/** An object on the API server: every state that it was in. */
export type Played = { life: Life; states: KubeObject[]; told: string[] }

/**
 * Creates the objects and writes to them, in the order in which all of it happened. The API server creates them now: the times that are written
 * are as long after that as they were in the run. After each write `written` is waited for, with what the
 * object has told by then.
 */
export async function play(
  admin: AdminClient,
  lives: readonly Life[],
  written: (played: Played, step: Step) => Promise<void>,
): Promise<Played[]> {
  const all = lives.map((life): Played => ({ life, states: [], told: [] }))
  const writes = all
    .flatMap((played) => played.life.steps.map((step, place) => ({ played, step, place })))
    .toSorted((a, b) => Date.parse(a.step.at) - Date.parse(b.step.at) || a.place - b.place)
  for (const { played, step, place } of writes) {
    played.states.push(place === 0 ? await create(admin, played.life) : await write(admin, played, step))
    played.told.push(...step.tells)
    await written(played, step)
  }
  return all
}

function create(admin: AdminClient, { object }: Life): Promise<KubeObject> {
  const { creationTimestamp: _, ...metadata } = object.metadata
  return admin.create({ ...object, metadata } as unknown as Manifest)
}

async function write(admin: AdminClient, { life: { object }, states }: Played, step: Step): Promise<KubeObject> {
  const { apiVersion, kind, metadata } = object
  const of = [apiVersion, kind, metadata.namespace, metadata.name] as const
  const by = Date.parse(states[0]?.metadata.creationTimestamp ?? '') - Date.parse(metadata.creationTimestamp)
  const { annotations, status } = shifted({ annotations: step.annotations, status: step.status }, by)
  const patched = annotations && (await admin.mergePatch(...of, { metadata: { annotations } }))
  return patched && !status ? patched : admin.patchStatus(...of, status ?? {})
}

const times = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d UTC/g

/** With all times in it so many ms later, those in texts too: RFC 3339, and what Go calls RFC 1123. */
function shifted<Value>(value: Value, by: number): Value {
  const text = JSON.stringify(value).replace(times, (time, fraction) => {
    const moved = new Date(Date.parse(time) + by)
    if (time.endsWith('UTC')) return moved.toUTCString().replace('GMT', 'UTC')
    return fraction === undefined ? `${moved.toISOString().slice(0, 19)}Z` : moved.toISOString()
  })
  return JSON.parse(text) as Value
}
