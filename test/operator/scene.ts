import type { EventSink, EventSubscription } from '../../src/api/generated.ts'
import type { KubeObject, ObjectMeta } from '../../src/api/object.ts'
import { defaultPolicy } from '../../src/api/policy.ts'
import { formats } from '../../src/formats/index.ts'
import { activationKey } from '../../src/operator/activation.ts'
import type { Emitter, Since } from '../../src/operator/emitter.ts'
import { type CompileContext, compileSubscription } from '../../src/operator/subscription.ts'
import type { ObjectRecord } from '../../src/outbox/outbox.ts'
import { knownSources, sources } from '../../src/sources/index.ts'
import type { Source } from '../../src/sources/source.ts'

export const start = Date.UTC(2026, 10, 22, 12)

/** ms of a time so many seconds after `start`. */
export const ms = (second: number): number => start + second * 1000

/** The same as Kubernetes writes it. */
export const at = (second: number): string => new Date(ms(second)).toISOString().replace('.000Z', 'Z')

export const cluster = {
  uri: '/clusters/test',
  urlOf: ({ plural }: Source, { metadata }: KubeObject) => `https://api.example.com/${plural}/${metadata.name}`,
}

export function sourceOf(kind: string): Source {
  const source = sources[kind]
  if (!source) throw new Error(`no source ${kind}`)
  return source
}

/** A TaskRun, created at `start`. */
export function taskRun(status?: Record<string, unknown>, metadata: Partial<ObjectMeta> = {}): KubeObject {
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: {
      name: 'build',
      namespace: 'team-a',
      uid: 'uid-run',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: at(0),
      ...metadata,
    },
    spec: { taskRef: { name: 'build' } },
    ...(status && { status }),
  }
}

export const condition = (status: string, reason: string, second: number) => ({
  conditions: [{ type: 'Succeeded', status, reason, message: reason, lastTransitionTime: at(second) }],
})

export const running = (second = 1) => ({ startTime: at(1), ...condition('Unknown', 'Running', second) })

export const succeeded = (second = 60) => ({
  startTime: at(1),
  completionTime: at(second),
  ...condition('True', 'Succeeded', second),
})

export type SubscriptionSpec = EventSubscription['spec']

export function subscription(
  spec: Partial<SubscriptionSpec> = {},
  metadata: Partial<ObjectMeta> = {},
): EventSubscription {
  return {
    apiVersion: 'carillon.dev/v1alpha1',
    kind: 'EventSubscription',
    metadata: {
      name: 'builds',
      namespace: 'team-a',
      uid: 'uid-builds',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: at(0),
      ...metadata,
    },
    spec: { sinks: [{ name: 'qe' }], ...spec },
  }
}

export function sink(spec: Partial<EventSink['spec']> = {}, metadata: Partial<ObjectMeta> = {}): EventSink {
  return {
    apiVersion: 'carillon.dev/v1alpha1',
    kind: 'EventSink',
    metadata: {
      name: 'qe',
      namespace: 'team-a',
      uid: 'uid-qe',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: at(0),
      ...metadata,
    },
    spec: { http: { url: 'https://qe.example.com/hook' }, ...spec },
  }
}

export const context = (over: Partial<CompileContext> = {}): CompileContext => ({
  sources: knownSources,
  formats,
  policy: { ...defaultPolicy, adminNamespaces: new Set(['admin']), tenantKinds: new Set(['Widget.example.com']) },
  maxEventBytes: () => 65_536,
  parking: () => undefined,
  ...over,
})

/** The emitter of a subscription; its uid is `uid-<name>`. */
export function emitter(
  name: string,
  spec: Partial<SubscriptionSpec> = {},
  over: Partial<CompileContext> & { namespace?: string } = {},
): Emitter {
  const { namespace = 'team-a', ...rest } = over
  const compiled = compileSubscription(subscription(spec, { name, namespace, uid: `uid-${name}` }), context(rest))
  if (!compiled.ok) throw new Error(compiled.message)
  return compiled.value
}

/** Everything is active since long ago, but for what is named: uid, or activation key → since. */
export const sinceOf =
  (exceptions: Record<string, number | undefined> = {}): Since =>
  (uid, sinkKey, kind, milestone) => {
    for (const key of [activationKey(uid, sinkKey, kind, milestone), `${uid} ${sinkKey}`, uid])
      if (Object.hasOwn(exceptions, key)) return exceptions[key]
    return 0
  }

/** As a record comes back from the outbox. */
export const stored = (record: ObjectRecord | undefined): ObjectRecord | undefined =>
  record && (JSON.parse(JSON.stringify(record)) as ObjectRecord)
