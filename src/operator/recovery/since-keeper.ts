import { fullJitter } from '../../kube/backoff.ts'
import { KubeError } from '../../kube/errors.ts'
import type { KubeLog } from '../../kube/log.ts'
import { Pulse } from '../pulse.ts'
import { configMapName, decodeSince, encodeSince, shardOf } from './since-record.ts'

export type SinceKeeperDeps = {
  className: string | undefined
  /** The `data` of a ConfigMap of the operator's namespace; undefined where there is none. Throws a KubeError. */
  read(name: string): Promise<Record<string, string> | undefined>
  /** Makes it so, by server-side apply. Throws a KubeError. */
  apply(name: string, data: Record<string, string>): Promise<void>
  /** All activations, as the outbox keeps them. */
  activations(): Iterable<readonly [key: string, since: number]>
  log: KubeLog
  random(): number
  wait(ms: number, signal: AbortSignal): Promise<void>
}

/** At most one write of a ConfigMap in so many ms. */
const everyMs = 1000

/** Where the right or the namespace is missing, that is looked at so often. */
const refusedMs = 60_000

/**
 * Keeps the record of `since` in ConfigMaps: what is left where the disk is lost. Written behind the outbox, never waited for, and read only
 * where the outbox knows nothing.
 */
export class SinceKeeper {
  private readonly deps: SinceKeeperDeps
  private readonly dirty = new Set<string>()
  private readonly pulse = new Pulse()
  private refused = false

  constructor(deps: SinceKeeperDeps) {
    this.deps = deps
  }

  /** Some activation of a subscription is another now, or the subscription is gone. */
  changed(subscriptionUid: string): void {
    this.dirty.add(shardOf(subscriptionUid))
    this.pulse.fire()
  }

  async run(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; ) {
      if (this.dirty.size === 0) await this.pulse.next(signal)
      await this.deps.wait(everyMs, signal)
      if (signal.aborted) return
      attempt = (await this.write()) ? 0 : attempt + 1
      const pause = this.refused ? refusedMs : fullJitter(attempt, this.deps.random)
      if (attempt > 0) await this.deps.wait(pause, signal)
    }
  }

  /** Writes what is yet unwritten, once. Gives whether all of it is written. */
  async write(): Promise<boolean> {
    const wanted = new Set(this.dirty)
    if (wanted.size === 0) return true
    this.dirty.clear()
    for (const [shard, data] of encodeSince(this.deps.activations(), wanted)) {
      try {
        await this.deps.apply(configMapName(shard, this.deps.className), data)
        this.refused = false
      } catch (error) {
        this.dirty.add(shard)
        this.tell(error)
      }
    }
    return this.dirty.size === 0
  }

  /**
   * What an earlier life recorded of these subscriptions, as `activations` gives it. A ConfigMap that may not be read is told of, and is as if
   * there were none; where no answer comes, it throws.
   */
  async read(subscriptionUids: Iterable<string>): Promise<Map<string, number>> {
    const recorded = new Map<string, number>()
    for (const [shard, uids] of Map.groupBy(subscriptionUids, shardOf)) {
      const data = await this.data(shard)
      for (const uid of uids) {
        const text = data?.[uid]
        const own = text === undefined ? new Map<string, number>() : decodeSince(uid, text)
        if (!own) this.deps.log.warn({ subscription: uid }, 'what is recorded of a subscription can not be read')
        for (const [key, since] of own ?? []) recorded.set(key, since)
      }
    }
    return recorded
  }

  private async data(shard: string): Promise<Record<string, string> | undefined> {
    try {
      return await this.deps.read(configMapName(shard, this.deps.className))
    } catch (error) {
      if (!isRefusal(error)) throw error
      this.tell(error)
      return undefined
    }
  }

  /** Once, and not again before it has worked. */
  private tell(error: unknown): void {
    if (!isRefusal(error)) this.deps.log.debug({ err: error }, 'a record of since was not written')
    if (!isRefusal(error) || this.refused) return
    this.refused = true
    const how =
      'the ConfigMaps carillon-since-… of its namespace can not be used: give the operator the rights of the chart'
    const then =
      'if it loses its data now, kinds that were added to a subscription later begin where the subscription did'
    this.deps.log.warn({ err: error }, `${how}; ${then}`)
  }
}

const isRefusal = (error: unknown): boolean =>
  error instanceof KubeError && (error.status === 403 || error.status === 404)
