import type { EventSink, EventSubscription } from '../../api/generated.ts'
import { keyOf } from '../../api/object.ts'
import { type LabelsOf, needsLabels } from '../../operator/tenancy/lets-in.ts'
import { isDefault, type SinkUses, sinkUses } from '../../operator/tenancy/sink-uses.ts'

export type GivenUsesOptions = {
  adminNamespaces: ReadonlySet<string>
  labelsOf: LabelsOf
  note(line: string): void
}

/** Stands for the default sink where none was given. */
const unknownDefault = 'default sink'

/** Which sinks a subscription may use, as far as what was given tells: of what was not, it is taken to be there and to let the subscription in. */
export function givenUses(
  subscription: EventSubscription,
  given: ReadonlyMap<string, EventSink>,
  { adminNamespaces, labelsOf, note }: GivenUsesOptions,
): SinkUses {
  const name = `EventSubscription ${keyOf(subscription)}`
  const { namespace = '' } = subscription.metadata
  const taken = (sink: EventSink): EventSink => {
    if (!needsLabels(sink) || sink.metadata.namespace === namespace || labelsOf(namespace)) return sink
    note(
      `EventSink ${keyOf(sink)} lets namespaces in by labels, and those of ${namespace} are not known: taken as let in`,
    )
    return { ...sink, spec: { ...sink.spec, allowedNamespaces: { from: 'All' } } }
  }
  const uses = sinkUses(subscription, {
    sink(key) {
      const sink = given.get(key)
      return sink ? taken(sink) : openTo(key)
    },
    labelsOf,
    defaults: () => {
      const labelled = [...given.values()].filter(isDefault)
      for (const { metadata } of labelled.filter((sink) => !adminNamespaces.has(sink.metadata.namespace ?? '')))
        note(
          `EventSink ${metadata.namespace}/${metadata.name} is a default only in an admin namespace: --admin-namespace`,
        )
      return labelled.filter(({ metadata }) => adminNamespaces.has(metadata.namespace ?? '')).map(taken)
    },
  })
  if (uses.none?.reason === 'SinkNotFound') return { open: [unknownDefault], closed: [] }
  for (const message of new Set(uses.closed.map((one) => `${one.reason}: ${one.message}`))) note(`${name}: ${message}`)
  return uses
}

function openTo(key: string): EventSink {
  const [namespace = '', name = ''] = key.split('/')
  return {
    apiVersion: 'carillon.dev/v1alpha1',
    kind: 'EventSink',
    metadata: { namespace, name, uid: '', creationTimestamp: '' },
    spec: { http: {}, allowedNamespaces: { from: 'All' }, allowBody: true },
  } as EventSink
}
