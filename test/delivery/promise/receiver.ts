import assert from 'node:assert/strict'
import { type Behaviour, type Received, type Sink, startSink } from '../../controlplane/sink.ts'

export type Dice = {
  below(n: number): number
  oneOf<T>(values: readonly T[]): T
}

/** Mulberry32. */
export function diceOf(seed: number): Dice {
  let state = seed
  const below = (n: number) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
  return { below, oneOf: (values) => values[below(values.length)] as never }
}

/** What is sent: `number` is its place in its lane. */
export type Sent = { id: string; lane: string; subscription: string; number: number; bytes: number; shrinks: boolean }

/** What the sink can't take: one by one, by the request's size, or at all for a while. */
export type Mood = { poison: Set<string>; mostBytes: number; weather: 'fair' | 'rough' | 'down' | 'forbidden' }

/** A sink that answers by its mood, and knows what it took. */
export class Receiver implements AsyncDisposable {
  readonly mood: Mood = { poison: new Set(), mostBytes: Number.POSITIVE_INFINITY, weather: 'fair' }
  readonly taken: string[] = []
  readonly events = new Map<string, Sent>()
  /** What may come late: it was given up, and sent again. */
  readonly revived = new Set<string>()
  readonly faults: string[] = []
  private readonly dice: Dice
  private server: Sink | undefined

  constructor(dice: Dice) {
    this.dice = dice
  }

  async start(): Promise<string> {
    this.server = await startSink({ behaviour: (request) => this.answer(request) })
    return this.server.url
  }

  private answer(request: Received): Behaviour {
    this.check(request)
    const { mood } = this
    const dice = this.dice
    const delay = { ...(dice.below(4) === 0 && { delayMs: dice.below(4) }) }
    const status = (code: number, more: object = {}) => ({ kind: 'answer' as const, status: code, ...delay, ...more })
    const down = [
      status(503),
      status(500),
      status(429, { headers: { 'retry-after': '2' } }),
      { kind: 'reset' as const },
    ]
    if (mood.weather === 'forbidden') return status(dice.oneOf([401, 404, 301]))
    if (mood.weather === 'down' || (mood.weather === 'rough' && dice.below(3) === 0)) return dice.oneOf(down)
    if (Buffer.byteLength(request.body) > mood.mostBytes) return status(413, { body: 'too large' })
    const bad = request.ids.filter((id) => mood.poison.has(id))
    if (bad.length > 0) return status(dice.oneOf([400, 415, 422, 409]), { body: 'no' })
    this.taken.push(...request.ids)
    return dice.oneOf([
      status(200, { body: '{"ok":true}' }),
      status(202),
      status(204),
      status(207, { body: '<multi/>' }),
    ])
  }

  /** What must be so of every request. */
  private check({ ids, headers, body, subscription }: Received): void {
    const problem = (text: string) => this.faults.push(`${text}: ${ids.join(' ')}`)
    const sent = ids.map((id) => this.events.get(id))
    if (sent.some((one) => one?.subscription !== subscription)) problem(`not of ${subscription}`)
    if (headers['content-length'] !== String(Buffer.byteLength(body))) problem('content-length')
    if (new Set(ids).size !== ids.length) problem('twice in a request')
    if (ids.length > 1 && Buffer.byteLength(body) > 256 * 1024) problem('too large')
    const lanes = new Map<string, number>()
    for (const one of sent) {
      if (!one || this.revived.has(one.id)) continue
      if ((lanes.get(one.lane) ?? -1) >= one.number) problem(`out of order within a request in ${one.lane}`)
      lanes.set(one.lane, one.number)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server?.[Symbol.asyncDispose]()
    assert.deepEqual(this.faults, [])
  }
}
