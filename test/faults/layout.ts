// What is declared in the cluster before a fault: namespaces, sinks and subscriptions, several of each.
import { setTimeout as delay } from 'node:timers/promises'
import type { EventSink, EventSubscription } from '../../src/api/generated.ts'
import type { Declared } from './evidence.ts'
import type { Kind } from './load.ts'
import type { LifeOptions } from './operator.ts'
import type { Scene } from './scene.ts'
import { type Behaviour, taking } from './sinks/behaviour.ts'

export const apiVersion = 'carillon.dev/v1alpha1'

const kindNames = { taskrun: 'TaskRun', pipelinerun: 'PipelineRun', customrun: 'CustomRun' } as const

export const milestones = ['queued', 'started', 'finished']

/** In attempts under way: what a kill may repeat at each sink. */
export const concurrency = 4

/** Short, so that recovery is the operator's and not a pause's. */
export const retry = { initialDelay: '50ms', maxDelay: '1s' }

export type LayoutOptions = {
  tenants?: number
  kinds?: Kind[]
  milestones?: string[]
  /** Put over `spec` of every sink. */
  sink?: object
  /** Put over `spec.http`. */
  http?: object
  /** Sinks of these names take batches, so many requests at a time. */
  batch?: { sinks: string[]; maxEvents: number; concurrency: number }
  behaviour?: Behaviour
  startFrom?: string
  /** The tenants' namespaces are there already. */
  namespaces?: 'there'
}

/**
 * For each of the tenants sinks `one` and `two`, subscription `single` to `one`, and `both` to both; for the administrators one sink
 * and one subscription to the runs of all tenants. With two tenants: five sinks, five subscriptions, and four deliveries a milestone.
 */
export async function layOut(scene: Scene, options: LayoutOptions = {}): Promise<void> {
  const { tenants = 2, kinds = ['taskrun'] } = options
  const { admin, name } = scene
  const labels = { 'carillon.dev/fault': name }
  const names = Array.from({ length: tenants }, (_, index) => `${name}-${String.fromCharCode(97 + index)}`)
  if (options.namespaces === undefined) for (const namespace of names) await admin.createNamespace(namespace, labels)
  await admin.createNamespace(`${name}-admin`)
  scene.tenants.push(...names)
  for (const namespace of names) {
    for (const sink of ['one', 'two']) await declareSink(scene, namespace, sink, options)
    await declareSubscription(scene, namespace, 'single', ['one'], kinds, options)
    await declareSubscription(scene, namespace, 'both', ['one', 'two'], kinds, options)
  }
  await declareSink(scene, `${name}-admin`, 'all', options)
  await declareSubscription(scene, `${name}-admin`, 'everything', ['all'], kinds, options, names)
}

/** Lays out, starts the operator, and resolves once everything declared is ready. */
export async function begin(scene: Scene, options: LayoutOptions = {}, life?: LifeOptions): Promise<void> {
  await layOut(scene, options)
  await scene.operator.start(life)
  await allReady(scene)
}

export async function declareSink(
  scene: Scene,
  namespace: string,
  name: string,
  options: LayoutOptions = {},
): Promise<void> {
  const key = `${namespace}/${name}`
  const { port } = await scene.sinks.open(key, options.behaviour ?? taking)
  const http = { url: `http://127.0.0.1:${port}/${namespace}/${name}`, timeout: '2s', ...options.http }
  const batch = options.batch?.sinks.includes(name) ? options.batch : undefined
  const mode = batch && { mode: 'batch', batch: { maxEvents: batch.maxEvents, maxDelay: '200ms' } }
  const limits = { concurrency: batch?.concurrency ?? concurrency }
  await applySink(scene, key, { http: { ...http, ...mode }, limits, retry, ...options.sink })
  if (!scene.sinkKeys.includes(key)) scene.sinkKeys.push(key)
}

export async function applySink(scene: Scene, key: string, spec: object): Promise<void> {
  await scene.admin.apply({ apiVersion, kind: 'EventSink', metadata: metadata(scene, key), spec })
}

/** Namespaces are `of`, for a subscription of administrators; else its own. */
export async function declareSubscription(
  scene: Scene,
  namespace: string,
  name: string,
  sinks: string[],
  kinds: Kind[],
  options: LayoutOptions = {},
  of?: string[],
): Promise<void> {
  const key = `${namespace}/${name}`
  const asked = options.milestones ?? milestones
  const spec = {
    sinks: sinks.map((sink) => ({ name: sink })),
    events: kinds.map((kind) => ({ kind: kindNames[kind], milestones: asked })),
    ...(of && { namespaceSelector: { matchLabels: { 'carillon.dev/fault': scene.name } } }),
    ...(options.startFrom && { startFrom: options.startFrom }),
  }
  await scene.admin.apply({ apiVersion, kind: 'EventSubscription', metadata: metadata(scene, key), spec })
  const declared: Declared = {
    key,
    sinks: sinks.map((sink) => `${namespace}/${sink}`),
    kinds,
    milestones: asked,
    namespaces: of ?? [namespace],
  }
  scene.declared.push(declared)
}

const metadata = (scene: Scene, key: string) => {
  const [namespace = '', name = ''] = key.split('/')
  return { namespace, name, labels: { 'carillon.dev/class': scene.name } }
}

/** Resolves once every subscription is ready; with `reason`, once it has this reason. */
export async function allReady(scene: Scene, timeoutMs = 60_000): Promise<void> {
  for (const { key } of scene.declared)
    await untilCondition(scene, 'EventSubscription', key, 'Ready', ({ status }) => status === 'True', timeoutMs)
}

type Condition = { type: string; status: string; reason: string; message: string }

export async function conditionOf(
  scene: Scene,
  kind: 'EventSink' | 'EventSubscription',
  key: string,
  type: string,
): Promise<Condition | undefined> {
  const [namespace, name = ''] = key.split('/')
  const object = (await scene.admin.get(apiVersion, kind, namespace, name)) as EventSink | EventSubscription | undefined
  if (object === undefined || object.status?.observedGeneration !== object.metadata.generation) return undefined
  return object.status?.conditions?.find((one) => one.type === type) as Condition | undefined
}

export async function untilCondition(
  scene: Scene,
  kind: 'EventSink' | 'EventSubscription',
  key: string,
  type: string,
  fits: (condition: Condition) => boolean,
  timeoutMs = 30_000,
): Promise<Condition> {
  let last: Condition | undefined
  for (const end = Date.now() + timeoutMs; Date.now() < end; await delay(50)) {
    last = await conditionOf(scene, kind, key, type)
    if (last && fits(last)) return last
  }
  throw new Error(`waited ${timeoutMs} ms in vain for ${type} of ${kind} ${key}; it is ${JSON.stringify(last)}`)
}
