import { fields } from '../../sources/read.ts'
import type { EventName } from '../cdevents/generated.ts'
import { isPurl } from '../cdevents/purl.ts'
import { type CustomName, isCustomName, isEventName } from '../cdevents/vocabulary.ts'
import { compileArtifact } from './artifact.ts'
import { compileExpression } from './expression.ts'
import type { Given } from './inputs.ts'
import { compileTarget, type Target } from './target.ts'
import { type Budget, compileTextValue, compileValue, expressionsIn, type Report } from './value.ts'

/** An event that a milestone means, by its author's word: what CDEvents need besides what every event of a run has. */
export type DeclaredEvent = {
  /** The declaration's name: what its problems are told under, and part of the event's id. */
  declaration: string
  /** `artifact.published`; of a custom event its whole type. */
  name: EventName | CustomName
  /** content: in the words of CDEvents 0.5.1, whatever version is sent. */
  subject: { id: string; source?: string; content: Record<string, unknown> }
  customData?: Record<string, unknown>
}

/** One entry of the annotation, read as far as it takes to say whether it counts. */
export type Declaration = {
  /** As problems call it: its name, else its place. */
  name: string
  /** `dev.cdevents.<subject>.<predicate>`, without the version. */
  type: string
  /** undefined where `on` can't be read. */
  target: Target | undefined
  /** How many it may compile and evaluate. */
  expressions: number
  /** The first thing that is wrong with it whatever the run, if anything. */
  problem(): Rule | undefined
  /** What it makes of a run: an event, nothing where its `when` says so, or what is wrong. */
  make(given: Given): DeclaredEvent | Rule | undefined
}

/** What is wrong, and where in the declaration. */
export type Rule = { path: string; rule: string }

export const isRule = (made: DeclaredEvent | Rule): made is Rule => 'rule' in made

const members = ['name', 'on', 'type', 'when', 'subject', 'artifact', 'content', 'customData']
// By the text of the specification; the schemas leave it open.
const purlWanted = 'must be a package URL, as in pkg:oci/app@sha256%3A…: artifact makes one of an image and its digest'
const limits = { values: 64, expressions: 8 }

/** `index`: its place in the annotation, from 0. `duplicate`: an entry before it has its name. */
export function readDeclaration(raw: unknown, index: number, duplicate: (name: string) => boolean): Declaration {
  const entry = fields(raw)
  const found: Rule[] = []
  const report: Report = (path, rule) => void found.push({ path, rule })
  const { name, type } = entry
  const isNamed = typeof name === 'string' && names.test(name)
  if (!isNamed) report('/name', 'must be lower case letters, digits and -, at most 63')
  else if (duplicate(name)) report('/name', 'another declaration has this name')
  const target = compileTarget(entry.on, report)
  const label = isNamed ? name : `#${index + 1}`
  // Most runs that carry it are not meant.
  let compiled: Compiled | undefined
  const whole = (): Compiled => {
    compiled ??= compileDeclaration(entry, report)
    return compiled
  }
  return {
    name: label,
    type: typeof type === 'string' ? type : '',
    target,
    expressions: Math.min(expressionsIn(entry), limits.expressions) + (entry.when === undefined ? 0 : 1),
    problem() {
      whole()
      return found[0]
    },
    make: (given) => whole().make(label, given),
  }
}

const names = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const coreType = /^dev\.cdevents\.([a-z]+\.[a-z]+)$/
const customType = /^(dev\.cdeventsx\.[a-zA-Z0-9]+-[a-zA-Z]+\.[a-zA-Z]+)\.\d\.\d\.\d$/
const versioned = /^(dev\.cdeventsx?\.[a-zA-Z0-9-]+\.[a-zA-Z]+)(\.[\w.-]*)?$/

/** A type as subscriptions name it: without a version. */
export const unversioned = (type: string): string => versioned.exec(type)?.[1] ?? type

type Compiled = { make(declaration: string, given: Given): DeclaredEvent | Rule | undefined }

function compileDeclaration(entry: Readonly<Record<string, unknown>>, report: Report): Compiled {
  const budget: Budget = { ...limits }
  if (Object.keys(entry).some((key) => !members.includes(key)))
    report('', `may hold ${members.join(', ')}, and nothing else`)
  const name = nameOfType(entry.type, report)
  const when = compileWhen(entry.when, report)
  const subject = compileSubject(entry.subject, report, budget)
  const artifact = compileArtifact(entry.artifact, name, report, budget)
  const content = compileMembers(entry.content, '/content', report, budget)
  const customData = compileMembers(entry.customData, '/customData', report, budget)
  if (Object.hasOwn(fields(entry.customData), 'tekton')) report('/customData/tekton', 'is what tells of the run itself')
  if (!artifact?.isSubject && !subject.id) report('/subject/id', 'is missing')
  if (artifact?.isSubject && subject.id) report('/subject/id', 'is made of the artifact: leave one of the two out')
  return {
    make(declaration, given) {
      const found: Rule[] = []
      const tell: Report = (path, rule) => void found.push({ path, rule })
      const isWanted = when?.(given, tell) ?? true
      if (!isWanted) return found[0]
      const purl = artifact?.purl(given, tell)
      const id = artifact?.isSubject ? purl : subject.id?.(given, '/subject/id', tell)
      const source = subject.source?.(given, '/subject/source', tell)
      const made = { ...content(given, tell), ...(artifact && !artifact.isSubject && { artifactId: purl }) }
      const custom = customData(given, tell)
      if (found[0] || id === undefined || name === undefined) return found[0]
      if (name.startsWith('artifact.') && !isPurl(id)) return { path: '/subject/id', rule: purlWanted }
      if (typeof made.artifactId === 'string' && !isPurl(made.artifactId))
        return { path: '/content/artifactId', rule: purlWanted }
      const of = { id, ...(source !== undefined && { source }), content: made }
      return { declaration, name, subject: of, ...(Object.keys(custom).length > 0 && { customData: custom }) }
    },
  }
}

/** `artifact.published`, or the whole type of a custom event. */
function nameOfType(type: unknown, report: Report): EventName | CustomName | undefined {
  const text = typeof type === 'string' ? type : ''
  const core = coreType.exec(text)?.[1]
  if (core !== undefined && isEventName(core)) return core
  if (isCustomName(text) && customType.test(text)) return text
  report(
    '/type',
    core !== undefined
      ? 'must be an event of CDEvents'
      : isCustomName(text)
        ? 'must be dev.cdeventsx.<tool>-<subject>.<predicate>, with a version such as 0.1.0 at its end'
        : 'must be dev.cdevents.<subject>.<predicate>, without a version: the subscription says which one is sent',
  )
  return undefined
}

function compileWhen(raw: unknown, report: Report): ((given: Given, tell: Report) => boolean) | undefined {
  if (raw === undefined) return undefined
  const compiled = typeof raw === 'string' ? compileExpression(raw, 'bool') : undefined
  if (!compiled?.ok) {
    report('/when', compiled?.message ?? 'must be an expression in CEL')
    return undefined
  }
  return (given, tell) => {
    const made = compiled.value.evaluate(given)
    if (!made.ok) tell('/when', made.message)
    return made.ok && made.value === true
  }
}

function compileSubject(raw: unknown, report: Report, budget: Budget) {
  const subject = fields(raw)
  if (raw !== undefined && (raw !== subject || Object.keys(subject).some((key) => key !== 'id' && key !== 'source')))
    report('/subject', 'must be a map of id and source')
  const { id, source } = subject
  return {
    id: id === undefined ? undefined : compileTextValue(id, '/subject/id', report, budget),
    source: source === undefined ? undefined : compileTextValue(source, '/subject/source', report, budget),
  }
}

function compileMembers(raw: unknown, path: string, report: Report, budget: Budget) {
  if (raw === undefined) return () => ({})
  const value = compileValue(raw, path, report, budget)
  return (given: Given, tell: Report): Record<string, unknown> => {
    const made = value(given, path, tell) ?? {}
    if (typeof made === 'object' && !Array.isArray(made)) return made as Record<string, unknown>
    tell(path, 'must be a map')
    return {}
  }
}
