import { type Fields, fields, shortText } from '../../../sources/read.ts'
import { newestOf } from '../../flux-facts.ts'
import type { EncodeInput } from '../../format.ts'

/**
 * The package URL of what an event is about, which the Go SDK asks of services and incidents: never absent, and never guessed. A chart
 * from an OCI registry is `pkg:oci` by its digest, without the registry, which no HelmRelease names; any other `pkg:helm`; what a
 * Kustomization applies is the revision of its source, as `pkg:generic`.
 */
export const artifactOf = (input: EncodeInput): string =>
  input.source.kind === 'Kustomization' ? revisionPurl(input) : chartPurl(input)

const digests = /^sha(256|512):[0-9a-f]{64,128}$/

function chartPurl({ object, milestone }: EncodeInput): string {
  const { details = {} } = milestone
  const spec = fields(object.spec)
  const status = fields(object.status)
  const template = fields(fields(spec.chart).spec)
  const newest = newestOf(status)
  const chart =
    first(details.chart, newest.chartName, lastPart(template.chart), fields(spec.chartRef).name) ?? object.metadata.name
  const version = first(details.chartVersion, status.lastAttemptedRevision, newest.chartVersion)
  const digest = first(details.ociDigest, details.chart === undefined ? status.lastAttemptedRevisionDigest : undefined)
  if (digest === undefined || !digests.test(digest))
    return `pkg:helm/${part(chart)}${version === undefined ? '' : `@${part(version)}`}`
  // What stands after the + is the beginning of the digest.
  const tag = version?.replace(/\+[0-9a-f]{12}$/, '')
  return `pkg:oci/${part(chart.toLowerCase())}@${part(digest)}${tag === undefined ? '' : `?tag=${part(tag)}`}`
}

function revisionPurl({ object, milestone }: EncodeInput): string {
  const { details = {} } = milestone
  const status = fields(object.status)
  const ref: Fields = fields(fields(object.spec).sourceRef)
  const namespace = first(ref.namespace) ?? object.metadata.namespace
  const name = first(ref.name) ?? object.metadata.name
  const revision = first(details.revision, status.lastAttemptedRevision, status.lastAppliedRevision)
  const path = [...(namespace ? [namespace] : []), name].map(part).join('/')
  return `pkg:generic/${path}${revision === undefined ? '' : `@${part(revision)}`}`
}

const first = (...values: unknown[]): string | undefined =>
  values.map((value) => shortText(value, 253)).find((value) => value !== undefined)

const lastPart = (value: unknown): string | undefined => shortText(value, 253)?.split('/').findLast(Boolean)

const part = (value: string): string => encodeURIComponent(value.toWellFormed())
