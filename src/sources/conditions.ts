import { type Fields, fields, list, messageText, shortText, time } from './read.ts'

/** A condition of a status. `changed` is lastTransitionTime in ms: mostly it moves with the status alone, not with reason or message. */
export type Condition = {
  status: 'True' | 'False' | 'Unknown'
  reason: string | undefined
  message: string | undefined
  changed: number | undefined
}

/** The condition of this type; undefined where there is none, or one that is neither True, False nor Unknown. */
export function conditionOf(status: Fields, type: string): Condition | undefined {
  const found = list(status.conditions)
    .map(fields)
    .find((condition) => condition.type === type)
  if (found === undefined) return undefined
  const value = found.status
  if (value !== 'True' && value !== 'False' && value !== 'Unknown') return undefined
  return {
    status: value,
    reason: shortText(found.reason, 256),
    message: messageText(found.message, 1024),
    changed: time(found.lastTransitionTime),
  }
}

/** `reason` and `message` of a milestone, as its condition has them. */
export const whyOf = (condition: Condition | undefined): { reason?: string; message?: string } => ({
  ...(condition?.reason && { reason: condition.reason }),
  ...(condition?.message && { message: condition.message }),
})
