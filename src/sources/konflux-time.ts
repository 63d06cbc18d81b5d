import { time } from './read.ts'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const pattern =
  /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:UTC|GMT)$/

/**
 * ms of a time as build-service writes them: Go's RFC 1123 in UTC, `Tue, 03 Mar 2026 10:44:06 UTC`, also without the day of the week; or
 * RFC 3339. Undefined for all else, and for days that there are not.
 */
export function konfluxTime(value: unknown): number | undefined {
  const found = typeof value === 'string' ? pattern.exec(value) : null
  if (!found) return time(value)
  const [, day = '', month = '', year = '', ...clock] = found
  const at = months.indexOf(month) + 1
  const date = `${year}-${String(at).padStart(2, '0')}-${day.padStart(2, '0')}`
  const ms = at === 0 ? undefined : time(`${date}T${clock.join(':')}Z`)
  return ms !== undefined && new Date(ms).toISOString().startsWith(date) ? ms : undefined
}
