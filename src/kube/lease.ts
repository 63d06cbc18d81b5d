import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { pause } from './backoff.ts'
import type { KubeClient } from './client.ts'
import { KubeError } from './errors.ts'
import { getLease, type LeaseObject, type LeaseSpec, leaseTime, putLease } from './lease-object.ts'
import type { KubeLog } from './log.ts'

export type LeaseOptions = {
  client: KubeClient
  namespace: string
  name: string
  /** The host, for people who look at the Lease. */
  host: string
  /** Tells holders apart: the same for every process on the same data directory, of which there is one at a time. */
  instance: string
  /** Without a renewal for so long others may take the lease; ms, a multiple of 1000. */
  durationMs: number
  log: KubeLog
  random: () => number
  /** ms on a clock that is never set; `performance.now` when left out. */
  monotonic?: () => number
}

/** What came of one look at the lease. */
type Look = { kind: 'held' } | { kind: 'taken'; holder: string } | { kind: 'failed' }

/**
 * One holder at a time, as controllers agree on it (k8s.io/client-go tools/leaderelection): whether another's lease has run out is
 * judged by how long it was seen unchanged, never by comparing clocks. It is renewed every third of its duration, and the holder
 * takes itself for one for two thirds of it after a renewal was asked for: it stops before anybody else may begin.
 */
export class Lease implements AsyncDisposable {
  readonly #options: LeaseOptions
  readonly #monotonic: () => number
  readonly #closed = new AbortController()
  readonly #lost = new AbortController()
  /** As last written by us; undefined where somebody else may have written since. */
  #own: LeaseObject | undefined
  /** Another's lease as last seen, and since when it has not changed. */
  #theirs = { version: '', since: 0 }
  #heldUntil = Number.NEGATIVE_INFINITY
  #renewed = Promise.withResolvers<void>()
  #keeping: Promise<void> | undefined

  private constructor(options: LeaseOptions) {
    this.#options = options
    this.#monotonic = options.monotonic ?? (() => performance.now())
  }

  /**
   * Resolves once the lease is held, however long somebody else holds it (`waiting` is told of each such holder once); to undefined when
   * `signal` aborts. Refused is what does not become right by waiting: `LeaseForbidden`, `NamespaceNotFound`.
   */
  static async take(
    options: LeaseOptions,
    waiting: (holder: string) => void,
    signal: AbortSignal,
  ): Promise<Verdict<Lease | undefined>> {
    const lease = new Lease(options)
    let told: string | undefined
    while (!signal.aborted) {
      const look = await lease.#look()
      if (!look.ok) return look
      if (look.value.kind === 'held') {
        lease.#keeping = lease.#keep()
        return accept(lease)
      }
      if (look.value.kind === 'taken' && look.value.holder !== told) {
        told = look.value.holder
        waiting(told)
      }
      await pause(lease.#retryMs(), signal)
    }
    return accept(undefined)
  }

  /** Whether nobody else can hold it now. */
  get held(): boolean {
    return this.#monotonic() < this.#heldUntil
  }

  /** Fires when somebody else has taken it. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** The fence: true while it is held, or as soon as it is again; false when `signal` aborts, which is all that a lost one leads to. */
  async fence(signal: AbortSignal): Promise<boolean> {
    while (!this.held && !signal.aborted) {
      const done = new AbortController()
      await Promise.race([
        this.#renewed.promise,
        pause(this.#options.durationMs, AbortSignal.any([signal, done.signal])),
      ])
      done.abort()
    }
    return !signal.aborted
  }

  /** Gives it back, so that nobody has to wait until it runs out. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
    await this.#keeping
    this.#heldUntil = Number.NEGATIVE_INFINITY
    if (!this.#own || this.#lost.signal.aborted) return
    const { metadata, spec } = this.#own
    try {
      await putLease(this.#options, { metadata, spec: { ...spec, holderIdentity: '', leaseDurationSeconds: 1 } })
    } catch (error) {
      this.#options.log.debug({ err: error }, 'the Lease could not be given back, and runs out by itself')
    }
  }

  async #keep(): Promise<void> {
    const { signal } = this.#closed
    const { durationMs, log } = this.#options
    for (let wait = durationMs / 3; ; ) {
      await pause(wait, signal)
      if (signal.aborted) return
      const look = await this.#look()
      if (signal.aborted) return
      if (look.ok && look.value.kind === 'taken') {
        log.error({ holder: look.value.holder }, 'another instance has taken the Lease')
        this.#heldUntil = Number.NEGATIVE_INFINITY
        return this.#lost.abort()
      }
      if (!look.ok) log.warn({ reason: look.reason, message: look.message }, 'the Lease could not be renewed')
      wait = look.ok && look.value.kind === 'held' ? durationMs / 3 : this.#retryMs()
    }
  }

  /** Takes or renews it where that may be done. */
  async #look(): Promise<Verdict<Look>> {
    const asked = this.#monotonic()
    try {
      const found = this.#own ?? (await getLease(this.#options))
      const holder = found?.spec.holderIdentity || undefined
      if (found && holder !== undefined && !this.#isOwn(holder) && !this.#ranOut(found, asked))
        return accept({ kind: 'taken', holder })
      this.#own = await putLease(this.#options, { metadata: found?.metadata, spec: this.#claim(found?.spec) })
      this.#heldUntil = asked + (this.#options.durationMs * 2) / 3
      this.#renewed.resolve()
      this.#renewed = Promise.withResolvers()
      return accept({ kind: 'held' })
    } catch (error) {
      if (!(error instanceof KubeError)) throw error
      // Whether it was written is not known, or somebody else wrote: it is read anew.
      this.#own = undefined
      this.#options.log.debug({ err: error }, 'the Lease could not be read or written')
      return refusalOf(error, this.#options.namespace) ?? accept({ kind: 'failed' })
    }
  }

  #claim(before: LeaseSpec = {}): LeaseSpec {
    const { client, durationMs, host, instance } = this.#options
    const renewTime = leaseTime(client.serverTime())
    const renewed = { holderIdentity: `${host}_${instance}`, leaseDurationSeconds: durationMs / 1000, renewTime }
    if (this.#isOwn(before.holderIdentity ?? '')) return { ...before, ...renewed }
    return { ...before, ...renewed, acquireTime: renewTime, leaseTransitions: (before.leaseTransitions ?? 0) + 1 }
  }

  #isOwn(holder: string): boolean {
    return holder.endsWith(`_${this.#options.instance}`)
  }

  #ranOut({ metadata, spec }: LeaseObject, now: number): boolean {
    const version = metadata?.resourceVersion ?? ''
    if (this.#theirs.version !== version) this.#theirs = { version, since: now }
    return now - this.#theirs.since >= (spec.leaseDurationSeconds ?? 0) * 1000
  }

  /** Looked at again ten times in a duration or so, not all at the same moment. */
  #retryMs(): number {
    return (this.#options.durationMs / 10) * (0.8 + this.#options.random() * 0.4)
  }
}

function refusalOf({ status, message }: KubeError, namespace: string): Verdict<never> | undefined {
  if (status === 403) {
    return refuse(
      'LeaseForbidden',
      `${message}; the Role of the chart has the right, or start with --leader-elect=false`,
    )
  }
  // Only what makes it says that the namespace is missing; a Lease that was deleted is made again.
  if (status === 404 && message.startsWith('POST')) {
    return refuse(
      'NamespaceNotFound',
      `${message}; the Lease that keeps two operators apart is kept there: create namespace ${namespace}, name another with --namespace, or start with --leader-elect=false`,
    )
  }
  return undefined
}
