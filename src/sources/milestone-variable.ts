import type { Milestone, Source } from './source.ts'

/** The fields that the variable `milestone` has in every expression of a subscription, by CEL's names for their types. */
export const milestoneFields = {
  name: 'string',
  kind: 'string',
  time: 'timestamp',
  outcome: 'string',
  reason: 'string',
} as const

/** Their values. An outcome or reason that there isn't reads as an empty text. */
export const milestoneValues = (source: Source, { name, time, outcome, reason }: Milestone) => ({
  name,
  kind: source.kind,
  time: new Date(time),
  outcome: outcome ?? '',
  reason: reason ?? '',
})
