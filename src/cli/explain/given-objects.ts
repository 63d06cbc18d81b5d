import type { KubeObject } from '../../api/object.ts'
import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import { apiVersionOf } from '../../kube/path.ts'
import { whyNever } from '../../operator/kinds-allowed.ts'
import { genericName, genericSource } from '../../sources/generic.ts'
import { sources, sourcesOf } from '../../sources/index.ts'
import { fields, groupOf, list, text } from '../../sources/read.ts'
import type { Source } from '../../sources/source.ts'
import type { Document } from '../documents.ts'
import { metadataOf, noUid } from './declared.ts'

/** An object that subscriptions are tried on. */
export type GivenObject = { source: Source; object: KubeObject }

type Options = {
  /** Of what names none. */
  namespace: string
  /** ms. */
  now: number
  note(line: string): void
}

/** What was given, by what it is. */
export function sort(documents: readonly Document[], note: Options['note']) {
  const of = (wanted: (kind: string) => boolean) => documents.filter(({ kind }) => wanted(kind))
  const subscriptions = of((kind) => kind === 'EventSubscription')
  const asked = askedFor(subscriptions)
  const isRun = ({ kind, object }: Document) => sourcesOf(kind).length > 0 || asked.has(nameOf(kind, object))
  const ours = ['EventSubscription', 'EventSink', 'Namespace']
  for (const one of documents.filter((one) => !isRun(one) && !ours.includes(one.kind)))
    note(`passed over: ${one.kind} ${text(fields(one.object.metadata).name) ?? ''}${hintOf(one)}`)
  return {
    subscriptions,
    sinks: of((kind) => kind === 'EventSink'),
    namespaces: of((kind) => kind === 'Namespace'),
    runs: documents.filter(isRun),
  }
}

const nameOf = (kind: string, { apiVersion }: Document['object']): string => genericName(kind, groupOf({ apiVersion }))

/** How a subscription would have to name it; of what none may, as a Secret that was given beside its sink, nothing. */
function hintOf({ kind, object: { apiVersion } }: Document): string {
  const group = groupOf({ apiVersion })
  if (whyNever(kind, group) !== undefined) return ''
  return `: no subscription here names it, as kind: ${kind}, group: ${group || '""'}`
}

/** The kinds that subscriptions name with their group: those that have no catalogue are objects to be explained only then. */
function askedFor(subscriptions: readonly Document[]): ReadonlySet<string> {
  const entries = subscriptions.flatMap(({ object }) => list(fields(object.spec).events)).map(fields)
  return new Set(
    entries.flatMap(({ kind, group }) =>
      typeof kind === 'string' && typeof group === 'string' ? [genericName(kind, group)] : [],
    ),
  )
}

/** Of a kind without a catalogue only the cluster knows the plural; by most of them it is this. */
function sourceOf(kind: string, apiVersion: string): Source | undefined {
  const group = groupOf({ apiVersion })
  const candidates = sourcesOf(kind)
  const found = candidates.find((source) => source.group === group) ?? candidates[0]
  if (found) return found
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1)
  return { ...genericSource(kind, group), version, plural: `${kind.toLowerCase()}s` }
}

/** They are read in the version that the operator watches: what another one calls its fields is not what it sees. */
export function readObjects(documents: readonly Document[], { namespace, now, note }: Options): Verdict<GivenObject[]> {
  const objects: GivenObject[] = []
  for (const { from, kind, object } of documents) {
    const version = text(object.apiVersion) ?? ''
    const source = sourceOf(kind, version)
    if (!source) return refuse('InputInvalid', `${from}: ${kind} is none of ${Object.keys(sources).join(', ')}`)
    const given = fields(object.metadata)
    const name = text(given.name)
    if (name === undefined)
      return refuse(
        'InputInvalid',
        `${from}: a ${kind} without metadata.name; of a file with generateName, give what was made of it`,
      )
    const read = [source.version, ...(source.versions ?? [])].map((one) => apiVersionOf({ ...source, version: one }))
    if (!read.includes(version)) {
      const get = `kubectl get ${source.plural}.${source.version}.${source.group} ${name} -o yaml`
      return refuse(
        'InputInvalid',
        `${from}: ${kind} ${name} has to be of ${read.join(' or ')}, as the operator reads it: ${get}`,
      )
    }
    const metadata = metadataOf(given, namespace)
    if (metadata.uid === noUid)
      note(`${kind} ${name} has no metadata.uid: in a cluster it gets one, and its events other ids`)
    if (!metadata.creationTimestamp) {
      note(`${kind} ${name} has no metadata.creationTimestamp: taken as created now`)
      metadata.creationTimestamp = new Date(now).toISOString()
    }
    objects.push({ source, object: { ...object, metadata } as KubeObject })
  }
  return accept(objects)
}
