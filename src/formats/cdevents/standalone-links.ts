import { type Check, isObject, type Member, objectCheck, textCheck } from './check.ts'
import type { ContextRef, Tags } from './event.ts'
import { anyObject, contextCheck } from './links.ts'
import type { Problem } from './problem.ts'

/**
 * A link as a message of its own, for a link service: it says of which chain it is, and both its ends. START, which is never embedded, is the
 * first event of a chain. The same in both versions of the specification.
 */
export type StandaloneLink = { chainId: string; timestamp: string; tags: Tags } & (
  | { linkType: 'START'; start: ContextRef }
  | { linkType: 'PATH'; from: ContextRef; to: ContextRef }
  | { linkType: 'RELATION'; linkKind?: string; source: ContextRef; target: ContextRef }
  | { linkType: 'END'; from: ContextRef; end: ContextRef }
)

const must = (check: Check) => ({ check, required: true as const })

/** The members that are ids of events, all required, by type of link. */
const ends = { START: ['start'], PATH: ['from', 'to'], RELATION: ['source', 'target'], END: ['from', 'end'] }

const checks: ReadonlyMap<unknown, Check> = new Map(
  Object.entries(ends).map(([linkType, names]) => [
    linkType,
    objectCheck(
      '',
      new Map<string, Member>([
        ['linkType', must(textCheck('/linkType'))],
        ['chainId', must(textCheck('/chainId', { filled: true }))],
        ['timestamp', must(textCheck('/timestamp', { format: 'date-time' }))],
        ...names.map((name) => [name, must(contextCheck(`/${name}`, true))] as const),
        ...(linkType === 'RELATION'
          ? ([['linkKind', { check: textCheck('/linkKind', { filled: true }) }]] as const)
          : []),
        ['tags', { check: anyObject('/tags') }],
      ]),
    ),
  ]),
)

/** What is wrong with a standalone link by the schemas. Takes any value, never throws. */
export function validateLink(value: unknown): Problem[] {
  const problems: Problem[] = []
  const check = checks.get(isObject(value) ? value.linkType : undefined)
  if (check) check(value, problems)
  else problems.push({ path: '/linkType', rule: 'link', message: 'must be START, PATH, RELATION or END' })
  return problems
}
