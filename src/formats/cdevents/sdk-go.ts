import { isObject } from './check.ts'
import { isGoTime } from './formats.ts'
import { isGoUrl } from './go-url.ts'
import type { Problem } from './problem.ts'
import { isPurl } from './purl.ts'
import type { Fields } from './rules.ts'
import { eventOfType, isCustomName, vocabulary } from './vocabulary.ts'

/** What of an event's content the SDK looks at besides its schema. */
type Content = { purls: string[]; references: string[]; open: ReadonlyMap<string, ReadonlySet<string>> }

const contents: ReadonlyMap<string, Content> = new Map(
  Object.entries(vocabulary).map(([name, { content }]) => [name, contentOf(content)]),
)

function contentOf(fields: Fields): Content {
  const objects = Object.entries(fields).flatMap(([name, { rule }]) => (rule.is === 'object' ? [{ name, rule }] : []))
  return {
    purls: Object.entries(fields).flatMap(([name, { rule }]) => (rule.is === 'text' && rule.purl ? [name] : [])),
    references: objects.filter(({ rule }) => Object.hasOwn(rule.fields, 'source')).map(({ name }) => name),
    open: new Map(
      objects.filter(({ rule }) => rule.open).map(({ name, rule }) => [name, new Set(Object.keys(rule.fields))]),
    ),
  }
}

/**
 * What the Go SDK demands of an event that is right by its schema, when it reads and validates it (v0.5, `NewFromJsonBytes` and `Validate`):
 * its structs write empty what is left out, its validators look at package URLs and sources, and it holds no schemas but its own.
 */
export function sdkGoProblems(event: Record<string, unknown>, problems: Problem[]): void {
  const { context, subject } = event as Record<'context' | 'subject', Record<string, unknown>>
  const add = (path: string, message: string) => problems.push({ path, rule: 'sdk-go', message })
  const type = context.type as string
  if (context.schemaUri !== undefined)
    add('/context/schemaUri', 'must be left out: the SDK knows no schema but its own')
  if (!isGoTime(context.timestamp as string)) {
    add('/context/timestamp', 'must have a capital T and Z, and no leap second')
  }
  if (!isGoUrl(context.source as string)) add('/context/source', 'must be a URL that Go can parse')
  if (!isGoUrl((subject.source as string | undefined) ?? '')) add('/subject/source', 'must be a URL that Go can parse')
  if (isCustomName(type) && !customTypes.test(type)) {
    add('/context/type', 'must have nothing but small letters before the version')
  }
  for (const [index, link] of ((context.links ?? []) as Record<string, unknown>[]).entries()) {
    linkProblems(link, `/context/links/${index}`, add)
  }
  const known = contents.get(eventOfType(type)?.name ?? '')
  if (known) contentProblems(subject.content as Record<string, unknown>, known, add)
}

type Add = (path: string, message: string) => void

const customTypes = /^dev\.cdeventsx\.[a-z]+-[a-z]+\.[a-z]+\./
const contextId: ReadonlySet<string> = new Set(['contextId'])

function linkProblems(link: Record<string, unknown>, path: string, add: Add): void {
  if (link.tags === undefined) add(`${path}/tags`, 'is required, {} where there is nothing to say')
  const end = link.linkType === 'RELATION' ? 'target' : 'from'
  const other = link[end]
  if (!isObject(other) || other.contextId === undefined) add(`${path}/${end}/contextId`, 'is required')
  else noOtherCase(other, contextId, `${path}/${end}`, add)
}

function contentProblems(content: Record<string, unknown>, known: Content, add: Add): void {
  for (const name of known.purls) {
    if (!isPurl((content[name] as string | undefined) ?? '')) {
      add(`/subject/content/${name}`, 'must be there, a package URL (pkg:type/name@version)')
    }
  }
  for (const name of known.references) {
    const { source = '' } = (content[name] ?? {}) as { source?: string }
    if (!isGoUrl(source)) add(`/subject/content/${name}/source`, 'must be a URL that Go can parse')
  }
  for (const [name, members] of known.open) {
    const value = content[name]
    if (isObject(value)) noOtherCase(value, members, `/subject/content/${name}`, add)
  }
}

/** Go takes a member for the one of the same name in another case; in an open object the schema lets it pass. */
function noOtherCase(value: Record<string, unknown>, members: ReadonlySet<string>, path: string, add: Add): void {
  for (const name of Object.keys(value)) {
    if (members.has(name)) continue
    for (const member of members) {
      if (member.toLowerCase() === name.toLowerCase()) add(`${path}/${member}`, 'must not be there in another case too')
    }
  }
}
