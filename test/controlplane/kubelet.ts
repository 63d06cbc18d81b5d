// A stand-in for nodes: it plays the pods of TaskRuns, and the controller that CustomRuns need, on a control plane that has
// neither. What is played stands in the annotation `carillon.dev/play` (JSON, type Play), which Tekton copies from a TaskRun
// to its pod, from a PipelineRun to all it makes, and from `taskSpec.metadata.annotations` to what comes of that one task:
//
//   {}                              every step succeeds, one after the other, in 20 ms each
//   {"stepMs": 300}                 slow steps
//   {"exitCode": 3}                 the last step ends so, and the pod fails
//   {"results": {"digest": "x"}}    written by the last step, when it succeeds; a list is an array result
//   {"never": true}                 the first step never ends (for timeouts and cancelling)
//   {"failFirst": 1}                the first attempt fails, the next one succeeds (for retries)
import { setTimeout as delay } from 'node:timers/promises'
import type { KubeObject } from '../../src/api/object.ts'
import { type AdminClient, ApiError } from './admin.ts'

export type Play = {
  stepMs?: number
  exitCode?: number
  results?: Record<string, string | string[]>
  never?: boolean
  failFirst?: number
}

export const playAnnotation = 'carillon.dev/play'

const pods = '/api/v1/pods?labelSelector=tekton.dev/taskRun'
const customRuns = '/apis/tekton.dev/v1beta1/customruns'

/** Plays until it is disposed of. Tekton's CRDs must be there. `report` hears of what goes wrong meanwhile. */
export function startKubelet(admin: AdminClient, report: (line: string) => void = console.error): AsyncDisposable {
  const stop = new AbortController()
  const deps = { admin, report, signal: stop.signal }
  const loops = [follow(pods, playPod, isDoomed, deps), follow(customRuns, playCustomRun, isCancelled, deps)]
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await Promise.all(loops)
    },
  }
}

type Deps = { admin: AdminClient; report: (line: string) => void; signal: AbortSignal }

/** `interrupted` is aborted when the object is to end before its time. */
type Player = (object: KubeObject, play: Play, deps: Deps & { interrupted: AbortSignal }) => Promise<void>

const isDoomed = (pod: KubeObject) => pod.metadata.deletionTimestamp !== undefined
const isCancelled = (run: KubeObject) => run.spec?.status === 'RunCancelled'

/** Starts a player for every object that appears at `path`, once each, and interrupts it when the object asks for that. */
async function follow(path: string, player: Player, interrupts: (object: KubeObject) => boolean, deps: Deps) {
  const { admin, report, signal } = deps
  const playing = new Map<string, AbortController>()
  const plays = new Set<Promise<void>>()
  while (!signal.aborted) {
    try {
      for await (const { type, object } of admin.watch(path, signal)) {
        if (type === 'ERROR') break
        const { uid } = object.metadata
        if (type === 'DELETED') playing.get(uid)?.abort()
        else {
          if (!playing.has(uid)) {
            const interrupt = new AbortController()
            playing.set(uid, interrupt)
            const interrupted = AbortSignal.any([interrupt.signal, signal])
            const play = perform(player, object, { ...deps, interrupted }).finally(() => plays.delete(play))
            plays.add(play)
          }
          if (interrupts(object)) playing.get(uid)?.abort()
        }
      }
    } catch (error) {
      // The API server may be away for a while: the next watch begins with what there is then.
      report(`kubelet: ${path}: ${error}`)
      await delay(200, undefined, { signal }).catch(() => undefined)
    }
  }
  await Promise.all(plays)
}

async function perform(player: Player, object: KubeObject, deps: Deps & { interrupted: AbortSignal }): Promise<void> {
  try {
    await player(object, JSON.parse(object.metadata.annotations?.[playAnnotation] ?? '{}') as Play, deps)
  } catch (error) {
    const gone = error instanceof ApiError && (error.status === 404 || error.status === 409)
    if (!gone && !deps.signal.aborted) deps.report(`kubelet: ${object.kind} ${object.metadata.name}: ${error}`)
  }
}

/** Resolves after `ms`, or at once when interrupted; true when the time went by. */
const wait = (ms: number, interrupted: AbortSignal): Promise<boolean> =>
  delay(ms, true, { signal: interrupted }).catch(() => false)

const never = 2 ** 31 - 1

type Container = { name: string; image: string }

async function playPod(
  pod: KubeObject,
  play: Play,
  { admin, signal, interrupted }: Parameters<Player>[2],
): Promise<void> {
  const { name, namespace = '' } = pod.metadata
  const patch = (status: object) => admin.patchStatus('v1', 'Pod', namespace, name, status)
  const { containers, nodeName } = pod.spec as { containers: Container[]; nodeName?: string }
  const { phase } = (pod.status ?? {}) as { phase?: string }
  if (phase === 'Succeeded' || phase === 'Failed') return

  if (!isDoomed(pod)) {
    if (nodeName === undefined) await bind(admin, namespace, name)
    const steps = containers.filter((one) => one.name.startsWith('step-'))
    const exitCode = isToFail(pod, play) ? (play.exitCode ?? 1) : 0
    const states: object[] = containers.map(() => ({ running: { startedAt: now() } }))
    const status = (phase: string) => ({
      phase,
      startTime: pod.metadata.creationTimestamp,
      conditions: ['Initialized', 'ContainersReady', 'Ready'].map((type) => ({ type, status: 'True' })),
      containerStatuses: containers.map((one, index) => describe(one, states[index])),
    })
    await patch(status('Running'))
    for (const [index, step] of steps.entries()) {
      if (!(await wait(play.never ? never : (play.stepMs ?? 20), interrupted))) break
      const isLast = index === steps.length - 1
      const messages = isLast && exitCode === 0 ? resultsOf(play) : []
      states[containers.indexOf(step)] = terminated(isLast ? exitCode : 0, messages)
      if (!isLast) await patch(status('Running'))
    }
    if (!interrupted.aborted) {
      for (const [index, one] of containers.entries()) if (!steps.includes(one)) states[index] = terminated(0, [])
      await patch(status(exitCode === 0 ? 'Succeeded' : 'Failed'))
    }
  }
  // A pod that is bound to a node goes only when the node says that it has stopped.
  if (interrupted.aborted && !signal.aborted) {
    await admin.request('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`, { gracePeriodSeconds: 0 })
  }
}

async function bind(admin: AdminClient, namespace: string, name: string): Promise<void> {
  const target = { apiVersion: 'v1', kind: 'Node', name: 'stand-in' }
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target }
  const answer = await admin.request('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, binding)
  if (answer.status >= 300) throw new ApiError(`bind pod ${name}`, answer)
}

/** Tekton names the pods of later attempts `...-retry1`, `...-retry2`. */
function isToFail(pod: KubeObject, play: Play): boolean {
  const attempt = Number(/-retry(\d+)$/.exec(pod.metadata.name)?.[1] ?? 0)
  return (play.exitCode ?? 0) !== 0 || attempt < (play.failFirst ?? 0)
}

function describe({ name, image }: Container, state: object | undefined): object {
  const running = state !== undefined && 'running' in state
  const imageID = `stand-in/image@sha256:${'0'.repeat(64)}`
  return { name, image, imageID, state, ready: running, started: running, restartCount: 0 }
}

/** What Tekton's entrypoint writes at the end of a step: results, as type 1 (pkg/result of tektoncd/pipeline). */
function resultsOf({ results = {} }: Play): object[] {
  return Object.entries(results).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? value : JSON.stringify(value),
    type: 1,
  }))
}

function terminated(exitCode: number, messages: object[]): object {
  const reason = exitCode === 0 ? 'Completed' : 'Error'
  const message = messages.length > 0 ? { message: JSON.stringify(messages) } : {}
  return { terminated: { exitCode, reason, startedAt: now(), finishedAt: now(), ...message } }
}

async function playCustomRun(run: KubeObject, play: Play, { admin, signal, interrupted }: Parameters<Player>[2]) {
  const { name, namespace } = run.metadata
  if ((run.status as { completionTime?: string } | undefined)?.completionTime) return
  const startTime = now()
  const patch = (status: string, reason: string, more: object = {}) => {
    const condition = {
      type: 'Succeeded',
      status,
      reason,
      message: `${reason} by the stand-in`,
      lastTransitionTime: now(),
    }
    return admin.patchStatus('tekton.dev/v1beta1', 'CustomRun', namespace, name, {
      startTime,
      conditions: [condition],
      ...more,
    })
  }
  await patch('Unknown', 'Started')
  await patch('Unknown', 'Running')
  const ended = await wait(play.never ? never : (play.stepMs ?? 20), interrupted)
  if (signal.aborted) return
  const completionTime = now()
  if (!ended) await patch('False', 'CustomRunCancelled', { completionTime })
  else if (play.exitCode) await patch('False', 'Failed', { completionTime })
  else {
    const results = Object.entries(play.results ?? {}).map(([key, value]) => ({ name: key, value: String(value) }))
    await patch('True', 'Succeeded', { completionTime, results })
  }
}

/** Kubernetes writes the times of a status in whole seconds. */
const now = () => new Date().toISOString().replace(/\.\d+Z$/, 'Z')
