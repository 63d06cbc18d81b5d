import { time } from '../../sources/read.ts'

const written = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

/** A time as Kubernetes' metav1.Time writes it: UTC, whole seconds, nothing rounded up. What is no time passes as it is. */
export function goTime(value: unknown): unknown {
  if (typeof value !== 'string' || written.test(value)) return value
  const ms = time(value)
  return ms === undefined ? value : `${new Date(ms).toISOString().slice(0, 19)}Z`
}
