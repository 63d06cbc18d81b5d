// What must have arrived: read from the runs as they are in the cluster now.
import type { KubeObject } from '../../src/api/object.ts'
import { eventId } from '../../src/formats/attributes.ts'
import { typeOf } from '../../src/formats/cloudevents.ts'
import { sources } from '../../src/sources/index.ts'
import type { AdminClient } from '../controlplane/admin.ts'
import { declaredIds } from './declared.ts'
import { demoNamespace } from './names.ts'
import type { Stage } from './stage.ts'

/** The ids of all events that the demo's subscriptions owe for the runs in its namespace. */
async function owed(admin: AdminClient): Promise<Set<string>> {
  const ids = new Set<string>()
  for (const source of Object.values(sources).filter(({ family }) => family === 'tekton')) {
    const objects: KubeObject[] = await admin.list(`${source.group}/${source.version}`, source.kind, demoNamespace)
    if (source.kind === 'TaskRun') for (const id of declaredIds(objects)) ids.add(id)
    const wanted = new Set(source.catalogue.filter((row) => row.default).map((row) => row.name))
    for (const object of objects) {
      for (const { name, key } of source.milestones(object)) {
        if (wanted.has(name)) ids.add(eventId(object.metadata.uid, key, 'cloudevents', typeOf(source, name)))
      }
    }
  }
  return ids
}

/** Waits for all that is owed, at most 30 s, and says what came and what didn't. */
export async function compare(admin: AdminClient, { sink }: Stage): Promise<{ delivered: number; lost: number }> {
  const ids = await owed(admin)
  const arrived = () => new Set(sink.received.map((request) => request.id))
  const missing = () => [...ids].filter((id) => !arrived().has(id)).length
  await sink
    .waitFor(() => missing() === 0, { what: 'all events to arrive' })
    .catch((error: Error) => console.error(error.message))
  return { delivered: arrived().size, lost: missing() }
}
