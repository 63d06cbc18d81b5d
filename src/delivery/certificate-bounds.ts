import { type Refusal, refuse } from '../api/verdict.ts'

/** How much sinks may bring in certificates, each some 5 KiB of memory and at most 0.1 ms of the event loop. */
export type CertificateBounds = {
  /** Held at a time by the sinks of a namespace, in distinct forms. */
  perNamespace: number
  /** By all sinks together; what several namespaces bring counts once. */
  inAll: number
  /** Examined for a namespace at once, and after that a second. */
  atOnce: number
  perSecond: number
}

const ofNamespace = { perNamespace: 3_000, atOnce: 3_000, perSecond: 50 }

const bytesEach = 5 * 1024
/** More than one namespace may hold, with room left for others; and no more than is worth its time at a start. */
const [leastInAll, mostInAll] = [6_000, 100_000]

/** All together take a fifth of the memory that the process may have (bytes; a huge number where that is not limited). */
export const certificateBounds = (memory: number): CertificateBounds => ({
  ...ofNamespace,
  inAll: Math.min(mostInAll, Math.max(leastInAll, Math.floor(memory / 5 / bytesEach))),
})

/** What is held before a form is taken in. */
export type Holding = { namespace: string; ofNamespace: number; inAll: number }

/** What a form adds: nothing to those who have it. `replaces`: its sink has just let another go, whose connections may still be closing. */
export type Addition = { ofNamespace: number; inAll: number; replaces: boolean }

/** Of all room the last quarter is for namespaces that hold little, a full bundle at most: those who hold much can't take it. */
const [shareOfMany, little] = [3 / 4, 320]

/** Why there is no room for a form: TooManyCertificates. */
export function roomRefusal(held: Holding, added: Addition, bounds: CertificateBounds): Refusal | undefined {
  const own = held.ofNamespace + added.ofNamespace
  const closing = added.replaces ? little : 0
  if (added.ofNamespace > 0 && own > bounds.perNamespace + closing)
    return refuse(
      'TooManyCertificates',
      `The sinks of namespace ${held.namespace} bring more than ${bounds.perNamespace} certificates together: let sinks share a bundle, or leave out authorities that no sink needs.`,
    )
  const most = own > little ? bounds.inAll * shareOfMany : bounds.inAll
  if (added.inAll === 0 || held.inAll + added.inAll <= most + closing) return undefined
  return refuse(
    'TooManyCertificates',
    'The sinks of all namespaces bring more certificates than there is room for; it is tried again. Leave out authorities that no sink needs, or ask the administrator for more memory.',
  )
}

/** What of a namespace may still be examined at a time (ms). */
export type Bucket = { left: number; at: number }

export const fullBucket = (now: number, { atOnce }: CertificateBounds): Bucket => ({ left: atOnce, at: now })

/** The bucket as it stands at `now`; a clock that was set back adds nothing. */
export const filled = ({ left, at }: Bucket, now: number, { atOnce, perSecond }: CertificateBounds): Bucket => ({
  left: Math.min(atOnce, left + (Math.max(0, now - at) * perSecond) / 1000),
  at: now,
})

/** Why so much is not examined now: CertificatesThrottled. */
export const rateRefusal = (
  { left }: Bucket,
  weight: number,
  namespace: string,
  { perSecond }: CertificateBounds,
): Refusal | undefined =>
  weight <= left
    ? undefined
    : refuse(
        'CertificatesThrottled',
        `The certificates of the sinks of namespace ${namespace} change faster than they are read, ${perSecond} a second; it is tried again. Change them less often, or leave out authorities that no sink needs.`,
      )
