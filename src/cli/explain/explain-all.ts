import type { EventSubscription } from '../../api/generated.ts'
import { keyOf } from '../../api/object.ts'
import { defaultPolicy } from '../../api/policy.ts'
import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import type { Labels } from '../../filters/selector.ts'
import type { Cluster } from '../../formats/format.ts'
import { formats } from '../../formats/index.ts'
import type { Emitter } from '../../operator/emitter.ts'
import { activationSpec, compileSubscription } from '../../operator/subscription.ts'
import type { LabelsOf } from '../../operator/tenancy/lets-in.ts'
import { knownSources } from '../../sources/index.ts'
import { fields, text } from '../../sources/read.ts'
import type { Document } from '../documents.ts'
import { type Declared, declare } from './declared.ts'
import type { Explained, RefusedCr } from './explained.ts'
import { type GivenObject, readObjects, sort } from './given-objects.ts'
import { givenUses } from './given-uses.ts'
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

/** Every subscription of the documents with every run of theirs. Refused is what can't be read at all. */
export function explainAll(
  documents: readonly Document[],
  previous: readonly Document[],
  options: ExplainOptions,
): Verdict<Explained> {
  const { note } = options
  const sorted = sort(documents, note)
  const runs = readObjects(sorted.runs, options)
  if (!runs.ok) return runs
  const before = readObjects(previous, { ...options, note: () => undefined })
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
    const emitter = compile(one, sinks, labelsOf, options)
    if ('kind' in emitter) {
      refused.push(emitter)
      continue
    }
    if (emitter.cost > 0) note(`EventSubscription ${one.key}: its expressions cost ${emitter.cost}`)
    for (const { key } of emitter.sinks) {
      if (sinks.given.has(key)) continue
      const why = sinks.refused.some(({ name }) => name === key) ? "can't be used" : 'was not given'
      note(`EventSink ${key} ${why}: taken for one that says nothing but its address`)
    }
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

/** Namespaces of runs that a subscription may only seem not to reach: it was written to be applied with `kubectl -n`. */
function elsewhere(
  subscriptions: readonly Document[],
  runs: readonly GivenObject[],
  { namespace }: ExplainOptions,
): string[] {
  if (subscriptions.every(({ object }) => text(fields(object.metadata).namespace) !== undefined)) return []
  const of = new Set(runs.map(({ object }) => object.metadata.namespace ?? ''))
  return [...of].filter((one) => one !== namespace && one !== '')
}

const isSame = (one: GivenObject, other: GivenObject): boolean =>
  one.source.name === other.source.name && keyOf(one.object) === keyOf(other.object)

/** By the code of the operator; what the API server would refuse never comes so far. */
function compile(
  { key, object, refused, unchecked }: Declared<EventSubscription>,
  sinks: GivenSinks,
  labelsOf: LabelsOf,
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
    policy: { ...defaultPolicy, adminNamespaces, tenantKinds },
    uses: givenUses(object, sinks.given, { adminNamespaces, labelsOf, note }),
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
