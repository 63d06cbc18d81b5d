import type { KubeObject } from '../api/object.ts'
import type { Source } from '../sources/source.ts'
import { encodeAttributes, timestamp } from './attributes.ts'
import type { Cluster, EncodedEvent } from './format.ts'
import type { FormatOptions } from './options.ts'

/** Of a subscription that hears nothing, whatever it is about: of Carillon's own, and of no family. */
export const silentType = 'dev.carillon.subscription.silent.v1'

/** Since when (ms) nothing has matched, what did last, and what is expected. */
export type SilenceInput = {
  subscription: KubeObject
  since: number
  /** ms, and as the subscription says it. */
  within: { ms: number; text: string }
  last: { time: number; kind: string; namespace: string; name: string; milestone: string } | undefined
  /** The subscription's own. */
  options: FormatOptions
  cluster: Cluster
}

/** A silence is told apart from others of the subscription by when it began. */
export const silenceKey = (since: number): string => `silent/${since}`

/**
 * The event of a silence in Carillon's own format (docs/events/README.md). The same bytes for the same silence: its time is when it became one,
 * and its id is made as that of a milestone of the subscription with the key `silent/<since>`.
 */
export function encodeSilence({ subscription, since, within, last, options, cluster }: SilenceInput): EncodedEvent {
  const { apiVersion, kind, metadata } = subscription
  const { name, namespace = '', uid } = metadata
  const subject = `eventsubscription/${name}`
  const milestone = {
    name: 'silent',
    key: silenceKey(since),
    class: 'observed',
    time: since + within.ms,
    rank: 0,
  } as const
  const { id, attributes } = encodeAttributes(
    { source: subscriptions, object: subscription, milestone, content: 'summary', options, cluster },
    {
      format: 'cloudevents',
      type: silentType,
      subject,
      source: `${cluster.uri}/namespaces/${encodeURIComponent(namespace.toWellFormed())}/carillon`,
      extensions: { uid },
      dataschema: cluster.schemaBase && `${cluster.schemaBase}/${silentType}.json`,
    },
  )
  const lastMatched = last && { ...last, time: timestamp(last.time) }
  const expect = { within: within.text, since: timestamp(since), lastMatched }
  const data = JSON.stringify({ apiVersion, kind, name, namespace, uid, ...expect })
  return { id, type: silentType, subject, attributes, data }
}

/** Not one that anybody could subscribe to: what events have in common is made by sources. */
const subscriptions: Source = {
  name: 'EventSubscription',
  kind: 'EventSubscription',
  family: 'generic',
  group: 'carillon.dev',
  version: 'v1alpha1',
  plural: 'eventsubscriptions',
  catalogue: [],
  milestones: () => [],
  transitions: () => [],
  project: () => ({}),
  endedAt: () => undefined,
  deletion: () => undefined,
  remains: () => undefined,
}
