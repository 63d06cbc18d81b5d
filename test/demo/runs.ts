// The demo's runs: a pipeline that builds, tests and signs off, one that fails, and, without Tekton, a script in their place.
import { setTimeout as delay } from 'node:timers/promises'
import type { Manifest } from '../controlplane/admin.ts'
import { perform, scenarios } from '../controlplane/scenarios.ts'
import type { DemoCluster } from './cluster.ts'
import { demoNamespace } from './names.ts'

export type Runs = { names: string[]; perform(signal: AbortSignal): Promise<void> }

export async function installPipelines(cluster: DemoCluster): Promise<Runs> {
  switch (cluster.runsBy) {
    case 'stand-in':
      return standIn(cluster)
    case 'nodes':
      return onNodes(cluster)
    case 'script':
      return scripted(cluster)
    default:
      return cluster.runsBy satisfies never
  }
}

function standIn({ admin }: DemoCluster): Runs {
  const chosen = ['several-tasks', 'failing-task', 'matrix'].flatMap((name) =>
    scenarios.filter((one) => one.name === name),
  )
  return {
    names: chosen.map((scenario) => scenario.name),
    async perform() {
      for (const scenario of chosen) await perform(admin, scenario, demoNamespace)
    },
  }
}

const manifest = (name: string, image: string): Manifest => ({
  apiVersion: 'tekton.dev/v1',
  kind: 'PipelineRun',
  metadata: { name, namespace: demoNamespace },
  spec: {
    pipelineSpec: {
      tasks: ['build', 'test'].map((task, index) => ({
        name: task,
        ...(index > 0 && { runAfter: ['build'] }),
        taskSpec: { steps: [{ name: 'say', image, command: ['echo', task] }] },
      })),
    },
  },
})

function onNodes({ admin }: DemoCluster): Runs {
  return {
    names: ['build-and-test'],
    async perform() {
      await admin.create(manifest('build-and-test', 'docker.io/library/busybox:1.37'), demoNamespace)
      const path = await admin.path('tekton.dev/v1', 'PipelineRun', demoNamespace, 'build-and-test')
      await admin.waitFor(path, (run) => run.status?.completionTime !== undefined, {
        what: 'the PipelineRun to end (is the Tekton controller running?)',
        timeoutMs: 300_000,
      })
    },
  }
}

/** What Tekton's controller would write, half a second apart. */
function scripted({ admin }: DemoCluster): Runs {
  const names = ['build-and-test', 'broken-build']
  const condition = (status: string, reason: string, at: string) => ({
    conditions: [
      { type: 'Succeeded', status, reason, message: `written by the demo: ${reason}`, lastTransitionTime: at },
    ],
  })
  const now = () => new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  return {
    names,
    async perform(signal) {
      for (const [index, name] of names.entries()) {
        await admin.create(manifest(name, 'stand-in/image'), demoNamespace)
        await delay(500, undefined, { signal })
        const startTime = now()
        const write = (status: object) => admin.patchStatus('tekton.dev/v1', 'PipelineRun', demoNamespace, name, status)
        await write({ startTime, ...condition('Unknown', 'Running', startTime) })
        await delay(500, undefined, { signal })
        const end = index === 0 ? condition('True', 'Succeeded', now()) : condition('False', 'Failed', now())
        await write({ startTime, completionTime: now(), ...end })
      }
    },
  }
}
