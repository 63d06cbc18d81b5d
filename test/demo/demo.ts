// npm run demo: a control plane, Tekton, the operator and a sink; a subscription is applied, runs go through, events arrive.
import { parseArgs } from 'node:util'
import { openCluster } from './cluster.ts'
import { performDeclared } from './declared.ts'
import { demoNamespace } from './names.ts'
import { installPipelines, type Runs } from './runs.ts'
import { heading, say, showEvent, showStatus } from './show.ts'
import { startDemo } from './stage.ts'
import { compare } from './truth.ts'

const usage = `Shows Carillon at work: events of Tekton runs arrive at a sink, and the subscription's status tells of it.

Usage:
  npm run demo [-- flags]

Flags:
  --once              end by itself after the first runs; the exit code is not 0 when an event is missing
  --kubeconfig FILE   use this cluster instead of starting a control plane; namespace ${demoNamespace} is created there and
                      removed at the end, CRDs stay. Without Tekton in it, its CRDs are installed, and a script writes statuses.
  --help              print this text
`

function readFlags(): { once: boolean; kubeconfig: string | undefined } {
  try {
    const { values } = parseArgs({
      options: {
        once: { type: 'boolean', default: false },
        kubeconfig: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (!values.help) return { once: values.once, kubeconfig: values.kubeconfig }
    process.stdout.write(usage)
    process.exit(0)
  } catch (error) {
    console.error(`demo: ${(error as Error).message.split('. To specify')[0]}; see 'npm run demo -- --help'`)
    process.exit(2)
  }
}

const flags = readFlags()
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

/** Applies the subscription, takes the runs through, and compares what arrived with what the runs themselves show. */
async function demo(): Promise<number> {
  await using cluster = await openCluster(flags.kubeconfig)
  await using stage = await startDemo(cluster)
  const runs: Runs = await installPipelines(cluster)
  heading(`${runs.names.length} runs go through: ${runs.names.join(', ')}`)
  let shown = 0
  const show = () => {
    for (; shown < stage.sink.received.length; shown += 1) showEvent(stage.sink.received[shown])
  }
  const timer = setInterval(show, 50)
  try {
    await runs.perform(stop.signal)
    if (cluster.runsBy === 'stand-in') {
      await compare(cluster.admin, stage)
      show()
      await performDeclared(cluster.admin, stage.sink.url)
    }
    const told = await compare(cluster.admin, stage)
    show()
    heading('What the subscription says of it')
    await showStatus(cluster.admin, stage.sink.received)
    if (flags.once) {
      console.log(`\ndemo: ${told.delivered} events delivered, ${told.lost} lost`)
      return told.lost === 0 && told.delivered > 0 ? 0 : 1
    }
    stage.invite()
    await new Promise<void>((resolve) => {
      if (stop.signal.aborted) resolve()
      stop.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    say('stopping')
    return 0
  } finally {
    clearInterval(timer)
  }
}

demo().then(
  (code) => process.exit(code),
  (error: Error) => {
    console.error(`\ndemo: ${error.message}`)
    process.exit(1)
  },
)
