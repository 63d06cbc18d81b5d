import { isObject } from './check.ts'
import { isUuid } from './formats.ts'
import { type Problem, step } from './problem.ts'
import { isPurl } from './purl.ts'
import { eventOfType, isCustomName, rowOf, subjectTypeOf } from './vocabulary.ts'

type Members = Record<string, unknown>
type Report = (rule: Problem['rule'], path: string, message: string) => void

/**
 * What the specification asks for in words, and no schema checks: the version of the specification, UUIDs, package URLs, base64, fields that
 * only the text requires. Takes any value, never throws, and says nothing of what `validate` tells; many an event that is about, and of
 * the specification's own examples, does not keep to all of it.
 */
export function lint(value: unknown): Problem[] {
  const problems: Problem[] = []
  const report: Report = (rule, path, message) => problems.push({ path, rule, message })
  const event = membersOf(value)
  const context = membersOf(event.context)
  const subject = membersOf(event.subject)
  lintContext(context, report)
  lintData(event, report)
  if (typeof context.type === 'string') lintSubject(context.type, subject, report)
  return problems
}

const membersOf = (value: unknown): Members => (isObject(value) ? value : {})

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function lintContext(context: Members, report: Report): void {
  const version = typeof context.type === 'string' ? eventOfType(context.type)?.version : undefined
  const name = Object.hasOwn(context, 'version') ? 'version' : 'specversion'
  const expected = version ?? (name === 'version' ? '0.4.1' : '0.5.1')
  if (typeof context[name] === 'string' && context[name] !== expected) {
    report('spec-version', `/context/${name}`, `must be ${expected}, as the event's type is of that version`)
  }
  if (typeof context.chainId === 'string' && !isUuid(context.chainId))
    report('uuid', '/context/chainId', 'must be a UUID')
  for (const [index, link] of Array.isArray(context.links) ? context.links.entries() : []) {
    const { linkType, target } = membersOf(link)
    if (linkType === 'RELATION' && isObject(target) && target.contextId === undefined) {
      report('text', `/context/links/${index}/target/contextId`, 'is required')
    }
  }
}

function lintData({ customData, customDataContentType = 'application/json' }: Members, report: Report): void {
  const isJson = typeof customDataContentType === 'string' && /^application\/(.+\+)?json\b/i.test(customDataContentType)
  if (typeof customData === 'string' && !base64.test(customData)) report('base64', '/customData', 'must be base64')
  if (isObject(customData) && !isJson) {
    report('text', '/customDataContentType', 'must be a JSON media type, as customData is an object')
  }
}

function lintSubject(type: string, subject: Members, report: Report): void {
  const name = isCustomName(type) ? undefined : eventOfType(type)?.name
  if (isCustomName(type) && typeof subject.type === 'string' && subject.type !== subjectTypeOf(type)) {
    report('text', '/subject/type', `must be the <tool>-<subject> of context.type`)
  }
  if (name === undefined) return
  const row = rowOf(name)
  const content = membersOf(subject.content)
  if (row.purl && typeof subject.id === 'string' && !isPurl(subject.id)) {
    report('purl', '/subject/id', 'must be a package URL (pkg:type/name@version)')
  }
  for (const [field, { rule, wanted }] of Object.entries(row.content)) {
    const path = `/subject/content${step(field)}`
    const found = content[field]
    if (wanted && found === undefined) report('text', path, 'is required by the text of the specification')
    if (rule.is === 'text' && rule.purl && typeof found === 'string' && !isPurl(found)) {
      report('purl', path, 'must be a package URL (pkg:type/name@version)')
    }
  }
}
