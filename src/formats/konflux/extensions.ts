import type { KubeObject } from '../../api/object.ts'
import { snapshotTypeOf } from '../../sources/konflux-labels.ts'
import { fields, text } from '../../sources/read.ts'
import type { Milestone, Source } from '../../sources/source.ts'
import { traceAnnotation } from '../../sources/tekton-chain.ts'
import { traceparentIn } from '../run-facts.ts'
import { konfluxFacts } from './facts.ts'

/**
 * CloudEvents extensions of our own format: what a receiver routes by without reading data. A milestone that is of one scenario or
 * component (`details`) says so.
 */
export function konfluxExtensions(source: Source, object: KubeObject, { details }: Milestone): Record<string, string> {
  const { group, component, change, snapshot, release, scenario, pipelineType } = konfluxFacts(source, object)
  const { kind, name } = fields(group)
  const found: Record<string, string | undefined> = {
    [kind === 'ComponentGroup' ? 'componentgroup' : 'application']: text(name),
    component: text(details?.component) ?? text(component),
    commit: text(fields(change).commit),
    snapshot: text(snapshot),
    release: text(fields(release).name),
    scenario: text(details?.scenario) ?? text(scenario),
    pipelinetype: text(pipelineType),
    traceparent: traceOf(source, object),
  }
  const extensions: Record<string, string> = {}
  for (const key in found) if (found[key] !== undefined) extensions[key] = found[key]
  return extensions
}

/** Konflux copies the build's to Snapshot and Release; to one of several builds that of one of them. Runs have theirs of Tekton. */
function traceOf({ name }: Source, object: KubeObject): string | undefined {
  if (name !== 'Release' && name !== 'Snapshot') return undefined
  const type = snapshotTypeOf(object)
  if (type === 'group' || type === 'override') return undefined
  return traceparentIn(text(fields(object.metadata.annotations)[traceAnnotation]))
}
