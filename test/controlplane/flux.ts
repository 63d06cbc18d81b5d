// Flux's own helm-controller and kustomize-controller, run against a control plane, without containers. What source-controller would do
// is up to artifacts.ts.
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { AdminClient, Manifest } from './admin.ts'
import type { ControlPlane } from './controlplane.ts'
import { type Bound, spawnBound } from './process.ts'
import { freePorts, noteChild } from './scratch.ts'
import { ensureTool, moduleFiles, sourceController } from './tools.ts'

export type FluxController = 'helm-controller' | 'kustomize-controller'

export type RunningController = AsyncDisposable & {
  pid: number
  /** The end of its log, for a failure's message. */
  log(): string
}

const modules = [
  'github.com/fluxcd/helm-controller',
  'github.com/fluxcd/kustomize-controller',
  sourceController,
] as const

/** The CRDs of releases, kustomizations and their sources, from the modules of the controllers. */
export async function installFlux(admin: AdminClient): Promise<void> {
  const folders = await Promise.all(
    modules.map((module) =>
      moduleFiles(module.includes('kustomize') ? 'kustomize-controller' : 'helm-controller', module),
    ),
  )
  const crds = folders.flatMap((folder) => {
    const bases = join(folder, 'config/crd/bases')
    return readdirSync(bases).flatMap((file) =>
      parseAllDocuments(readFileSync(join(bases, file), 'utf8')).map((document) => document.toJS() as Manifest),
    )
  })
  await admin.apply(crds)
}

/** Starts a controller with the admin's rights; `installFlux` comes first. It works as soon as it has its caches. */
export async function startFlux(
  cp: ControlPlane,
  name: FluxController,
  report?: (line: string) => void,
): Promise<RunningController> {
  const binary = await ensureTool(name, report)
  const [metrics, health] = await freePorts(2)
  const file = join(cp.directory, `${name}.log`)
  const log = openSync(file, 'a')
  const env = { ...process.env, KUBECONFIG: cp.kubeconfig('admin'), RUNTIME_NAMESPACE: 'default' }
  const args = [
    `--metrics-addr=127.0.0.1:${metrics}`,
    `--health-addr=127.0.0.1:${health}`,
    '--events-addr=',
    '--kube-api-qps=200',
    '--kube-api-burst=400',
  ]
  const bound: Bound = spawnBound(binary, args, { cwd: cp.directory, env, stdio: ['ignore', log, log] })
  closeSync(log)
  noteChild(cp.directory, bound.pid)
  return {
    pid: bound.pid,
    log: () => readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n'),
    [Symbol.asyncDispose]: bound.kill,
  }
}
