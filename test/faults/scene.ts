import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { AdminClient } from '../controlplane/admin.ts'
import { applyCrds, applyOperatorRights, type ControlPlane, startControlPlane } from '../controlplane/controlplane.ts'
import { startProxy, type Proxy as TcpProxy } from '../controlplane/proxy.ts'
import { installTekton } from '../controlplane/tekton.ts'
import { type Api, connectApi } from './api.ts'
import type { Declared } from './evidence.ts'
import { type Sizes, sizesOf } from './fault.ts'
import { createLoad, type Load } from './load.ts'
import { Operator } from './operator.ts'
import { type Random, seeded } from './random.ts'
import { type Sinks, startSinks } from './sinks/sinks.ts'
import { openTruth, type Truth } from './truth.ts'

/** All that one fault is played on: a control plane that it shares with those before it, and things of its own. */
export type Scene = AsyncDisposable &
  Sizes & {
    /** Names namespaces, and the class of operator and CRs. */
    name: string
    cp: ControlPlane
    admin: AdminClient
    api: Api
    /** Between the operator and the API server. */
    proxy: TcpProxy
    operator: Operator
    /** One more, with the same class and a data directory of its own; ended with the scene. */
    another(): Operator
    sinks: Sinks
    load: Load
    truth: Truth
    /** Scratch: truth, arrivals, logs. */
    directory: string
    dataDir: string
    random: Random
    /** Namespaces with runs. */
    tenants: string[]
    declared: Declared[]
    /** `namespace/name` of the EventSinks. */
    sinkKeys: string[]
  }

export type SceneOptions = { name: string; directory: string; program: string; seed: number; quick: boolean }

/** A control plane with everything that runs and CRs need. Faults are played on it one after the other. */
export async function openPlane(report?: (line: string) => void): Promise<ControlPlane> {
  const cp = await startControlPlane({ ...(report && { report }), quotaBytes: 4 * 2 ** 30 })
  try {
    await Promise.all([applyCrds(cp), applyOperatorRights(cp), installTekton(cp.admin)])
    return cp
  } catch (error) {
    await cp[Symbol.asyncDispose]()
    throw error
  }
}

export async function openScene(cp: ControlPlane, options: SceneOptions): Promise<Scene> {
  const { name, program, seed, quick } = options
  const directory = join(options.directory, name)
  const dataDir = join(directory, 'data')
  mkdirSync(dataDir, { recursive: true })
  const resources = new AsyncDisposableStack()
  try {
    await applyOperatorRights(cp, name)
    const proxy = resources.use(await startProxy(cp.url))
    const api = resources.use(connectApi(cp))
    const sinks = resources.use(await startSinks(join(directory, 'arrivals.jsonl'), seed))
    const truth = openTruth(join(directory, 'truth.jsonl'))
    const setup = {
      program,
      dataDir,
      kubeconfig: cp.kubeconfig('operator', proxy.url),
      logFile: join(directory, 'operator.log'),
      args: ['--allow-cidr', '127.0.0.0/8', '--class', name, '--admin-namespace', `${name}-admin`],
    }
    const operator = resources.use(new Operator(setup))
    return {
      ...{ name, cp, admin: cp.admin, api, proxy, operator, sinks, truth, directory, dataDir, ...sizesOf(quick) },
      another() {
        const other = { dataDir: join(directory, 'data-2'), logFile: join(directory, 'operator-2.log') }
        return resources.use(new Operator({ ...setup, ...other }))
      },
      load: createLoad(api, truth),
      random: seeded(seed, name),
      tenants: [],
      declared: [],
      sinkKeys: [],
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    }
  } catch (error) {
    await resources.disposeAsync()
    throw error
  }
}
