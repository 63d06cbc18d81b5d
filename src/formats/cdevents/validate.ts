import { type Check, fieldsCheck, isObject, type Members, objectCheck, textCheck } from './check.ts'
import { jsonOf } from './json.ts'
import { checkLinks } from './links.ts'
import { noJson, type Problem } from './problem.ts'
import { type Row, type SpecVersion, specVersions } from './rules.ts'
import { sdkGoProblems } from './sdk-go.ts'
import { isCustomName, isEventName, typeOf, vocabulary } from './vocabulary.ts'

/**
 * How far an event is held to the rules. `schema`: what the specification's JSON schemas say, no more and no less. `sdk-go`: that, and what
 * the Go SDK demands besides when it reads an event and validates it, as Flux's Receiver does.
 */
export type Profile = 'schema' | 'sdk-go'

/**
 * What is wrong with an event as it is written; empty where nothing is. Its version is found by its type. Takes any value and never throws.
 * What the specification asks for in words only is told by `lint`.
 */
export function validate(value: unknown, profile: Profile = 'schema'): Problem[] {
  const problems: Problem[] = []
  checkFor(value)(value, problems)
  if (profile === 'sdk-go' && problems.length === 0) sdkGoProblems(value as Record<string, unknown>, problems)
  return problems
}

/** The same for the text that is to be sent, or that was received. */
export function validateText(json: string, profile: Profile = 'schema'): Problem[] {
  const value = jsonOf(json)
  return value === undefined ? [noJson] : validate(value, profile)
}

const customType: Check = (value, problems) => {
  if (typeof value === 'string' && customTypes.test(value)) return
  problems.push({
    path: '/context/type',
    rule: 'event-type',
    message:
      'must be dev.cdeventsx.<tool>-<subject>.<predicate>.<version>: letters, one hyphen, digits after the tool only',
  })
}

// custom/schema.json of both versions.
const customTypes = /^dev\.cdeventsx\.[a-zA-Z0-9]+-[a-zA-Z]+\.[a-zA-Z]+\.[0-9]\.[0-9]\.[0-9]$/
const customSubject = /^[a-zA-Z0-9]+-[a-zA-Z]+$/

const customSubjectType: Check = (value, problems) => {
  if (typeof value === 'string' && customSubject.test(value)) return
  problems.push({ path: '/subject/type', rule: 'event-type', message: 'must be <tool>-<subject>' })
}

const anyObject: Check = (value, problems) => {
  if (!isObject(value)) problems.push({ path: '/subject/content', rule: 'type', message: 'must be an object' })
}

const customData: Check = (value, problems) => {
  if (typeof value !== 'string' && !isObject(value)) {
    problems.push({ path: '/customData', rule: 'type', message: 'must be an object, or a string with base64' })
  }
}

const filled = (path: string) => textCheck(path, { filled: true })
const must = (check: Check) => ({ check, required: true as const })
const may = (check: Check) => ({ check })
const source = (path: string) => textCheck(path, { filled: true, format: 'uri-reference' })

/** `isFree`: any text that is not empty is a source. */
function contextCheck(version: SpecVersion, type: Check, isFree: boolean): Check {
  const versionField = version === '0.4.1' ? 'version' : 'specversion'
  const context: Members = new Map([
    [versionField, must(filled(`/context/${versionField}`))],
    ['id', must(filled('/context/id'))],
    ['source', must(isFree ? filled('/context/source') : source('/context/source'))],
    ['type', must(type)],
    ['timestamp', must(textCheck('/context/timestamp', { format: 'date-time' }))],
    ['schemaUri', may(textCheck('/context/schemaUri', { filled: true, format: 'uri' }))],
    ['chainId', may(filled('/context/chainId'))],
    ['links', may(checkLinks)],
  ])
  return objectCheck('/context', context)
}

const subjectId = must(filled('/subject/id'))
const subjectSource = { free: may(textCheck('/subject/source')), bound: may(source('/subject/source')) }
const customDataMember = may(customData)
const customDataContentType = may(textCheck('/customDataContentType'))

type Subject = { type?: { check: Check; required?: true }; content: Check; isFree: boolean }

function eventCheck(context: Check, { type, content, isFree }: Subject): Check {
  const subject: Members = new Map([
    ['id', subjectId],
    ['source', isFree ? subjectSource.free : subjectSource.bound],
    ...(type ? ([['type', type]] as const) : []),
    ['content', must(content)],
  ])
  const members: Members = new Map([
    ['context', must(context)],
    ['subject', must(objectCheck('/subject', subject))],
    ['customData', customDataMember],
    ['customDataContentType', customDataContentType],
  ])
  return objectCheck('', members)
}

/** The event was found by its type. */
const knownType: Check = () => undefined

/** Ninety events share these. */
const contexts: Record<SpecVersion, { free: Check; bound: Check }> = {
  '0.4.1': { free: contextCheck('0.4.1', knownType, true), bound: contextCheck('0.4.1', knownType, false) },
  '0.5.1': { free: contextCheck('0.5.1', knownType, true), bound: contextCheck('0.5.1', knownType, false) },
}

function rowCheck(version: SpecVersion, name: string, row: Row): Check {
  const old = version === '0.4.1'
  const isFree = row.freeSource ?? false
  const type = textCheck('/subject/type', { oneOf: [row.subjectType] })
  return eventCheck(contexts[version][isFree ? 'free' : 'bound'], {
    ...(old && { type: must(type) }),
    // The one schema of 0.5.1 that still has it.
    ...(!old && name === 'ticket.closed' && { type: may(type) }),
    content: fieldsCheck('/subject/content', row.content, old),
    isFree,
  })
}

/** By `context.type`: each event of each version has a type of its own. */
const checks: ReadonlyMap<unknown, Check> = new Map(
  Object.entries(vocabulary).flatMap(([name, row]) =>
    isEventName(name)
      ? specVersions.map((version) => [typeOf(version, name), rowCheck(version, name, row)] as const)
      : [],
  ),
)

const customChecks: Record<SpecVersion, Check> = {
  '0.4.1': eventCheck(contextCheck('0.4.1', customType, false), {
    type: must(customSubjectType),
    content: anyObject,
    isFree: false,
  }),
  '0.5.1': eventCheck(contextCheck('0.5.1', customType, false), { content: anyObject, isFree: false }),
}

const unknownType: Check = (_, problems) => {
  problems.push({
    path: '/context/type',
    rule: 'event-type',
    message:
      'must be the type of an event of CDEvents 0.4.1 or 0.5.1, its version included, or begin with dev.cdeventsx.',
  })
}

/** Where there is no context to find the type in, what is missing is told. */
const anyEvent = objectCheck(
  '',
  new Map([['context', must(objectCheck('/context', new Map([['type', must(textCheck('/context/type'))]]), true))]]),
  true,
)

function checkFor(value: unknown): Check {
  const context = isObject(value) && Object.hasOwn(value, 'context') ? value.context : undefined
  if (!isObject(context) || typeof context.type !== 'string') return anyEvent
  const { type } = context
  if (isCustomName(type)) return customChecks[Object.hasOwn(context, 'version') ? '0.4.1' : '0.5.1']
  return checks.get(type) ?? unknownType
}
