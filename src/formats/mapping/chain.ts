import type { KubeObject } from '../../api/object.ts'
import { type Fields, fields, text } from '../../sources/read.ts'
import type { Source } from '../../sources/source.ts'
import {
  chainAnnotation,
  chainTextLimit,
  commitAnnotations,
  ownTraceAnnotation,
  traceAnnotation,
} from '../../sources/tekton-chain.ts'
import { nameUuid } from '../attributes.ts'
import type { Lookup } from '../format.ts'
import { storedCommitOf, wantedChainOf } from './flux/chain.ts'
import { compositeOf, snapshotSourceOf } from './konflux/composite.ts'
import { parentOf } from './parent.ts'

/**
 * What all events of one causal chain share, as a UUID: what the annotation says (a UUID as it is, of any other text one made of it); the
 * trace that the run was created in; the commit that it was created for; else the PipelineRun that it is or is part of; else its own uid.
 * Nothing is asked but what a run has from its creation on, so that its first event and its last have one chain, and that a PipelineRun
 * and its TaskRuns, to which Tekton copies annotations and labels, share it. status.spanContext is not asked: it comes later.
 *
 * Konflux copies trace and commit from the build to Snapshot, tests and Release. A Snapshot that brings several commits together carries
 * those of one of them, and so do its tests: their chain is that Snapshot's own. A Release has its Snapshot's, which only `known` can tell
 * of one that is put together; by its own annotations where that is not remembered.
 */
export function chainIdOf(source: Source, object: KubeObject, known?: Lookup): string {
  const annotations = fields(object.metadata.annotations)
  const named = read(annotations, chainAnnotation)?.trim()
  if (named) return asUuid(named)
  const composite = compositeOf(source, object)
  if (composite !== undefined) return nameUuid(['chain', 'snapshot', ...composite])
  // A nested PipelineRun's chain is its own: its TaskRuns know of it, not of the outer one.
  const parent = source.kind === 'PipelineRun' ? undefined : parentOf(object).uid
  return (
    snapshotChain(source, object, known) ??
    traceOf(source, annotations, parent !== undefined) ??
    commitOf(annotations, fields(object.metadata.labels)) ??
    builtCommitOf(source, object) ??
    wantedChainOf(source, object) ??
    asUuid(parent ?? object.metadata.uid)
  )
}

/** That of the Snapshot which a Release releases: both are of one namespace. */
function snapshotChain({ name }: Source, { metadata, spec }: KubeObject, known: Lookup | undefined) {
  const snapshot = name === 'Release' ? text(fields(spec).snapshot) : undefined
  return snapshot && known?.('Snapshot', metadata.namespace ?? '', snapshot)?.chain
}

/** Of a Snapshot without the annotations of a build, by the source of the component that it was made for; of what Flux fetched from git. */
function builtCommitOf(source: Source, object: KubeObject): string | undefined {
  const built = snapshotSourceOf(source, object) ?? storedCommitOf(source, object)
  return built && commitChain(built.url, built.revision)
}

function read(annotations: Fields, name: string): string | undefined {
  const value = text(annotations[name])
  return value !== undefined && value.length <= chainTextLimit ? value : undefined
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const asUuid = (value: string): string => (uuid.test(value) ? value.toLowerCase() : nameUuid(['chain', value]))

// W3C Trace Context §3.2: version, trace id, parent id, flags; a trace id of zeros is none.
const traceparent =
  /\b[0-9a-f]{2}-(?!0{32})([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})-[0-9a-f]{16}-/

/**
 * The trace id of a span context annotation, so that the chain and the OpenTelemetry trace are one. Tekton keeps a JSON map of W3C headers
 * in it (pkg/reconciler/pipelinerun/tracing.go); a bare traceparent is accepted too.
 * Of a run that is part of a PipelineRun only the annotation that was copied from there: its own kind's is Tekton's, which writes it for
 * a trace that it may have begun itself, of which the PipelineRun's annotations know nothing.
 */
function traceOf({ kind }: Source, annotations: Fields, isPart: boolean): string | undefined {
  const names = isPart ? [traceAnnotation] : [ownTraceAnnotation(kind), traceAnnotation]
  for (const name of names) {
    const found = traceparent.exec(read(annotations, name) ?? '')
    if (found) return found.slice(1).join('-')
  }
  return undefined
}

const wholeSha = /^([0-9a-f]{40}|[0-9a-f]{64})$/i

/** A UUID of repository and commit, the same in every cluster; undefined where one of the two is not known. */
function commitOf(annotations: Fields, labels: Fields): string | undefined {
  for (const { sha, repository } of commitAnnotations) {
    const commit = read(annotations, sha) ?? text(labels[sha])
    const chain = commit === undefined ? undefined : commitChain(read(annotations, repository), commit)
    if (chain !== undefined) return chain
  }
  return undefined
}

function commitChain(repository: string | undefined, commit: string): string | undefined {
  const place = wholeSha.test(commit) ? repositoryOf(repository ?? '') : undefined
  return place && nameUuid(['chain', place, commit.toLowerCase()])
}

/** Host and path alone: `https://host/org/app.git?rev=x` and `git@host:org/app` are one repository. */
function repositoryOf(address: string): string | undefined {
  const url = URL.parse(address.replace(/^(?:[^@/:]+@)?([^@/:]+):(?!\/)/, 'ssh://$1/'))
  const path = url?.pathname.replace(/(?<!\/)\/+$/, '').replace(/\.git$/, '')
  return url?.hostname && path ? `${url.hostname.toLowerCase()}${path}` : undefined
}
