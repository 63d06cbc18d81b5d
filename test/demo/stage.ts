// Sink, operator and subscription of the demo.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { AdminClient } from '../controlplane/admin.ts'
import { type Sink, startSink } from '../controlplane/sink.ts'
import { type OperatorProcess, startOperator } from '../operator/process.ts'
import type { DemoCluster } from './cluster.ts'
import { demoNamespace, quickstartPort, subscriptionName } from './names.ts'
import { heading, say } from './show.ts'

export type Stage = AsyncDisposable & { sink: Sink; operator: OperatorProcess; invite(): void }

const quickstart = fileURLToPath(new URL('../../docs/examples/quickstart.yaml', import.meta.url))

/** Starts the sink and the operator and applies the quickstart, ready to take events. */
export async function startDemo(cluster: DemoCluster): Promise<Stage> {
  await using stack = new AsyncDisposableStack()
  heading('A sink and the operator')
  const sink = stack.use(await openSink())
  say(`the sink listens at ${sink.url}/`)
  const args = ['--allow-cidr', '127.0.0.0/8']
  const operator = stack.use(await startOperator(cluster, { args, user: 'admin' }))
  say(`carillon run ${args.join(' ')} …   # process ${operator.pid}, ${operator.health}/metrics`)
  heading('$ kubectl apply -f docs/examples/quickstart.yaml')
  const text = readFileSync(quickstart, 'utf8').replaceAll(`127.0.0.1:${quickstartPort}`, `127.0.0.1:${sink.port}`)
  console.log(text.trimEnd())
  await cluster.admin.apply(text, demoNamespace)
  await untilReady(cluster.admin, subscriptionName)
  say('EventSubscription quickstart is Ready')
  const kept = stack.move()
  return {
    sink,
    operator,
    invite() {
      heading('It stays up; Ctrl-C ends it all')
      console.log(`Try, in another terminal:
  export KUBECONFIG=${cluster.kubeconfig()}
  kubectl -n ${demoNamespace} get eventsinks,eventsubscriptions
  kubectl -n ${demoNamespace} create -f docs/examples/pipelinerun.yaml
  curl ${operator.health}/metrics
Events go on to be shown here.`)
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** The quickstart's own port, or another where something else listens there. */
async function openSink(): Promise<Sink> {
  try {
    return await startSink({ port: quickstartPort })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    say(`port ${quickstartPort} is taken: another one is used, and put into the example`)
    return await startSink()
  }
}

export async function untilReady(admin: AdminClient, subscription: string): Promise<void> {
  const path = await admin.path('carillon.dev/v1alpha1', 'EventSubscription', demoNamespace, subscription)
  const isReady = (conditions: { type: string; status: string }[] = []) =>
    conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
  await admin.waitFor(path, ({ status }) => isReady(status?.conditions as never), {
    what: `the subscription ${subscription} to be Ready`,
  })
}
