import type { EventSink } from '../../api/generated.ts'
import { compileSelector, type Labels } from '../../filters/selector.ts'

/** A namespace's labels; undefined while the namespace isn't known. */
export type LabelsOf = (namespace: string) => Labels | undefined

/** Whether subscriptions of a namespace may refer to a sink: those of its own always may (`spec.allowedNamespaces`). */
export function letsIn({ metadata, spec }: EventSink, namespace: string, labelsOf: LabelsOf): boolean {
  if (namespace === metadata.namespace) return true
  const { from = 'Same', selector } = spec.allowedNamespaces ?? {}
  if (from === 'All') return true
  const labels = from === 'Selector' ? labelsOf(namespace) : undefined
  if (labels === undefined || !selector) return false
  const test = compileSelector(selector)
  return test.ok && test.value(labels)
}

/** Whether labels of namespaces decide who may refer to it. */
export const needsLabels = ({ spec }: EventSink): boolean => spec.allowedNamespaces?.from === 'Selector'
