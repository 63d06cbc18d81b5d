import type { EventSubscription } from '../../api/generated.ts'
import type { KubeObject } from '../../api/object.ts'
import { compileSelector, type LabelSelector, type Labels } from '../../filters/selector.ts'
import type { Emitter } from '../../operator/emitter.ts'
import { askedOf, subscriptionsAnnotation } from '../../sources/asked.ts'
import type { Milestone, Source } from '../../sources/source.ts'

/** Why a selection did not take a milestone up: its kind, its name, what the object asks for, or its labels. */
export function whyUnselected(
  { spec }: EventSubscription,
  { key, selection }: Emitter,
  source: Source,
  object: KubeObject,
  { name }: Milestone,
): string {
  const milestones = selection.kinds.get(source.name)
  if (!milestones) return `${source.name} is not asked for; what is: ${[...selection.kinds.keys()].join(', ')}`
  if (!milestones.has(name)) return `not asked for; of ${source.name} it is ${[...milestones].join(', ')}`
  if (selection.asked?.(object) === false) {
    const asks = askedOf(object).join(', ')
    return `onRequest: the object's annotation ${subscriptionsAnnotation} must name ${key}; ${asks ? `it names ${asks}` : 'it names none'}`
  }
  const ofKind = (spec.events ?? []).filter(
    ({ kind, group }) => kind === source.kind && (group ?? source.group) === source.group,
  )
  const naming = ofKind.filter(
    ({ milestones: of, define = [] }) => of === undefined || [...of, ...define.map((one) => one.name)].includes(name),
  )
  // A format may ask for a milestone besides those that are named.
  const unmet = (naming.length > 0 ? naming : ofKind).flatMap(({ selector }) =>
    selector ? unmetBy(selector, object.metadata.labels) : [],
  )
  return `the labels do not fit the selector: ${[...new Set(unmet)].join('; ')}`
}

/** Those parts of a selector that labels do not meet, each with what the labels have instead. */
export function unmetBy({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels = {}): string[] {
  const has = (key: string) => (Object.hasOwn(labels, key) ? `it is ${JSON.stringify(labels[key])}` : 'there is none')
  const isMet = (part: LabelSelector): boolean => {
    const test = compileSelector(part)
    return test.ok && test.value(labels)
  }
  return [
    ...Object.entries(matchLabels)
      .filter(([key, value]) => !isMet({ matchLabels: { [key]: value } }))
      .map(([key, value]) => `${key} must be ${JSON.stringify(value)}, ${has(key)}`),
    ...matchExpressions
      .filter((one) => !isMet({ matchExpressions: [one] }))
      .map(({ key, operator, values = [] }) => `${[key, operator, ...values].join(' ')}, ${has(key)}`),
  ]
}
