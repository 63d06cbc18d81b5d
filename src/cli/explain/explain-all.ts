import type { EventSubscription } from '../../api/generated.ts'
import { type KubeObject, keyOf } from '../../api/object.ts'
import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import type { Labels } from '../../filters/selector.ts'
import type { Cluster } from '../../formats/format.ts'
import { formats } from '../../formats/index.ts'
import { apiVersionOf } from '../../kube/path.ts'
import type { Emitter } from '../../operator/emitter.ts'
import { whyNever } from '../../operator/kinds-allowed.ts'
import { activationSpec, compileSubscription } from '../../operator/subscription.ts'
import { genericName, genericSource } from '../../sources/generic.ts'
import { knownSources, sources, sourcesOf } from '../../sources/index.ts'
import { fields, groupOf, list, text } from '../../sources/read.ts'
import type { Source } from '../../sources/source.ts'
import type { Document } from '../documents.ts'
import { type Declared, declare, metadataOf, noUid } from './declared.ts'
import type { Explained, RefusedCr } from './explained.ts'
import { explainObject } from './judge-object.ts'
import { type GivenSinks, readSinks } from './sinks.ts'

export type ExplainOptions = {
  /** Of what names none. */
  namespace: string
  adminNamespaces: ReadonlySet<string>
  tenantKinds?: ReadonlySet<string>
  /** Of the namespaces that are not given as such. */
  namespaceLabels: Labels | undefined
  cluster: Cluster
  /** ms, where the objects are gone. */
  deletedAt: number | undefined
  /** ms. */
  now: number
  note(line: string): void
}

type Run = { source: Source; object: KubeObject }

/** Every subscription of the documents with every run of theirs. Refused is what can't be read at all. */
export function explainAll(
  documents: readonly Document[],
  previous: readonly Document[],
  options: ExplainOptions,
): Verdict<Explained> {
  const { note } = options
  const sorted = sort(documents, note)
  const runs = readRuns(sorted.runs, options)
  if (!runs.ok) return runs
  const before = readRuns(previous, { ...options, note: () => undefined })
  if (!before.ok) return before
  const declared = sorted.subscriptions.map((one) => declare<EventSubscription>(one, options.namespace))
  if (declared.length === 0) return refuse('InputInvalid', 'there is no EventSubscription in what was given')
  for (const namespace of elsewhere(sorted.subscriptions, runs.value, options))
    note(`what names no namespace is taken as of ${options.namespace}, and a run is of ${namespace}: see --namespace`)
  const sinks = readSinks(sorted.sinks, options)
  const refused: RefusedCr[] = [...sinks.refused]
  const explanations: Explained['explanations'] = []
  const labelsOf = namespaceLabels(sorted.namespaces, options)
  for (const one of declared) {
    const emitter = compile(one, sinks, options)
    if ('kind' in emitter) {
      refused.push(emitter)
      continue
    }
    for (const { key } of emitter.sinks)
      if (!sinks.given.has(key)) note(`EventSink ${key} was not given: taken for one that says nothing but its address`)
    for (const { source, object } of runs.value) {
      const { deletedAt, cluster } = options
      explanations.push(
        explainObject({
          subscription: one.object,
          emitter,
          sinks: sinks.given,
          source,
          object,
          previous: before.value.find((other) => isSame(other, { source, object }))?.object,
          gone: deletedAt === undefined ? undefined : { at: deletedAt, missed: false },
          cluster,
          labelsOf,
        }),
      )
    }
  }
  // What is wrong with a subscription is told without an object to try it on, too.
  if (runs.value.length > 0 || refused.length > 0) return accept({ refused, explanations })
  return refuse(
    'InputInvalid',
    'there is no object to try it on in what was given: none of a kind with milestones of its own (carillon events list), and none that a subscription here names by kind and group',
  )
}

function sort(documents: readonly Document[], note: ExplainOptions['note']) {
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

/** Namespaces of runs that a subscription may only seem not to reach: it was written to be applied with `kubectl -n`. */
function elsewhere(subscriptions: readonly Document[], runs: readonly Run[], { namespace }: ExplainOptions): string[] {
  if (subscriptions.every(({ object }) => text(fields(object.metadata).namespace) !== undefined)) return []
  const of = new Set(runs.map(({ object }) => object.metadata.namespace ?? ''))
  return [...of].filter((one) => one !== namespace && one !== '')
}

/** Runs are read in the version that the operator watches: what another one calls its fields is not what it sees. */
function readRuns(documents: readonly Document[], { namespace, now, note }: ExplainOptions): Verdict<Run[]> {
  const runs: Run[] = []
  for (const { from, kind, object } of documents) {
    const version = text(object.apiVersion) ?? ''
    const source = sourceOf(kind, version)
    if (!source) return refuse('InputInvalid', `${from}: ${kind} is none of ${Object.keys(sources).join(', ')}`)
    const given = fields(object.metadata)
    const name = text(given.name)
    if (name === undefined)
      return refuse(
        'InputInvalid',
        `${from}: a ${kind} without metadata.name; of a file with generateName, give the run that was made of it`,
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
    runs.push({ source, object: { ...object, metadata } as KubeObject })
  }
  return accept(runs)
}

const isSame = (one: Run, other: Run): boolean =>
  one.source.name === other.source.name && keyOf(one.object) === keyOf(other.object)

/** By the code of the operator; what the API server would refuse never comes so far. */
function compile(
  { key, object, refused, unchecked }: Declared<EventSubscription>,
  sinks: GivenSinks,
  { adminNamespaces, tenantKinds = new Set(), note }: ExplainOptions,
): Emitter | RefusedCr {
  const cr = { kind: 'EventSubscription' as const, name: key }
  if (refused.length > 0)
    return { ...cr, reason: 'Invalid', problems: refused.map(({ path, message }) => `${path}: ${message}`) }
  const name = object.metadata.labels?.['carillon.dev/class']
  if (name !== undefined) note(`EventSubscription ${key}: only an operator with --class ${name} looks at it`)
  for (const { path, message } of unchecked) note(`EventSubscription ${key}: not checked here: ${path}: ${message}`)
  const compiled = compileSubscription(object, {
    sources: knownSources,
    formats,
    adminNamespaces,
    tenantKinds,
    ...sinks.limits,
  })
  const spec = compiled.ok ? activationSpec(object) : compiled
  if (!compiled.ok || !spec.ok) {
    const { reason, message } = spec as { reason: string; message: string }
    return { ...cr, reason, problems: [message, ...hintsAt(reason, object.metadata.namespace ?? '')] }
  }
  return compiled.value
}

/** What the operator may have been told, and this command was not. */
function hintsAt(reason: string, namespace: string): string[] {
  if (reason === 'NamespaceSelectorNotAllowed')
    return [`  (if ${namespace} is one where the operator runs: --admin-namespace ${namespace})`]
  return reason === 'KindNotAllowed'
    ? ['  (if the operator was told otherwise: --tenant-kind, or --admin-namespace)']
    : []
}

function namespaceLabels(documents: readonly Document[], { namespaceLabels: others }: ExplainOptions) {
  const named = new Map(
    documents.map(({ object }) => {
      const { name, labels } = fields(object.metadata)
      return [text(name) ?? '', fields(labels) as Labels]
    }),
  )
  return (namespace: string): Labels | undefined => named.get(namespace) ?? others
}
