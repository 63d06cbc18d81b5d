import { setTimeout as delay } from 'node:timers/promises'
import { parallel } from '../bench/client.ts'
import type { Api, Written } from './api.ts'
import type { Truth } from './truth.ts'

export type Kind = 'taskrun' | 'pipelinerun' | 'customrun'

/** `startedAt` and `isDone` are as the last write was asked for. */
export type Run = { namespace: string; name: string; kind: Kind; uid: string; startedAt: string; isDone: boolean }

/** What a run has besides what every run has. `spec` and `status` are put over what the load writes. */
export type RunMore = {
  kind?: Kind
  labels?: Record<string, string>
  annotations?: Record<string, string>
  spec?: object
  status?: object
}

/** Writes runs as Tekton would, and notes in the truth what the API server has acknowledged. */
export type Load = {
  create(namespace: string, name: string, more?: RunMore): Promise<Run>
  start(run: Run): Promise<void>
  finish(run: Run, more?: RunMore): Promise<void>
  /** From its creation to its end, `pauseMs` between the three writes. */
  live(namespace: string, name: string, more?: RunMore, pauseMs?: number): Promise<Run>
  /** Told as `deleted` where it comes before the run's end. */
  remove(run: Run): Promise<void>
  /** `count` runs that are started and not ended. */
  started(prefix: string, count: number, namespaces: readonly string[]): Promise<Run[]>
  /** `count` whole lives over all `namespaces`, at most `width` at a time. */
  burst(prefix: string, count: number, namespaces: readonly string[], options?: FlowOptions): Promise<Run[]>
  /** `count` runs that start and end in one write. */
  finished(prefix: string, count: number, namespaces: readonly string[], more?: RunMore): Promise<void>
  /** Whole lives at a steady rate, as long as no more than `mostLives` are under way, until `stop` is called, which resolves when the last has ended. */
  flow(prefix: string, perSecond: number, namespaces: readonly string[], more?: RunMore): { stop(): Promise<number> }
}

export type FlowOptions = { width?: number; more?: RunMore; pauseMs?: number }

/** A server that is away is not to be met by all that was due meanwhile when it comes back. */
const mostLives = 32

const versions = { taskrun: 'v1', pipelinerun: 'v1', customrun: 'v1beta1' } as const
const names = { taskrun: 'TaskRun', pipelinerun: 'PipelineRun', customrun: 'CustomRun' } as const
const taskSpec = { steps: [{ name: 'main', image: 'registry.example.com/build:1', script: '#!/bin/sh\nmake\n' }] }
const specs = {
  taskrun: { taskSpec },
  pipelinerun: { pipelineSpec: { tasks: [{ name: 'one', taskSpec }] } },
  customrun: { customRef: { apiVersion: 'example.dev/v1', kind: 'Approval' } },
} as const

export const collectionOf = (kind: Kind, namespace: string): string =>
  `/apis/tekton.dev/${versions[kind]}/namespaces/${namespace}/${kind}s`

/** RFC 3339, whole seconds, as Kubernetes writes it. */
const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`

const condition = (status: string, reason: string, at: string) => [
  { type: 'Succeeded', status, reason, message: reason, lastTransitionTime: at },
]

/** Resources that are taken away while runs are written (a namespace, a CRD) refuse writes: those never happened. */
const gone = [404, 403, 409]

export function createLoad(api: Api, truth: Truth): Load {
  const note = ({ namespace, kind, name, uid }: Run, milestone: string, written: Written): void => {
    const done = written.status < 300
    if (!done && !gone.includes(written.status))
      throw new Error(`${milestone} of ${name}: ${written.status} ${JSON.stringify(written.body).slice(0, 300)}`)
    if (done || !written.certain)
      truth.note({
        certain: done && (written.certain || milestone !== 'queued'),
        namespace,
        kind,
        name,
        uid,
        milestone,
      })
  }
  const create: Load['create'] = async (namespace, name, more = {}) => {
    const { kind = 'taskrun', labels = {}, annotations = {}, spec = {} } = more
    const body = {
      apiVersion: `tekton.dev/${versions[kind]}`,
      kind: names[kind],
      metadata: { name, namespace, labels, annotations },
      spec: { ...specs[kind], ...spec },
    }
    const path = collectionOf(kind, namespace)
    const written = await api.write('POST', path, body)
    const { uid = '' } =
      ((written.status === 409 ? (await api.write('GET', `${path}/${name}`)).body : written.body).metadata as {
        uid?: string
      }) ?? {}
    const run = { namespace, name, kind, uid, startedAt: '', isDone: false }
    note(run, 'queued', written)
    return run
  }
  const patch = async (run: Run, milestones: string[], status: object) => {
    const whole = run.kind === 'taskrun' ? { podName: '', ...status } : status
    const path = `${collectionOf(run.kind, run.namespace)}/${run.name}/status`
    const written = await api.write('PATCH', path, { status: whole })
    for (const milestone of milestones) note(run, milestone, written)
  }
  const start: Load['start'] = (run) => {
    run.startedAt = now()
    return patch(run, ['started'], {
      startTime: run.startedAt,
      conditions: condition('Unknown', 'Running', run.startedAt),
    })
  }
  const ended = (run: Run, at: string) => ({
    startTime: run.startedAt,
    completionTime: at,
    conditions: condition('True', 'Succeeded', at),
  })
  const finish: Load['finish'] = (run, { status = {} } = {}) => {
    run.isDone = true
    return patch(run, ['finished'], { ...ended(run, now()), ...status })
  }
  const live: Load['live'] = async (namespace, name, more = {}, pauseMs = 0) => {
    const run = await create(namespace, name, more)
    if (pauseMs > 0) await delay(pauseMs)
    await start(run)
    if (pauseMs > 0) await delay(pauseMs)
    await finish(run, more)
    return run
  }
  const at = <T>(list: readonly T[], index: number): T => list[index % list.length] as T
  return {
    create,
    start,
    finish,
    live,
    async remove(run) {
      const written = await api.write('DELETE', `${collectionOf(run.kind, run.namespace)}/${run.name}`)
      if (!run.isDone) note(run, 'deleted', written)
    },
    async started(prefix, count, namespaces) {
      const runs: Run[] = []
      await parallel(count, 16, async (index) => {
        const run = await create(at(namespaces, index), `${prefix}-${index}`)
        await start(run)
        runs.push(run)
      })
      return runs
    },
    async finished(prefix, count, namespaces, more) {
      await parallel(count, 16, async (index) => {
        const run = await create(at(namespaces, index), `${prefix}-${index}`, more)
        run.startedAt = now()
        run.isDone = true
        await patch(run, ['started', 'finished'], ended(run, now()))
      })
    },
    async burst(prefix, count, namespaces, { width = 16, more, pauseMs } = {}) {
      const runs: Run[] = []
      await parallel(count, width, async (index) => {
        runs.push(await live(at(namespaces, index), `${prefix}-${index}`, more, pauseMs))
      })
      return runs
    },
    flow(prefix, perSecond, namespaces, more) {
      const stopped = new AbortController()
      const lives: Promise<Run>[] = []
      const begun = performance.now()
      let under = 0
      const flowing = (async () => {
        for (let index = 0; !stopped.signal.aborted; index += 1) {
          const wait = begun + (index * 1000) / perSecond - performance.now()
          if (wait > 0) await delay(wait)
          while (under >= mostLives && !stopped.signal.aborted) await delay(20)
          under += 1
          lives.push(live(at(namespaces, index), `${prefix}-${index}`, more, 100).finally(() => (under -= 1)))
        }
      })()
      return {
        async stop() {
          stopped.abort()
          await flowing
          await Promise.all(lives)
          return lives.length
        },
      }
    },
  }
}
