// What the end-to-end tests share: a control plane with everything that the operator needs, and words for what a team does.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Condition, EventSink, EventSubscription, EventSubscriptionStatus } from '../../src/api/generated.ts'
import type { KubeObject } from '../../src/api/object.ts'
import type { AdminClient, Manifest } from '../controlplane/admin.ts'
import {
  applyCrds,
  applyOperatorRights,
  type ControlPlane,
  type ControlPlaneOptions,
  startControlPlane,
} from '../controlplane/controlplane.ts'
import { type Received, type Sink, type SinkOptions, startSink } from '../controlplane/sink.ts'
import { type OperatorOptions, type OperatorProcess, startOperator } from '../operator/process.ts'

export const apiVersion = 'carillon.dev/v1alpha1'

/** So that sinks of the tests, which are on loopback, may be sent to. */
export const toLoopback = ['--allow-cidr', '127.0.0.0/8']

/** Machines that run tests are slow at times; what is waited for is there as a rule within a second. */
export const patienceMs = 60_000

/** A control plane with Carillon's CRDs and rights, and all that is started on it. Ends with everything that it started. */
export type Stage = AsyncDisposable & {
  cp: ControlPlane
  admin: AdminClient
  /** An operator with the rights of the chart; its own ServiceAccount. */
  operator(options?: OperatorOptions): Promise<OperatorProcess>
  /** A namespace of its own, with a sink that records. `label` is set on every CR, as its class. */
  team(name: string, options?: { class?: string; labels?: Record<string, string>; sink?: SinkOptions }): Promise<Team>
}

export async function startStage(options: ControlPlaneOptions = {}): Promise<Stage> {
  const resources = new AsyncDisposableStack()
  try {
    const cp = resources.use(await startControlPlane(options))
    const { admin } = cp
    await Promise.all([applyCrds(cp), applyOperatorRights(cp)])
    return {
      cp,
      admin,
      async operator(of) {
        // The Lease and the records of a class have names of their own, and are its installation's to have rights on.
        const name = of?.args?.flatMap((arg, at, all) => (arg === '--class' ? (all[at + 1] ?? []) : []))[0]
        if (name !== undefined) await applyOperatorRights(cp, name)
        return resources.use(await startOperator(cp, of))
      },
      async team(name, { class: label, labels, sink } = {}) {
        await admin.createNamespace(name, labels)
        return new Team(admin, name, resources.use(await startSink(sink)), label)
      },
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    }
  } catch (error) {
    await resources.disposeAsync()
    throw error
  }
}

export type Kind = 'EventSink' | 'EventSubscription'

/** Of a sink, `matched` and `filtered` are missing. */
type Counts = Required<NonNullable<EventSubscriptionStatus['counts']>>

type Expected = { status?: Condition['status']; reason?: string; message?: RegExp }

/** A team with a namespace, and an HTTP server that takes its events. */
export class Team {
  readonly admin: AdminClient
  readonly namespace: string
  readonly server: Sink
  readonly #class: string | undefined

  constructor(admin: AdminClient, namespace: string, server: Sink, label: string | undefined) {
    this.admin = admin
    this.namespace = namespace
    this.server = server
    this.#class = label
  }

  /** Applies an EventSink that leads to the team's server, unless `http` says another url. */
  async sink(name = 'sink', http: object = {}, more: object = {}): Promise<EventSink> {
    return (await this.#apply('EventSink', name, { http: { url: this.server.url, ...http }, ...more })) as EventSink
  }

  /** Applies an EventSubscription to the sink `sink`, unless `spec` says others. */
  async subscription(name = 'subscription', spec: object = {}): Promise<EventSubscription> {
    return (await this.#apply('EventSubscription', name, { sinks: [{ name: 'sink' }], ...spec })) as EventSubscription
  }

  /** Sink `sink` and subscription `subscription`; resolves once the subscription is ready. */
  async subscribe(spec: object = {}, http: object = {}, more: object = {}): Promise<void> {
    await this.sink('sink', http, more)
    await this.subscription('subscription', spec)
    await this.ready()
  }

  async #apply(kind: Kind, name: string, spec: object): Promise<KubeObject> {
    const labels = this.#class === undefined ? {} : { 'carillon.dev/class': this.#class }
    const metadata = { name, namespace: this.namespace, labels }
    const [applied] = await this.admin.apply({ apiVersion, kind, metadata, spec })
    return applied as KubeObject
  }

  async secret(name: string, stringData: Record<string, string>, labels: Record<string, string> = credential) {
    await this.admin.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: this.namespace, labels },
      stringData,
    })
  }

  async get<K extends Kind>(kind: K, name: string): Promise<K extends 'EventSink' ? EventSink : EventSubscription> {
    return (await this.admin.get(apiVersion, kind, this.namespace, name)) as K extends 'EventSink'
      ? EventSink
      : EventSubscription
  }

  delete(kind: Kind, name: string): Promise<void> {
    return this.admin.delete(apiVersion, kind, this.namespace, name)
  }

  /** Resolves once the condition is as expected. */
  condition(kind: Kind, name: string, type: string, expected: Expected): Promise<KubeObject> {
    return this.until(
      kind,
      name,
      `${type} to be ${expected.status} ${expected.reason ?? ''} ${expected.message ?? ''}`,
      (object) => {
        const found = conditionsOf(object).find((one) => one.type === type)
        return (
          found !== undefined &&
          (expected.status === undefined || found.status === expected.status) &&
          (expected.reason === undefined || found.reason === expected.reason) &&
          (expected.message === undefined || expected.message.test(found.message))
        )
      },
    )
  }

  ready(name = 'subscription'): Promise<KubeObject> {
    return this.condition('EventSubscription', name, 'Ready', { status: 'True' })
  }

  /** Resolves once the CR is so, and its status speaks of what was applied last. */
  async until(kind: Kind, name: string, what: string, predicate: (object: KubeObject) => boolean): Promise<KubeObject> {
    const path = await this.admin.path(apiVersion, kind, this.namespace, name)
    const isCurrent = (object: KubeObject) => object.status?.observedGeneration === object.metadata.generation
    return this.admin.waitFor(path, (object) => isCurrent(object) && predicate(object), {
      what: `${kind} ${this.namespace}/${name}: ${what}`,
      timeoutMs: patienceMs,
    })
  }

  /** Asks for a status with numbers as of now (reconcile.fluxcd.io/requestedAt), and resolves with it. */
  async ask(kind: Kind, name: string): Promise<KubeObject> {
    const asked = randomUUID()
    const annotations = { 'reconcile.fluxcd.io/requestedAt': asked }
    await this.admin.mergePatch(apiVersion, kind, this.namespace, name, { metadata: { annotations } })
    return this.until(kind, name, 'requestedAt to be answered', (one) => one.status?.lastHandledReconcileAt === asked)
  }

  /** Asks until the numbers are so: what is settled is written a moment after the sink has answered. */
  async counts(kind: Kind, name: string, predicate: (counts: Counts) => boolean): Promise<Counts> {
    const end = Date.now() + patienceMs
    for (;;) {
      const { status } = await this.ask(kind, name)
      const pending = kind === 'EventSink' ? { pending: status?.pending as number } : {}
      const counts = { ...(status?.counts as Counts), ...pending }
      if (predicate(counts)) return counts
      if (Date.now() > end)
        throw new Error(`waited in vain for the counts of ${kind} ${name}: ${JSON.stringify(counts)}`)
    }
  }

  /** Resolves with what the team's server has taken once that is so many requests, or as the predicate says. */
  received(wanted: number | ((received: Received[]) => boolean), what = 'events'): Promise<Received[]> {
    const predicate = typeof wanted === 'number' ? (received: Received[]) => received.length >= wanted : wanted
    return this.server.waitFor(predicate, { what: `${what} at ${this.namespace}`, timeoutMs: patienceMs })
  }
}

const credential = { 'carillon.dev/credential': 'true' }

export const conditionsOf = (object: KubeObject): Condition[] => (object.status?.conditions ?? []) as Condition[]

export const typeOf = (request: Received): string => String(request.headers['ce-type'])

/** `<subject> <milestone>` of an event in Carillon's own format: `taskrun/build started`. */
export const momentOf = (request: Received): string =>
  `${request.headers['ce-subject']} ${typeOf(request).split('.').at(-2)}`

type RunKind = 'TaskRun' | 'PipelineRun' | 'CustomRun'

const versions = { TaskRun: 'tekton.dev/v1', PipelineRun: 'tekton.dev/v1', CustomRun: 'tekton.dev/v1beta1' } as const

const taskSpec = { steps: [{ name: 'main', image: 'none' }] }

const specs = {
  TaskRun: { taskSpec },
  PipelineRun: { pipelineSpec: { tasks: [{ name: 'one', taskSpec }] } },
  CustomRun: { customRef: { apiVersion: 'example.dev/v1', kind: 'Approval' } },
} as const

export type RunOptions = {
  kind?: RunKind
  labels?: Record<string, string>
  annotations?: Record<string, string>
  /** What stands beside the kind's own spec. */
  spec?: object
}

/** Makes a run, on a control plane where no controller is that would take it up. */
export function createRun(admin: AdminClient, namespace: string, name: string, options: RunOptions = {}) {
  const { kind = 'TaskRun', labels = {}, annotations = {}, spec = {} } = options
  const metadata = { name, namespace, labels, annotations }
  const manifest: Manifest = { apiVersion: versions[kind], kind, metadata, spec: { ...specs[kind], ...spec } }
  return admin.create(manifest)
}

/** What Tekton's controller would write. Times are ms; left out, they are now. */
export function writeStatus(
  admin: AdminClient,
  namespace: string,
  name: string,
  status: object,
  kind: RunKind = 'TaskRun',
) {
  const whole = kind === 'TaskRun' ? { podName: '', ...status } : status
  return admin.patchStatus(versions[kind], kind, namespace, name, whole)
}

/** RFC 3339, whole seconds, as Kubernetes writes it. */
export const at = (ms: number = Date.now()): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

export const running = (since?: number): object => ({
  startTime: at(since),
  conditions: [{ type: 'Succeeded', status: 'Unknown', reason: 'Running', message: '', lastTransitionTime: at(since) }],
})

export function ended(
  options: { status?: 'True' | 'False'; reason?: string; started?: number; done?: number } = {},
): object {
  const { status = 'True', reason = 'Succeeded', started, done } = options
  return {
    startTime: at(started ?? done),
    completionTime: at(done),
    conditions: [{ type: 'Succeeded', status, reason, message: '', lastTransitionTime: at(done) }],
  }
}

/** A run from its creation to its end, in as many writes as Tekton makes. */
export async function run(
  admin: AdminClient,
  namespace: string,
  name: string,
  options: RunOptions = {},
): Promise<KubeObject> {
  const { kind = 'TaskRun' } = options
  await createRun(admin, namespace, name, options)
  await writeStatus(admin, namespace, name, running(), kind)
  return writeStatus(admin, namespace, name, ended(), kind)
}

/** Resolves in another second than this one: Kubernetes tells times in whole seconds. */
export async function secondOver(): Promise<void> {
  await delay(1000 - (Date.now() % 1000))
}
