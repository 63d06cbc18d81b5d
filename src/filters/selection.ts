import type { KubeObject } from '../api/object.ts'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import type { Account } from '../cel/budget.ts'
import { compile, type Program } from '../cel/program.ts'
import { askedOf } from '../sources/asked.ts'
import type { Family, Milestone, Source } from '../sources/source.ts'
import { compileDefinition, type DefineSpec, type Definition } from './define.ts'
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
  /** `namespace/name` of the subscription, where only objects go that ask for it. */
  onRequest?: string
}

/** Milestones of one kind. Left out: its default tier, or where it defines any, none but those. */
export type EventSpec = {
  kind: string
  group?: string
  milestones?: readonly string[]
  define?: readonly DefineSpec[]
  selector?: LabelSelector
}

/** Which sources an entry of `events` speaks of, and which there are where there is none. */
export type KnownSources = {
  all: readonly Source[]
  /** Those that kinds with a catalogue may be of; left out: all. */
  families?: ReadonlySet<Family>
  of(kind: string, group: string | undefined): readonly Source[]
}

/** A selection ready for the hot path. */
export type Selection = {
  /** Name of the source → names of the milestones that can match. */
  kinds: ReadonlyMap<string, ReadonlySet<string>>
  /** Those of them that the formats' options bring, and the spec does not name: for the formats with `besides` alone. */
  besides?: ReadonlyMap<string, ReadonlySet<string>>
  /** Name of the source → the milestones that the subscription defines of it: they are among `kinds`, too. */
  defined?: ReadonlyMap<string, readonly Definition[]>
  /** Which namespaces, by their labels; undefined where the spec has no namespaceSelector, or one that is empty. */
  namespaces?: LabelTest
  /** Whether an object asks for the subscription; undefined where it need not. */
  asked?: (object: KubeObject) => boolean
  judge(source: Source, object: KubeObject, milestone: Milestone, inputs: FilterInputs): Judgement
}

export type Judgement =
  | { kind: 'match' }
  /** Not this kind, milestone or label, or it does not ask for it. */
  | { kind: 'unselected' }
  /** The filter says no. */
  | { kind: 'filtered' }
  /** The filter failed: no match. `message` names the missing key, never a value. */
  | { kind: 'error'; message: string }

/** Whether some wanted format has an event for a milestone. */
export type Knows = (source: Source, milestone: string) => boolean

/** What the formats' options bring besides the milestones named of a kind, or its default tier. */
export type Besides = (source: Source, named: readonly string[] | undefined) => readonly string[]

/**
 * Refused as EventsInvalid (with what is allowed), DefineInvalid and FilterInvalid (with line and column) or NamespaceSelectorInvalid.
 */
export function compileSelection(
  spec: SelectionSpec,
  sources: KnownSources,
  knows: Knows,
  besides: Besides = () => [],
  account?: Account,
): Verdict<Selection> {
  const count = (spec.events ?? []).reduce((sum, { define = [] }) => sum + define.length, 0)
  // Before hundreds of them are compiled.
  if (count > maxDefined) return tooMany(count)
  const choices = compileEvents(spec.events, sources, knows, besides, account)
  if (!choices.ok) return choices
  const defined = definedBy(choices.value)
  if (!defined.ok) return defined
  const filter =
    spec.filter === undefined
      ? undefined
      : compile(spec.filter, { variables: filterVariables, result: 'bool', account })
  if (filter && !filter.ok) return refuse(filter.reason, `filter: ${filter.message}`)
  const namespaces = spec.namespaceSelector && compileSelector(spec.namespaceSelector, 'NamespaceSelectorInvalid')
  if (namespaces && !namespaces.ok) return namespaces
  const kinds = allOf(choices.value, (choice) => choice.milestones)
  const named = allOf(choices.value, (choice) => choice.named)
  const brought = [...kinds].map(([kind, names]) => [kind, names.difference(named.get(kind) ?? new Set())] as const)
  const { onRequest } = spec
  const asked = onRequest === undefined ? undefined : (object: KubeObject) => askedOf(object).includes(onRequest)
  return accept({
    kinds,
    ...(brought.some(([, names]) => names.size > 0) && { besides: new Map(brought) }),
    ...(defined.value.size > 0 && { defined: defined.value }),
    ...(namespaces && !isEmpty(spec.namespaceSelector) && { namespaces: namespaces.value }),
    ...(asked && { asked }),
    judge: judgeBy(choices.value, filter?.value, asked),
  })
}

const isEmpty = ({ matchLabels, matchExpressions }: LabelSelector = {}): boolean =>
  Object.keys(matchLabels ?? {}).length + (matchExpressions ?? []).length === 0

/** One entry of `events`. */
type Choice = {
  milestones: ReadonlySet<string>
  named: ReadonlySet<string>
  labels: LabelTest | undefined
  defined: readonly Definition[]
}

/** So many milestones a subscription may define. */
const maxDefined = 32

function definedBy(choices: ReadonlyMap<string, readonly Choice[]>): Verdict<Map<string, readonly Definition[]>> {
  const defined = new Map<string, readonly Definition[]>()
  let count = 0
  for (const [source, of] of choices) {
    const own = of.flatMap((choice) => choice.defined)
    const twice = own.find(({ name }, index) => own.findIndex((one) => one.name === name) < index)
    if (twice) return refuse('DefineInvalid', `define ${twice.name} of ${source}: a name is defined once for a kind`)
    count += own.length
    if (own.length > 0) defined.set(source, own)
  }
  return count <= maxDefined ? accept(defined) : tooMany(count)
}

const tooMany = (count: number) =>
  refuse('DefineInvalid', `${count} milestones are defined, and ${maxDefined} are allowed: make several subscriptions`)

const allOf = (choices: ReadonlyMap<string, readonly Choice[]>, namesOf: (choice: Choice) => ReadonlySet<string>) =>
  new Map([...choices].map(([kind, of]) => [kind, new Set(of.flatMap((choice) => [...namesOf(choice)]))]))

function judgeBy(
  choices: ReadonlyMap<string, readonly Choice[]>,
  filter: Program | undefined,
  asked: Selection['asked'],
): Selection['judge'] {
  return (source, object, milestone, inputs) => {
    const ofKind = choices.get(source.name)
    if (!ofKind || !isChosen(ofKind, milestone.name, object.metadata.labels)) return unselected
    if (asked && !asked(object)) return unselected
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
  sources: KnownSources,
  knows: Knows,
  besides: Besides,
  account: Account | undefined,
): Verdict<Map<string, Choice[]>> {
  const choices = new Map<string, Choice[]>()
  for (const event of events ?? allKinds(sources, knows)) {
    const compiled = compileEvent(event, sources, knows, besides, account)
    if (!compiled.ok) return compiled
    for (const [name, choice] of compiled.value) choices.set(name, [...(choices.get(name) ?? []), choice])
  }
  if (choices.size === 0) return refuse('EventsInvalid', noKind(sources))
  return accept(choices)
}

function allKinds(sources: KnownSources, knows: Knows): EventSpec[] {
  return sources.all
    .filter((source) => defaultsOf(source, knows).length > 0)
    .map(({ kind, group }) => ({ kind, group }))
}

const noKind = ({ families }: KnownSources): string =>
  `the formats of this subscription have no event for any kind${families ? ` that the operator reads (${[...families].join(', ')})` : ''}`

const allowedOf = (source: Source, knows: Knows): string[] =>
  source.catalogue.map(({ name }) => name).filter((name) => knows(source, name))

const defaultsOf = (source: Source, knows: Knows): string[] =>
  source.catalogue.filter((row) => row.default && knows(source, row.name)).map(({ name }) => name)

/** By the name of each source that the entry speaks of: a kind of two groups may tell more in one than in the other. */
function compileEvent(
  event: EventSpec,
  sources: KnownSources,
  knows: Knows,
  besides: Besides,
  account: Account | undefined,
): Verdict<Map<string, Choice>> {
  const found = sources.of(event.kind, event.group)
  const [first] = found
  if (!first) return refuse('EventsInvalid', unknownKind(event, sources))
  const labels = event.selector && compileSelector(event.selector, 'EventsInvalid')
  if (labels && !labels.ok) return refuse('EventsInvalid', `selector of ${event.kind}: ${labels.message}`)
  const defined = compileDefinitions(event, found, knows, labels?.value, account)
  if (!defined.ok) return defined
  const allowed = new Set(found.flatMap((source) => allowedOf(source, knows)))
  const wrong = event.milestones?.find((name) => !allowed.has(name))
  if (wrong !== undefined) return refuse('EventsInvalid', wrongMilestone(first, wrong, [...allowed]))
  const choices = new Map<string, Choice>()
  for (const source of found) {
    const own = allowedOf(source, knows)
    const named =
      event.milestones?.filter((name) => own.includes(name)) ?? (event.define ? [] : defaultsOf(source, knows))
    const milestones = [...named, ...defined.value.map(({ name }) => name)]
    if (milestones.length === 0) continue
    const all = new Set([...milestones, ...besides(source, event.milestones ?? (event.define && []))])
    const choice = { milestones: all, named: new Set(milestones), labels: labels?.value, defined: defined.value }
    choices.set(source.name, choice)
  }
  if (choices.size > 0) return accept(choices)
  const formats = 'the formats of this subscription have no event'
  return refuse(
    'EventsInvalid',
    found.some(({ catalogue }) => catalogue.some((row) => row.default)) || allowed.size === 0
      ? `${formats} for the default milestones of ${event.kind}`
      : `${event.kind} has no default milestones: name those that are wanted, of ${[...allowed].join(', ')}`,
  )
}

/** Each is one program, however many groups the kind is read in. */
function compileDefinitions(
  { kind, define = [], milestones = [] }: EventSpec,
  sources: readonly Source[],
  knows: Knows,
  labels: LabelTest | undefined,
  account: Account | undefined,
): Verdict<Definition[]> {
  const definitions: Definition[] = []
  for (const spec of define) {
    const wrong = (message: string) => refuse('DefineInvalid', `define ${spec.name} of ${kind}: ${message}`)
    if (sources.some(({ catalogue }) => catalogue.some(({ name }) => name === spec.name)))
      return wrong(`${kind} has a milestone of this name already; take another name`)
    if (milestones.includes(spec.name)) return wrong('what is defined counts without being named in milestones')
    if (!sources.some((source) => knows(source, spec.name)))
      return wrong('the formats of this subscription have no event for it; cloudevents and cdevents do')
    const definition = compileDefinition(spec, kind, labels, account)
    if (!definition.ok) return definition
    definitions.push(definition.value)
  }
  return accept(definitions)
}

function unknownKind({ kind, group }: EventSpec, { all }: KnownSources): string {
  const kinds = [...new Set(all.map((source) => source.kind))].join(', ')
  return `unknown kind ${kind}${group === undefined ? '' : ` of group ${group}`}; the kinds are ${kinds}`
}

function wrongMilestone(source: Source, name: string, allowed: readonly string[]): string {
  const there = `there ${allowed.length === 1 ? 'is' : 'are'} ${allowed.join(', ') || 'none'}`
  if (!source.catalogue.some((row) => row.name === name)) {
    const more = source.family === 'generic' ? '; what else it tells, define says' : ''
    return `${source.kind} has no milestone ${name}; ${there}${more}`
  }
  return `the formats of this subscription have no event for ${name} of ${source.kind}; ${there}`
}
