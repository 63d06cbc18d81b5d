// Tekton's own controllers (v1.12), run against a control plane, without containers, webhooks or images.
import { randomUUID } from 'node:crypto'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../src/api/object.ts'
import { type AdminClient, conditionOf, type Manifest } from './admin.ts'
import type { ControlPlane } from './controlplane.ts'
import { type Bound, spawnBound } from './process.ts'
import { noteChild } from './scratch.ts'
import { ensureTool, moduleFiles, type ToolName } from './tools.ts'

export type Tekton = AsyncDisposable & {
  pid: number
  /** SIGKILL, and waits for its end. */
  kill(): Promise<void>
  /** Resolves when the controller has just reconciled a run; rejects where it doesn't run, or does not within `timeoutMs`. */
  reconciling(timeoutMs?: number): Promise<void>
}

const namespace = 'tekton-pipelines'

/** Required by the controller; no image is ever pulled. */
const images = ['entrypoint', 'nop', 'sidecarlogresults', 'workingdirinit', 'shell']
  .map((name) => `-${name}-image=tekton/${name}`)
  .concat('-shell-image-win=tekton/shell-win')

const rates = ['-kube-api-qps=200', '-kube-api-burst=400']

/**
 * Installs Tekton's CRDs and configuration, starts its controller, and resolves once that reconciles. Runs then go as far
 * as their pods; what the nodes would do is up to startKubelet.
 */
export async function startTekton(cp: ControlPlane, report?: (line: string) => void): Promise<Tekton> {
  const [binary] = await Promise.all([ensureTool('tekton-controller', report), installTekton(cp.admin)])
  const controller = run(cp, 'tekton-controller', binary, [...images, ...rates])
  const tekton: Tekton = {
    pid: controller.pid,
    kill: controller.kill,
    reconciling: (timeoutMs = 60_000) => reconciling(cp, controller, timeoutMs),
    [Symbol.asyncDispose]: controller.kill,
  }
  try {
    await tekton.reconciling()
    return tekton
  } catch (error) {
    await controller.kill()
    throw error
  }
}

/** Starts Tekton's events controller, the one that sends CloudEvents. config-events (namespace tekton-pipelines) names its sink. */
export async function startTektonEvents(cp: ControlPlane, report?: (line: string) => void): Promise<AsyncDisposable> {
  const binary = await ensureTool('tekton-events', report)
  const events = run(cp, 'tekton-events', binary, rates)
  return { [Symbol.asyncDispose]: events.kill }
}

function run(cp: ControlPlane, name: ToolName, binary: string, args: string[]): Bound {
  const log = openSync(join(cp.directory, `${name}.log`), 'a')
  const env = {
    ...process.env,
    KUBECONFIG: cp.kubeconfig('admin'),
    SYSTEM_NAMESPACE: namespace,
    KUBERNETES_MIN_VERSION: 'v1.28.0',
    // A port of this name does not exist: the profiling server, which would listen on every interface, ends at once.
    PROFILING_PORT: 'none',
  }
  const bound = spawnBound(binary, args, { cwd: cp.directory, env, stdio: ['ignore', log, log] })
  closeSync(log)
  noteChild(cp.directory, bound.pid)
  return bound
}

/** What `kubectl apply -f config/` does, less webhooks and deployments, and conversion, which would need the webhook. */
export async function installTekton(admin: AdminClient): Promise<void> {
  const config = join(await moduleFiles('tekton', 'github.com/tektoncd/pipeline'), 'config')
  const read = (folder: string, wanted: RegExp) =>
    readdirSync(join(config, folder))
      .filter((file) => wanted.test(file))
      .flatMap((file) => parseAllDocuments(readFileSync(join(config, folder, file), 'utf8')))
      .map((document) => document.toJS() as Manifest)
  await admin.apply(read('100-namespace', /\.yaml$/))
  await admin.apply([...read('300-crds', /\.yaml$/).map(unconverted), ...read('.', /^config-.*\.yaml$/).map(settings)])
  await admin.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } })
}

function unconverted(crd: Manifest): Manifest {
  return { ...crd, spec: { ...(crd.spec as object), conversion: { strategy: 'None' } } }
}

/** Tekton's defaults, without the examples in them; metrics off, as their server would listen on every interface. */
function settings(map: Manifest): Manifest {
  const { _example, ...data } = (map.data ?? {}) as Record<string, string>
  return { ...map, data: map.metadata.name === 'config-observability' ? { 'metrics-protocol': 'none' } : data }
}

/** A TaskRun that is cancelled from the start needs no pod: only the controller can write its end. */
async function reconciling(cp: ControlPlane, controller: Bound, timeoutMs: number): Promise<void> {
  const probe = await cp.admin.create({
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: { name: `ready-${randomUUID()}`, namespace },
    spec: { status: 'TaskRunCancelled', taskSpec: { steps: [{ name: 'none', image: 'none', command: ['none'] }] } },
  })
  const path = `/apis/tekton.dev/v1/namespaces/${namespace}/taskruns/${probe.metadata.name}`
  const isDone = (run: KubeObject) => conditionOf(run, 'Succeeded') === 'False'
  const problem = (what: string) => {
    const log = readFileSync(join(cp.directory, 'tekton-controller.log'), 'utf8').trimEnd().split('\n').slice(-5)
    return new Error(`the Tekton controller (pid ${controller.pid}) ${what}; its log ends with:\n${log.join('\n')}`)
  }
  try {
    await Promise.race([
      cp.admin.waitFor(path, isDone, { what: 'the Tekton controller to end a cancelled TaskRun', timeoutMs }).then(
        () => undefined,
        (cause) => {
          throw Object.assign(problem('does not reconcile'), { cause })
        },
      ),
      controller.exited.then((end) => {
        throw problem(`is not running: it ${end}`)
      }),
    ])
  } finally {
    await cp.admin.delete('tekton.dev/v1', 'TaskRun', namespace, probe.metadata.name)
  }
}
