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

/** What becomes of an object while it is played. */
type Course = {
  /** Aborted when the object is to end before its time. */
  interrupted: AbortSignal
  /** Resolves once the object is so, or is interrupted. */
  until(predicate: (object: KubeObject) => boolean): Promise<void>
}

type Player = (object: KubeObject, play: Play, deps: Deps, course: Course) => Promise<void>

const isDoomed = (pod: KubeObject) => pod.metadata.deletionTimestamp !== undefined
const isCancelled = (run: KubeObject) => run.spec?.status === 'RunCancelled'

/** Starts a player for every object that appears at `path`, once each, and interrupts it when the object asks for that. */
async function follow(path: string, player: Player, interrupts: (object: KubeObject) => boolean, deps: Deps) {
  const { admin, report, signal } = deps
  const courses = new Map<string, ReturnType<typeof startCourse>>()
  const plays = new Set<Promise<void>>()
  while (!signal.aborted) {
    try {
      for await (const { type, object } of admin.watch(path, signal)) {
        if (type === 'ERROR') break
        const { uid } = object.metadata
        let course = courses.get(uid)
        if (!course && type !== 'DELETED') {
          course = startCourse(object, signal)
          courses.set(uid, course)
          const play = perform(player, object, deps, course).finally(() => plays.delete(play))
          plays.add(play)
        }
        course?.next(object)
        if (type === 'DELETED' || interrupts(object)) course?.interrupt()
        if (type === 'DELETED') courses.delete(uid)
      }
    } catch (error) {
      // The API server may be away for a while: the next watch begins with what there is then.
      if (!signal.aborted) report(`kubelet: ${path}: ${error}`)
      await wait(200, signal)
    }
  }
  await Promise.all(plays)
}

function startCourse(first: KubeObject, signal: AbortSignal) {
  const controller = new AbortController()
  const interrupted = AbortSignal.any([controller.signal, signal])
  const checks = new Set<() => void>()
  let latest = first
  return {
    interrupted,
    interrupt: () => controller.abort(),
    next(object: KubeObject) {
      latest = object
      for (const check of checks) check()
    },
    until: (predicate: (object: KubeObject) => boolean) =>
      new Promise<void>((resolve) => {
        const check = () => {
          if (!interrupted.aborted && !predicate(latest)) return
          checks.delete(check)
          resolve()
        }
        checks.add(check)
        interrupted.addEventListener('abort', check)
        check()
      }),
  }
}

async function perform(player: Player, object: KubeObject, deps: Deps, course: Course): Promise<void> {
  const { report, signal } = deps
  const what = `kubelet: ${object.kind} ${object.metadata.name}`
  while (!signal.aborted) {
    try {
      const play = JSON.parse(object.metadata.annotations?.[playAnnotation] ?? '{}') as Play
      return await player(object, play, deps, course)
    } catch (error) {
      if (signal.aborted) return
      const status = error instanceof ApiError ? error.status : 0
      // Gone, or ended by its owner: there is nothing more to play.
      if (status === 404 || status === 409) return
      report(`${what}: ${error}`)
      if (error instanceof SyntaxError || (status >= 400 && status < 500 && status !== 429)) return
      // The API server is away, or just coming back: play it again from the start.
      await wait(200, signal)
    }
  }
}

/** Resolves after `ms`, or at once when interrupted; true when the time went by. */
const wait = (ms: number, interrupted: AbortSignal): Promise<boolean> =>
  delay(ms, true, { signal: interrupted }).catch(() => false)

const never = 2 ** 31 - 1

type Container = { name: string; image: string }

/** Tekton's entrypoint holds the first step until its controller has seen the pod run, and has noted that. */
const isReleased = (pod: KubeObject) => pod.metadata.annotations?.['tekton.dev/ready'] === 'READY'

async function playPod(pod: KubeObject, play: Play, { admin, signal }: Deps, course: Course): Promise<void> {
  const { name, namespace = '' } = pod.metadata
  const { nodeName } = pod.spec as { nodeName?: string }
  const { phase } = (pod.status ?? {}) as { phase?: string }
  if (phase === 'Succeeded' || phase === 'Failed') return
  if (nodeName === undefined) await bind(admin, namespace, name)
  await playSteps(pod, play, course, (status) => admin.patchStatus('v1', 'Pod', namespace, name, status))
  // A pod that is bound to a node goes only when the node says that it has stopped.
  if (course.interrupted.aborted && !signal.aborted) {
    await admin.request('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`, { gracePeriodSeconds: 0 })
  }
}

async function playSteps(pod: KubeObject, play: Play, course: Course, patch: (status: object) => Promise<unknown>) {
  const { containers } = pod.spec as { containers: Container[] }
  const steps = containers.filter((one) => one.name.startsWith('step-'))
  const exitCode = isToFail(pod, play) ? (play.exitCode ?? 1) : 0
  const states: object[] = containers.map(() => ({ running: { startedAt: now() } }))
  const status = (phase: string) => ({
    phase,
    startTime: pod.metadata.creationTimestamp,
    conditions: ['Initialized', 'ContainersReady', 'Ready'].map((type) => ({ type, status: 'True' })),
    containerStatuses: containers.map((one, index) => describe(one, states[index])),
  })
  if (course.interrupted.aborted) return
  await patch(status('Running'))
  await course.until(isReleased)
  for (const [index, step] of steps.entries()) {
    if (!(await wait(play.never ? never : (play.stepMs ?? 20), course.interrupted))) return
    const isLast = index === steps.length - 1
    const messages = isLast && exitCode === 0 ? resultsOf(play) : []
    states[containers.indexOf(step)] = terminated(isLast ? exitCode : 0, messages)
    if (!isLast) await patch(status('Running'))
  }
  for (const [index, one] of containers.entries()) if (!steps.includes(one)) states[index] = terminated(0, [])
  await patch(status(exitCode === 0 ? 'Succeeded' : 'Failed'))
}

async function bind(admin: AdminClient, namespace: string, name: string): Promise<void> {
  const target = { apiVersion: 'v1', kind: 'Node', name: 'stand-in' }
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target }
  const answer = await admin.request('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, binding)
  // 409: it is bound already.
  if (answer.status >= 300 && answer.status !== 409) throw new ApiError(`bind pod ${name}`, answer)
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

async function playCustomRun(run: KubeObject, play: Play, { admin, signal }: Deps, { interrupted }: Course) {
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
