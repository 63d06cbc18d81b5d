// What an author of a Task declares: the docs' examples of it, and one run. The stand-in for the nodes plays the build's results.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { KubeObject } from '../../src/api/object.ts'
import { eventId } from '../../src/formats/attributes.ts'
import type { AdminClient, Manifest } from '../controlplane/admin.ts'
import { playAnnotation } from '../controlplane/kubelet.ts'
import { demoNamespace } from './names.ts'
import { heading, say } from './show.ts'
import { untilReady } from './stage.ts'

const read = (name: string) => readFileSync(new URL(`../../docs/examples/${name}`, import.meta.url), 'utf8')

const runName = 'build-app'
const results = { IMAGE_URL: 'quay.io/team-a/app:1.0', IMAGE_DIGEST: `sha256:${'5e'.repeat(32)}` }

/** Applies the subscription and the Task, and takes a run of that Task to its end. */
export async function performDeclared(admin: AdminClient, sinkUrl: string): Promise<void> {
  heading('$ kubectl apply -f docs/examples/user-events.yaml -f docs/examples/declaring-task.yaml')
  await admin.apply(
    read('user-events.yaml').replace(/https:\/\/releases\.example\.com\/\S*/, `${sinkUrl}/`),
    demoNamespace,
  )
  const task = parse(read('declaring-task.yaml')) as Manifest
  const { annotations } = task.metadata as KubeObject['metadata']
  const played = { ...annotations, [playAnnotation]: JSON.stringify({ results }) }
  await admin.create({ ...task, metadata: { ...task.metadata, annotations: played } }, demoNamespace)
  await untilReady(admin, 'releases')
  say('EventSubscription releases is Ready: it gets what authors of Tasks declare, as CDEvents')
  heading(`A run goes through of which the author of its Task says: it publishes an image`)
  await admin.create(
    {
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata: { name: runName, namespace: demoNamespace },
      spec: { taskRef: { name: 'build-image', kind: 'Task' } },
    },
    demoNamespace,
  )
  const path = await admin.path('tekton.dev/v1', 'TaskRun', demoNamespace, runName)
  await admin.waitFor(path, (run) => run.status?.completionTime !== undefined, { what: `${runName} to end` })
}

/** The ids of the declared events that the runs there are mean. */
export const declaredIds = (taskRuns: readonly KubeObject[]): string[] =>
  taskRuns
    .filter(({ metadata }) => metadata.name === runName)
    .map(({ metadata }) =>
      eventId(metadata.uid, 'finished', 'cdevents', 'dev.cdevents.artifact.published.0.2.0', 'published'),
    )
