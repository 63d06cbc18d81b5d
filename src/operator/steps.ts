import type { Content, Format } from '../formats/format.ts'
import type { FormatOptions } from '../formats/options.ts'

/** How much an event carries. `name` tells the steps of one subscription and format apart. */
export type Step = { name: string; content: Content; truncated?: true; options: FormatOptions }

/** What is asked for, then what stands in for it where a sink takes no more: ever less. */
export type Steps = readonly [wanted: Step, ...less: Step[]]

export function stepsOf(content: Content, options: FormatOptions, { hasSummary }: Format): Steps {
  // Nothing can stand in for it; but what is asked for may show even there: a body may speak of `late`, which only the whole object has.
  if (!hasSummary || content === 'none') return [{ name: content, content, options }]
  const { data } = options
  const hasParts = data.include.length > 0
  const summary: Step = { name: 'summary', content: 'summary', options }
  const withParts: Step = { ...summary, name: 'truncated', truncated: true }
  const bare: Step = {
    ...withParts,
    name: 'bare',
    options: hasParts ? { ...options, data: { ...data, include: [] } } : options,
  }
  if (content === 'full') {
    const full: Step = { name: 'full', content, options }
    return hasParts ? [full, withParts, bare] : [full, bare]
  }
  return hasParts ? [summary, bare] : [summary]
}
