import { fields, shortText } from '../../sources/read.ts'
import type { EncodeInput, FormatProblem } from '../format.ts'
import type { UserEventsOptions } from '../options.ts'
import { annotationLimits, annotationsOf, eventsAnnotation, readAnnotation } from './annotation.ts'
import { type Declaration, type DeclaredEvent, isRule, type Rule, unversioned } from './declaration.ts'
import { experimentalEvents } from './experimental.ts'
import { type Given, givenOf } from './inputs.ts'
import { isAmbiguous, isTarget, type Target } from './target.ts'

/** What a run's milestone means by the word of whoever wrote its Task, Pipeline or itself. */
export type Declared = { events: readonly DeclaredEvent[]; problems: readonly FormatProblem[] }

/** Of the types that the subscription lets pass: all others cost nothing, and nothing is wrong with them. Never throws. */
export function declaredEvents(input: EncodeInput): Declared {
  const { userEvents } = input.options.cdevents
  if (!userEvents || input.source.family !== 'tekton') return { events: [], problems: [] }
  const { types } = userEvents
  const all = annotationsOf(fields(input.object.metadata.annotations))
  const wanted = all.slice(0, annotationLimits.looked).filter(([, text]) => namesOne(text, types))
  const found = new Found(input, userEvents)
  for (const [key, text] of wanted.slice(0, annotationLimits.annotations)) found.read(key, text)
  if ((wanted.length > annotationLimits.annotations || all.length > annotationLimits.looked) && isTold(input))
    found.wrong(`annotation ${eventsAnnotation}`, `a run may have ${annotationLimits.annotations} of them`)
  for (const { annotation, made } of experimentalEvents(input, (type) => types.has(type))) found.add(annotation, made)
  const { events, problems } = found
  return { events, problems }
}

/** A type has to be written plainly to be found: then what nobody wants is not even parsed. */
function namesOne(text: string, types: ReadonlySet<string>): boolean {
  const begin = text.slice(0, annotationLimits.length)
  for (const type of types) if (begin.includes(type)) return true
  return false
}

/** When what has no readable target is told: once in the life of each run that carries it. */
const isTold = ({ milestone }: EncodeInput): boolean => milestone.name === 'finished'

/** What the declarations of one run come to at one milestone; lives for one call of `declaredEvents`. */
class Found {
  readonly events: DeclaredEvent[] = []
  readonly problems: FormatProblem[] = []
  private readonly input: EncodeInput
  private readonly options: UserEventsOptions
  private readonly names = new Set<string>()
  private marks: number = annotationLimits.marks
  private taken = 0
  private expressions = 0
  private given: Given | undefined

  constructor(input: EncodeInput, options: UserEventsOptions) {
    this.input = input
    this.options = options
  }

  read(key: string, text: string): void {
    const { declarations, marks } = (this.options.read ?? readAnnotation)(text, this.marks)
    this.marks -= marks
    if (declarations.ok) for (const declaration of declarations.value) this.take(declaration)
    else if (isTold(this.input)) this.wrong(`annotation ${key}`, declarations.message)
  }

  private take(declaration: Declaration): void {
    const { source, object, milestone } = this.input
    const { name, type, target } = declaration
    if (!this.options.types.has(unversioned(type))) return
    if (target ? !isTarget(target, source.kind, object, milestone) : !isTold(this.input)) return
    const made =
      this.tooMuch(declaration) ??
      declaration.problem() ??
      this.problemOf(name, target) ??
      declaration.make(this.givenNow())
    if (made) this.add(name, made)
  }

  /** Before anything is compiled, which costs the most. */
  private tooMuch({ expressions }: Declaration): Rule | undefined {
    this.taken += 1
    this.expressions += expressions
    if (this.taken > annotationLimits.declarations)
      return { path: '', rule: `a milestone may mean ${annotationLimits.declarations} events` }
    if (this.expressions > annotationLimits.expressions)
      return { path: '', rule: `the events of a milestone may hold ${annotationLimits.expressions} expressions` }
    return undefined
  }

  private problemOf(name: string, target: Target | undefined): Rule | undefined {
    if (target && isAmbiguous(target, this.input.object)) return ambiguous
    if (this.names.has(name)) return { path: '/name', rule: 'a declaration in another annotation has this name' }
    this.names.add(name)
    return undefined
  }

  /** Only where something is to be made of it. */
  private givenNow(): Given {
    this.given ??= givenOf(this.input)
    return this.given
  }

  add(name: string, made: DeclaredEvent | Rule): void {
    if (isRule(made)) this.problems.push(problemOf(`declaration ${name}`, made))
    else if (!subjects.test(made.subject.id)) this.problems.push(problemOf(`declaration ${name}`, oddSubject))
    else if (isForeign(made, this.input)) this.problems.push(problemOf(`declaration ${name}`, foreignSubject))
    else this.events.push(made)
  }

  wrong(what: string, rule: string): void {
    this.problems.push(problemOf(what, { path: '', rule }))
  }
}

// It is an attribute of the CloudEvent, too, which may not hold these (CloudEvents 1.0, type system), and a header.
const subjects = /^[^\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]{1,1024}$/u
const oddSubject: Rule = {
  path: '/subject/id',
  rule: 'must be 1 to 1024 characters, none of them a line break or control',
}

/** A subject is told apart by its source and id, and the sources of this cluster's namespaces are ours to give. */
function isForeign({ subject: { source } }: DeclaredEvent, { cluster, object }: EncodeInput): boolean {
  const namespaces = `${cluster.uri}/namespaces/`
  if (source === undefined || !decoded(source).toLowerCase().startsWith(namespaces.toLowerCase())) return false
  return !source.startsWith(`${namespaces}${object.metadata.namespace}/`) || /\/\.\.?(\/|$)/.test(decoded(source))
}

const decoded = (source: string): string => {
  try {
    return decodeURIComponent(source)
  } catch {
    // It escapes nothing, and is judged as it is.
    return source
  }
}

const foreignSubject: Rule = { path: '/subject/source', rule: 'must not be of another namespace of this cluster' }

const ambiguous: Rule = {
  path: '/on',
  rule: 'must name the task, pipelineTask or pipeline: a pipeline’s annotations come down to all that it runs',
}

const problemOf = (what: string, { path, rule }: Rule): FormatProblem => ({
  reason: 'DeclarationInvalid',
  message: short(`${what}: ${path === '' ? '' : `${path}: `}${rule}`),
})

/** As it ends up in a status. */
export const short = (message: string): string => shortText(message, 512) ?? message
