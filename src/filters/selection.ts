import type { KubeObject } from '../api/object.ts'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { compile, type Program } from '../cel/program.ts'
import type { Milestone, Source } from '../sources/source.ts'
import { type FilterInputs, filterVariables } from './inputs.ts'
import { compileSelector, type LabelSelector, type Labels, type LabelTest } from './selector.ts'

export { type FilterInputs, inputsOf } from './inputs.ts'

/** What a subscription says about which events it wants. */
export type SelectionSpec = {
  /** Any of these. Left out: the default tier of every kind that the formats know. */
  events?: readonly EventSpec[]
  /** CEL; must be true. */
  filter?: string
  /** Only for admin namespaces; empty means all namespaces. */
  namespaceSelector?: LabelSelector
}

/** Milestones of one kind. Left out: its default tier. */
export type EventSpec = { kind: string; milestones?: readonly string[]; selector?: LabelSelector }

/** A selection ready for the hot path. */
export type Selection = {
  /** Kind → names of the milestones that can match. */
  kinds: ReadonlyMap<string, ReadonlySet<string>>
  /** Those of them that the formats' options bring, and the spec does not name: for the formats with `besides` alone. */
  besides?: ReadonlyMap<string, ReadonlySet<string>>
  /** Which namespaces, by their labels; undefined where the spec has no namespaceSelector, or one that is empty. */
  namespaces?: LabelTest
  judge(source: Source, object: KubeObject, milestone: Milestone, inputs: FilterInputs): Judgement
}

export type Judgement =
  | { kind: 'match' }
  /** Not this kind, milestone or label. */
  | { kind: 'unselected' }
  /** The filter says no. */
  | { kind: 'filtered' }
  /** The filter failed: no match. `message` names the missing key, never a value. */
  | { kind: 'error'; message: string }

/** Whether some wanted format has an event for a milestone. */
export type Knows = (source: Source, milestone: string) => boolean

/** What the formats' options bring besides the milestones named of a kind, or its default tier. */
export type Besides = (source: Source, named: readonly string[] | undefined) => readonly string[]

/** Refused as EventsInvalid (with what is allowed), FilterInvalid (with line and column) or NamespaceSelectorInvalid. */
export function compileSelection(
  spec: SelectionSpec,
  sources: Readonly<Record<string, Source>>,
  knows: Knows,
  besides: Besides = () => [],
): Verdict<Selection> {
  const choices = compileEvents(spec.events, sources, knows, besides)
  if (!choices.ok) return choices
  const filter =
    spec.filter === undefined ? undefined : compile(spec.filter, { variables: filterVariables, result: 'bool' })
  if (filter && !filter.ok) return refuse(filter.reason, `filter: ${filter.message}`)
  const namespaces = spec.namespaceSelector && compileSelector(spec.namespaceSelector, 'NamespaceSelectorInvalid')
  if (namespaces && !namespaces.ok) return namespaces
  const kinds = allOf(choices.value, (choice) => choice.milestones)
  const named = allOf(choices.value, (choice) => choice.named)
  const brought = [...kinds].map(([kind, names]) => [kind, names.difference(named.get(kind) ?? new Set())] as const)
  return accept({
    kinds,
    ...(brought.some(([, names]) => names.size > 0) && { besides: new Map(brought) }),
    ...(namespaces && !isEmpty(spec.namespaceSelector) && { namespaces: namespaces.value }),
    judge: judgeBy(choices.value, filter?.value),
  })
}

const isEmpty = ({ matchLabels, matchExpressions }: LabelSelector = {}): boolean =>
  Object.keys(matchLabels ?? {}).length + (matchExpressions ?? []).length === 0

/** One entry of `events`. */
type Choice = { milestones: ReadonlySet<string>; named: ReadonlySet<string>; labels: LabelTest | undefined }

const allOf = (choices: ReadonlyMap<string, readonly Choice[]>, namesOf: (choice: Choice) => ReadonlySet<string>) =>
  new Map([...choices].map(([kind, of]) => [kind, new Set(of.flatMap((choice) => [...namesOf(choice)]))]))

function judgeBy(choices: ReadonlyMap<string, readonly Choice[]>, filter: Program | undefined): Selection['judge'] {
  return (source, object, milestone, inputs) => {
    const ofKind = choices.get(source.kind)
    if (!ofKind || !isChosen(ofKind, milestone.name, object.metadata.labels)) return unselected
    if (!filter) return match
    const result = filter.evaluate(inputs.at(milestone))
    if (!result.ok) return { kind: 'error', message: result.message }
    return result.value === true ? match : filtered
  }
}

const match: Judgement = { kind: 'match' }
const unselected: Judgement = { kind: 'unselected' }
const filtered: Judgement = { kind: 'filtered' }

function isChosen(choices: readonly Choice[], milestone: string, labels: Labels | undefined): boolean {
  for (const choice of choices) {
    if (choice.milestones.has(milestone) && (!choice.labels || choice.labels(labels))) return true
  }
  return false
}

function compileEvents(
  events: SelectionSpec['events'],
  sources: Readonly<Record<string, Source>>,
  knows: Knows,
  besides: Besides,
): Verdict<Map<string, Choice[]>> {
  const choices = new Map<string, Choice[]>()
  for (const event of events ?? allKinds(sources, knows)) {
    const choice = compileEvent(event, sources, knows, besides)
    if (!choice.ok) return choice
    choices.set(event.kind, [...(choices.get(event.kind) ?? []), choice.value])
  }
  if (choices.size === 0) return refuse('EventsInvalid', 'the formats of this subscription have no event for any kind')
  return accept(choices)
}

function allKinds(sources: Readonly<Record<string, Source>>, knows: Knows): EventSpec[] {
  return Object.values(sources)
    .filter((source) => defaultsOf(source, knows).length > 0)
    .map(({ kind }) => ({ kind }))
}

const allowedOf = (source: Source, knows: Knows): string[] =>
  source.catalogue.map(({ name }) => name).filter((name) => knows(source, name))

const defaultsOf = (source: Source, knows: Knows): string[] =>
  source.catalogue.filter((row) => row.default && knows(source, row.name)).map(({ name }) => name)

function compileEvent(
  event: EventSpec,
  sources: Readonly<Record<string, Source>>,
  knows: Knows,
  besides: Besides,
): Verdict<Choice> {
  const source = Object.hasOwn(sources, event.kind) ? sources[event.kind] : undefined
  if (!source) {
    const kinds = Object.keys(sources).join(', ')
    return refuse('EventsInvalid', `unknown kind ${event.kind}; the kinds are ${kinds}`)
  }
  const allowed = allowedOf(source, knows)
  const milestones = event.milestones ?? defaultsOf(source, knows)
  const wrong = milestones.find((name) => !allowed.includes(name))
  if (wrong !== undefined) return refuse('EventsInvalid', wrongMilestone(source, wrong, allowed))
  if (milestones.length === 0) {
    return refuse(
      'EventsInvalid',
      `the formats of this subscription have no event for the default milestones of ${source.kind}`,
    )
  }
  const labels = event.selector && compileSelector(event.selector, 'EventsInvalid')
  if (labels && !labels.ok) return refuse('EventsInvalid', `selector of ${source.kind}: ${labels.message}`)
  const all = new Set([...milestones, ...besides(source, event.milestones)])
  return accept({ milestones: all, named: new Set(milestones), labels: labels?.value })
}

function wrongMilestone(source: Source, name: string, allowed: readonly string[]): string {
  const there = `there ${allowed.length === 1 ? 'is' : 'are'} ${allowed.join(', ') || 'none'}`
  if (!source.catalogue.some((row) => row.name === name)) return `${source.kind} has no milestone ${name}; ${there}`
  return `the formats of this subscription have no event for ${name} of ${source.kind}; ${there}`
}
