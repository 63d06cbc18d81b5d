import {
  type Bucket,
  type CertificateBounds,
  filled,
  fullBucket,
  type Holding,
  rateRefusal,
  roomRefusal,
} from './certificate-bounds.ts'
import {
  type Bringer,
  type Examine,
  type Examined,
  examine,
  formOf,
  type Lease,
  type Misfit,
  type Refused,
  type Texts,
  weigh,
} from './certificates.ts'

/** What a sink did not ask for during so long is forgotten. */
const keptMs = 60_000
/** Beyond so many, namespaces that hold nothing are forgotten. */
const mostShares = 4096

/** Texts that were examined, for all who bring them. `holders`: sinks, and connections, in all namespaces. */
type Kept = { form: string; weight: number; examined: Examined; holders: number }

/** What one namespace holds, and how often each, and what may still be examined for it. */
type Share = { held: number; of: Map<Kept, number>; bucket: Bucket }

/** What a sink brought last. */
type Brought = { form: string; used: number; examined: Examined; end(): void }

/** `replaces`: the sink had another form until now. */
type Turn = { at: number; replaces: boolean }

/**
 * An `examine` that remembers: the same certificates are asked for at each attempt, and by many sinks. Each sink has one form of them at a time; when it
 * brings another, or has not asked for a minute, its lease ends and the last one goes, once no connection holds it. Namespaces, each and all together, hold
 * no more than the bounds, and have no more examined: what is beyond is refused, for now.
 */
export class CertificateStore {
  private readonly now: () => number
  private readonly bounds: CertificateBounds
  private readonly known = new Map<string, Kept>()
  private readonly brought = new Map<string, Brought>()
  private readonly shares = new Map<string, Share>()
  private inAll = 0

  /** `now` in ms. */
  constructor(now: () => number, bounds: CertificateBounds) {
    this.now = now
    this.bounds = bounds
  }

  /** What is held now; of one namespace, or of all together. */
  held(namespace?: string): number {
    return namespace === undefined ? this.inAll : (this.shares.get(namespace)?.held ?? 0)
  }

  readonly examine: Examine = (texts, of) => {
    const at = this.now()
    const sink = `${of.namespace}/${of.sink}`
    const form = formOf(texts, of.asksOthers)
    const last = this.brought.get(sink)
    this.brought.delete(sink)
    if (last?.form !== form) last?.end()
    this.forget(at)
    if (last?.form === form) {
      // At the end: those that did not ask longest are first.
      this.brought.set(sink, last)
      last.used = at
      return last.examined
    }
    const kept = this.find(texts, form, of, { at, replaces: last !== undefined })
    if ('ok' in kept) return kept
    const brought = { form, used: at, ...this.lend(kept, of.namespace) }
    this.brought.set(sink, brought)
    return brought.examined
  }

  /** What is known of texts, or is found out now. */
  private find(texts: Texts, form: string, of: Bringer, { at, replaces }: Turn): Kept | Misfit | Refused {
    const known = this.known.get(form)
    const weight = known?.weight ?? weigh(texts, of.asksOthers)
    if (typeof weight !== 'number') return weight
    const { namespace } = of
    const share = this.shareOf(namespace, at)
    const held: Holding = { namespace, ofNamespace: share.held, inAll: this.inAll }
    const isOwn = known !== undefined && share.of.has(known)
    const added = { ofNamespace: isOwn ? 0 : weight, inAll: known ? 0 : weight, replaces }
    const full = roomRefusal(held, added, this.bounds)
    if (full) return { ok: false, refusal: full }
    if (known) return known
    const early = rateRefusal(share.bucket, weight, namespace, this.bounds)
    if (early) return { ok: false, refusal: early }
    share.bucket = { ...share.bucket, left: share.bucket.left - weight }
    const examined = examine(texts, of)
    // What is not usable takes no memory; it is remembered all the same, as reading it took time.
    const kept = { form, weight: examined.ok ? weight : 0, examined, holders: 0 }
    this.known.set(form, kept)
    return kept
  }

  private lend(kept: Kept, namespace: string): Pick<Brought, 'examined' | 'end'> {
    const { examined } = kept
    const release = this.hold(kept, namespace)
    if (!examined.ok) return { examined, end: release }
    const ending = new AbortController()
    const lease: Lease = { hold: () => this.hold(kept, namespace), ended: ending.signal }
    const end = () => {
      // Connections begin to close, and count on until they have.
      ending.abort()
      release()
    }
    return { examined: { ...examined, material: { ...examined.material, lease } }, end }
  }

  private hold(kept: Kept, namespace: string): () => void {
    const share = this.shareOf(namespace, this.now())
    const times = share.of.get(kept) ?? 0
    share.of.set(kept, times + 1)
    if (times === 0) share.held += kept.weight
    kept.holders += 1
    if (kept.holders === 1) this.inAll += kept.weight
    let isHeld = true
    return () => {
      if (isHeld) this.release(kept, share)
      isHeld = false
    }
  }

  private release(kept: Kept, share: Share): void {
    const times = share.of.get(kept) ?? 0
    if (times > 1) share.of.set(kept, times - 1)
    else if (share.of.delete(kept)) share.held -= kept.weight
    kept.holders -= 1
    if (kept.holders > 0) return
    this.inAll -= kept.weight
    if (this.known.get(kept.form) === kept) this.known.delete(kept.form)
  }

  private forget(at: number): void {
    for (const [sink, { used, end }] of this.brought) {
      if (at - used < keptMs && used <= at) break
      this.brought.delete(sink)
      end()
    }
  }

  private shareOf(namespace: string, at: number): Share {
    const found = this.shares.get(namespace)
    if (found) {
      found.bucket = filled(found.bucket, at, this.bounds)
      return found
    }
    if (this.shares.size >= mostShares) this.prune(at)
    const share = { held: 0, of: new Map<Kept, number>(), bucket: fullBucket(at, this.bounds) }
    this.shares.set(namespace, share)
    return share
  }

  private prune(at: number): void {
    for (const [namespace, { of, bucket }] of this.shares)
      if (of.size === 0 && filled(bucket, at, this.bounds).left >= this.bounds.atOnce) this.shares.delete(namespace)
  }
}
