import { fields } from '../../sources/read.ts'
import type { EncodeInput, FormatProblem } from '../format.ts'
import { eventsAnnotation, readAnnotation } from './annotation.ts'
import { type Declaration, type DeclaredEvent, isRule, type Rule, unversioned } from './declaration.ts'
import { experimentalEvents } from './experimental.ts'
import { type Given, givenOf } from './inputs.ts'
import { isAmbiguous, isTarget } from './target.ts'

/** What a run's milestone means by the word of whoever wrote its Task, Pipeline or itself. */
export type Declared = { events: readonly DeclaredEvent[]; problems: readonly FormatProblem[] }

const none: Declared = { events: [], problems: [] }

/** Of the types that the subscription lets pass: all others cost nothing, and nothing is wrong with them. Never throws. */
export function declaredEvents(input: EncodeInput): Declared {
  const { userEvents } = input.options.cdevents
  const annotations = fields(input.object.metadata.annotations)
  if (!userEvents || input.source.family !== 'tekton') return none
  const text = annotations[eventsAnnotation]
  const { types } = userEvents
  const read = userEvents.read ?? readAnnotation
  const events: DeclaredEvent[] = []
  const problems: FormatProblem[] = []
  const add = (name: string, made: DeclaredEvent | Rule): void => {
    if (isRule(made)) problems.push(problemOf(`declaration ${name}`, made))
    else events.push(made)
  }
  if (typeof text === 'string' && namesOne(text, types)) {
    const declarations = read(text)
    if (declarations.ok) fromDeclarations(input, declarations.value, types, add)
    else if (isTold(input))
      problems.push(problemOf(`annotation ${eventsAnnotation}`, { path: '', rule: declarations.message }))
  }
  for (const { annotation, made } of experimentalEvents(input, (type) => types.has(type))) add(annotation, made)
  return events.length + problems.length === 0 ? none : { events, problems }
}

/** A type has to be written plainly to be found: then what nobody wants is not even parsed. */
function namesOne(text: string, types: ReadonlySet<string>): boolean {
  for (const type of types) if (text.includes(type)) return true
  return false
}

/** When what has no readable target is told: once in the life of each run that carries it. */
const isTold = ({ milestone }: EncodeInput): boolean => milestone.name === 'finished'

function fromDeclarations(
  input: EncodeInput,
  declarations: readonly Declaration[],
  types: ReadonlySet<string>,
  add: (name: string, made: DeclaredEvent | Rule) => void,
): void {
  let given: Given | undefined
  for (const declaration of declarations) {
    const { name, type, target } = declaration
    if (!types.has(unversioned(type))) continue
    if (target ? !isTarget(target, input.source.kind, input.object, input.milestone) : !isTold(input)) continue
    const wrong = declaration.problem() ?? (target && isAmbiguous(target, input.object) ? ambiguous : undefined)
    if (wrong) {
      add(name, wrong)
      continue
    }
    given ??= givenOf(input)
    const made = declaration.make(given)
    if (made) add(name, made)
  }
}

const ambiguous: Rule = {
  path: '/on',
  rule: 'must name the task, pipelineTask or pipeline: a pipeline’s annotations come down to all that it runs',
}

/** As it ends up in a status: short, and with no value of the object. */
export function problemOf(what: string, { path, rule }: Rule): FormatProblem {
  const message = `${what}: ${path === '' ? '' : `${path}: `}${rule}`
  return {
    reason: 'DeclarationInvalid',
    message: message.length > 512 ? `${message.slice(0, 511).toWellFormed()}…` : message,
  }
}
