import { environmentAnnotation } from '../../../sources/flux-resource.ts'
import { fields, shortText } from '../../../sources/read.ts'
import { legalText } from '../../attributes.ts'
import { isUri } from '../../cdevents/formats.ts'
import type { CustomName } from '../../cdevents/vocabulary.ts'
import type { EncodeInput } from '../../format.ts'

/** `<namespace>/<kind>/<name>`, and what it is of besides: unique in its source, the same for ever. */
export const subjectId = ({ source, object }: Pick<EncodeInput, 'source' | 'object'>, ...parts: string[]): string =>
  legalText([object.metadata.namespace ?? '', source.kind.toLowerCase(), object.metadata.name, ...parts].join('/'))

/**
 * Where it runs: what the annotation event.toolkit.fluxcd.io/env says, else the namespace that it is installed into, in this cluster. Of
 * what is installed into another cluster nothing but the annotation can tell.
 */
export function environmentOf({ cluster, object, milestone }: EncodeInput): { id: string; name: string } {
  const named = shortText(fields(object.metadata.annotations)[environmentAnnotation], 253)?.trim()
  if (named) return { id: legalText(named), name: legalText(named) }
  const namespace =
    shortText(milestone.details?.releaseNamespace, 253) ??
    shortText(fields(object.spec).targetNamespace, 253) ??
    object.metadata.namespace ??
    ''
  return {
    id: legalText(`${cluster.uri}/namespaces/${encodeURIComponent(namespace.toWellFormed())}`),
    name: legalText(namespace),
  }
}

/** 0.5.1 takes none but absolute URIs: an event that need not have one goes without rather than not at all. */
export function pageOf({ cluster, source, object, options }: EncodeInput): { uri?: string } {
  const uri = cluster.urlOf(source, object)
  return options.cdevents.specVersion === '0.4.1' || isUri(uri) ? { uri } : {}
}

/** What the Go SDK takes for a subject and a predicate is letters alone: `drift-corrected` is `driftcorrected`. */
export const customName = (kind: string, milestone: string): CustomName =>
  `dev.cdeventsx.flux-${letters(kind.toLowerCase())}.${letters(milestone)}.0.1.0`

const letters = (name: string): string => name.replace(/[^a-z]/g, '')
