import { parseDuration } from '../api/durations.ts'
import { accept, refuse, type Verdict } from '../api/verdict.ts'

/** A time as people give it: so many ms ago, or a time of its own in ms. */
export type Moment = { ago: number } | { at: number }

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/

/** `2h`, `1h30m`, or a time of RFC 3339. */
export function parseMoment(text: string): Verdict<Moment> {
  if (rfc3339.test(text)) {
    const at = Date.parse(text)
    if (!Number.isNaN(at) && at >= 0) return accept({ at })
  }
  const duration = parseDuration(text)
  if (duration.ok) return accept({ ago: duration.value })
  return refuse(
    'FlagInvalid',
    `'${text.slice(0, 40)}' is neither a duration such as 2h or 30m nor a time such as 2026-01-31T12:00:00Z`,
  )
}

export const msOf = (moment: Moment, now: number): number =>
  'at' in moment ? moment.at : Math.max(0, now - moment.ago)

/** How long ago, as kubectl tells ages (k8s.io/apimachinery duration.HumanDuration): `42s`, `5m`, `2m30s`, `3h`, `4d`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  if (seconds < 120) return `${seconds}s`
  if (minutes < 10) return both(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  if (hours < 8) return both(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  if (days < 8) return both(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  return both(Math.floor(days / 365), 'y', days % 365, 'd')
}

const both = (large: number, unit: string, rest: number, small: string): string =>
  rest === 0 ? `${large}${unit}` : `${large}${unit}${rest}${small}`
