import type { Milestone, Outcome } from '../../sources/source.ts'
import type { CDEventsOptions, CDEventsOutcome } from '../options.ts'

/**
 * CDEvents' words for how a run ended: the enum of 0.5, and used in 0.4.1 too, where any text is as good. Which reason of a condition
 * means what is decided in src/sources/tekton-conditions.ts, once for all formats. What the platform ended is an error.
 */
const words: Readonly<Record<Outcome, CDEventsOutcome>> = {
  success: 'success',
  failure: 'failure',
  cancelled: 'cancel',
  timeout: 'error',
  error: 'error',
}

type Overrides = CDEventsOptions['outcomes']

/** The subscription's word for the reason, else the table's for the outcome. */
const wordFor = (outcome: Outcome, reason: string | undefined, overrides: Overrides): CDEventsOutcome =>
  (reason !== undefined && Object.hasOwn(overrides, reason) ? overrides[reason] : undefined) ?? words[outcome]

/** `outcome`, and for all but success `errors`; neither where the milestone is no end. */
export function outcomeOf(
  { outcome, reason, message }: Milestone,
  overrides: Overrides,
): { outcome?: CDEventsOutcome; errors?: string } {
  if (outcome === undefined) return {}
  const word = wordFor(outcome, reason, overrides)
  const errors = word === 'success' ? '' : [reason, message].filter(Boolean).join(': ')
  return { outcome: word, ...(errors !== '' && { errors }) }
}

const isOutcome = (value: unknown): value is Outcome => typeof value === 'string' && Object.hasOwn(words, value)

/** The details of a milestone that has no event in the vocabulary; the outcome of a retried attempt in the words above. */
export function detailsOf({ details = {}, reason }: Milestone, overrides: Overrides): Record<string, unknown> {
  return isOutcome(details.outcome)
    ? { ...details, outcome: wordFor(details.outcome, reason, overrides) }
    : { ...details }
}
