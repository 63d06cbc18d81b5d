import type { Condition } from '../api/generated.ts'
import type { FilterErrors, FormatErrors } from './book.ts'
import type { Told } from './delivering.ts'

const ends = { FilterErrors: '; where it fails nothing matches', FormatErrors: '; it was not sent' } as const

/** What the condition FilterErrors says while there are any. */
export const filterErrorsTold = ({ message }: Pick<FilterErrors, 'message'>): Told => ({
  status: 'True',
  reason: 'FilterFailed',
  message: `${message}${ends.FilterErrors}`,
})

/** What the condition FormatErrors says while there are any. */
export const formatErrorsTold = ({ reason, message }: Pick<FormatErrors, 'reason' | 'message'>): Told => ({
  status: 'True',
  reason,
  message: `${message}${ends.FormatErrors}`,
})

/** What both said, read back after a restart; of another spec than that of `generation` it says nothing any more. */
export function readEventErrors(
  conditions: readonly Condition[] = [],
  generation: number,
): { filter?: FilterErrors; format?: FormatErrors } {
  const said = (type: keyof typeof ends) => {
    const found = conditions.find((one) => one.type === type && one.status === 'True')
    if (found?.observedGeneration !== generation) return undefined
    const message = found.message.endsWith(ends[type]) ? found.message.slice(0, -ends[type].length) : found.message
    return { count: 0, reason: found.reason, message, time: Date.parse(found.lastTransitionTime) }
  }
  const filter = said('FilterErrors')
  const format = said('FormatErrors')
  return { ...(filter && { filter }), ...(format && { format }) }
}
