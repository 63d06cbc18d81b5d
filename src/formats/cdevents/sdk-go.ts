import type { Problem } from './problem.ts'

/** What the Go SDK (v0.5) demands of an event that is right by the schemas. */
export function sdkGoProblems(event: Record<string, unknown>, problems: Problem[]): void {
  const { context, subject } = event as Record<string, Record<string, unknown>>
  if (context === undefined || subject === undefined) return
  if (context.schemaUri !== undefined) {
    problems.push({
      path: '/context/schemaUri',
      rule: 'sdk-go',
      message: 'must be left out: a schema that it does not hold is an error',
    })
  }
  for (const [index, link] of (context.links as Record<string, unknown>[] | undefined)?.entries() ?? []) {
    const path = `/context/links/${index}`
    if (link.tags === undefined)
      problems.push({ path: `${path}/tags`, rule: 'sdk-go', message: 'is required, {} where there are none' })
    if (link.linkType === 'END' && link.from === undefined)
      problems.push({ path: `${path}/from`, rule: 'sdk-go', message: 'is required' })
  }
}
