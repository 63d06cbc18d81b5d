/** ms since the epoch as Kubernetes writes times (metav1.Time): RFC 3339 in UTC, whole seconds, cut off and not rounded. */
export const kubeTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, -'.000Z'.length)}Z`

/** ms since the epoch of an RFC 3339 time; NaN for what is none. V8 takes the 30th of February for the 2nd of March; here it is no time. */
export function parseTime(text: string): number {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number)
  const isDay = new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day
  return isDay ? Date.parse(text) : Number.NaN
}
