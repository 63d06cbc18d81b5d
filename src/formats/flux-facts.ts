import type { KubeObject } from '../api/object.ts'
import { type Fields, fields, list, shortText } from '../sources/read.ts'
import type { Milestone, Source } from '../sources/source.ts'

/** What a summary tells of an object of Flux: names, versions and digests; never values, and no address with credentials in it. */
export type FluxFacts = {
  suspended?: true
  /** Of a HelmRelease: the newest release in its history. */
  release?: Record<string, string | number>
  /** What is wanted now. */
  attempted?: { revision?: string; configDigest?: string; action?: string; failures?: number }
  /** Of a Kustomization: what it has applied. */
  applied?: { revision?: string; originRevision?: string; path?: string }
  /** What it is made from. */
  source?: { kind?: string; name?: string; namespace?: string; chart?: string; version?: string }
  targetNamespace?: string
  /** Of a source: where it comes from, and what is stored. */
  url?: string
  ref?: Record<string, string>
  artifact?: { revision?: string; digest?: string; size?: number }
}

export function fluxFacts(source: Source, object: KubeObject): Record<string, unknown> {
  const spec = fields(object.spec)
  const status = fields(object.status)
  const facts: FluxFacts = {
    ...(spec.suspend === true && { suspended: true }),
    ...(source.kind === 'HelmRelease' && ofHelmRelease(spec, status)),
    ...(source.kind === 'Kustomization' && ofKustomization(spec, status)),
    ...(source.group === 'source.toolkit.fluxcd.io' && ofSource(spec, status)),
  }
  return facts
}

function ofHelmRelease(spec: Fields, status: Fields): FluxFacts {
  const template = fields(fields(spec.chart).spec)
  const ref = spec.chartRef === undefined ? fields(template.sourceRef) : fields(spec.chartRef)
  return {
    ...some('release', {
      ...texts(newestOf(status), {
        name: 'name',
        namespace: 'namespace',
        status: 'status',
        chart: 'chartName',
        chartVersion: 'chartVersion',
        appVersion: 'appVersion',
        configDigest: 'configDigest',
        ociDigest: 'ociDigest',
      }),
      ...numbers(newestOf(status), { version: 'version' }),
    }),
    ...some('attempted', {
      ...texts(status, {
        revision: 'lastAttemptedRevision',
        configDigest: 'lastAttemptedConfigDigest',
        action: 'lastAttemptedReleaseAction',
      }),
      ...numbers(status, { failures: 'failures' }),
    }),
    ...some('source', { ...sourceOf(ref), ...texts(template, { chart: 'chart', version: 'version' }) }),
    ...texts(spec, { targetNamespace: 'targetNamespace' }),
  }
}

/** Helm's numbers grow; the history is newest first but for what a controller of another day wrote. */
export function newestOf(status: Fields): Fields {
  const number = ({ version }: Fields) => (typeof version === 'number' ? version : 0)
  return list(status.history)
    .map(fields)
    .reduce((newest, entry) => (number(entry) > number(newest) ? entry : newest), fields(undefined))
}

const ofKustomization = (spec: Fields, status: Fields): FluxFacts => ({
  ...some('applied', {
    ...texts(status, { revision: 'lastAppliedRevision', originRevision: 'lastAppliedOriginRevision' }),
    ...texts(spec, { path: 'path' }),
  }),
  ...some('attempted', texts(status, { revision: 'lastAttemptedRevision' })),
  ...some('source', sourceOf(fields(spec.sourceRef))),
  ...texts(spec, { targetNamespace: 'targetNamespace' }),
})

function ofSource(spec: Fields, status: Fields): FluxFacts {
  const url = addressOf(spec.url)
  return {
    ...(url !== undefined && { url }),
    ...some(
      'ref',
      texts(fields(spec.ref), { branch: 'branch', tag: 'tag', semver: 'semver', commit: 'commit', name: 'name' }),
    ),
    ...some('source', { ...sourceOf(fields(spec.sourceRef)), ...texts(spec, { chart: 'chart', version: 'version' }) }),
    ...some('artifact', {
      ...texts(fields(status.artifact), { revision: 'revision', digest: 'digest' }),
      ...numbers(fields(status.artifact), { size: 'size' }),
    }),
  }
}

const sourceOf = (ref: Fields): Record<string, string> =>
  texts(ref, { kind: 'kind', name: 'name', namespace: 'namespace' })

const schemes: ReadonlySet<string> = new Set(['http:', 'https:', 'ssh:', 'git:', 'oci:'])

/** Scheme, host and path: what stands before an @ and after a ? may be a credential. */
function addressOf(value: unknown): string | undefined {
  const given = shortText(value, 1024)
  const url = given === undefined ? null : URL.parse(given.replace(/^[^@/:]+@([^@/:]+):(?!\/)/, 'ssh://$1/'))
  return url?.host && schemes.has(url.protocol) ? `${url.protocol}//${url.host}${url.pathname}` : undefined
}

function texts(from: Fields, names: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(names).flatMap(([name, field]) => {
      const value = shortText(from[field], 253)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function numbers(from: Fields, names: Readonly<Record<string, string>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(names).flatMap(([name, field]) => {
      const value = from[field]
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? [[name, value]] : []
    }),
  )
}

const some = <T extends object>(name: string, value: T): Record<string, T> =>
  Object.keys(value).length > 0 ? { [name]: value } : {}

/** `revision`: of the milestone where it tells one, else the last that was applied, stored or attempted. */
export function fluxExtensions(_: Source, object: KubeObject, { details = {} }: Milestone): Record<string, string> {
  const status = fields(object.status)
  const revision =
    shortText(details.revision ?? details.chartVersion, 253) ??
    shortText(status.lastAttemptedRevision, 253) ??
    shortText(fields(status.artifact).revision, 253)
  return revision === undefined ? {} : { revision }
}
