import type { KubeLog } from '../kube/log.ts'
import { StorageError } from '../outbox/trouble.ts'

export type Pause = (attempt: number, signal: AbortSignal) => Promise<void>

type Run = (signal: AbortSignal) => Promise<void>

export type LoopsOptions = {
  log: KubeLog
  pause: Pause
  failed: (key: string) => void
  /** ms on a clock that is never set; `performance.now` when left out. */
  monotonic?: () => number
}

/** A loop that ran for so long was well: what fails then is a first failure. */
const wellMs = 60_000

/** `next`: what was asked for while the loop came to its end. */
type Loop = { controller: AbortController; done: Promise<void>; next?: Run }

/**
 * Loops by key, each restarted after a pause when it throws: the one place where unexpected errors end.
 * They are counted and logged once each; nothing else stops.
 */
export class Loops implements AsyncDisposable {
  private readonly loops = new Map<string, Loop>()
  private closed = false
  private readonly options: LoopsOptions

  constructor(options: LoopsOptions) {
    this.options = options
  }

  has(key: string): boolean {
    return this.loops.has(key)
  }

  keys(): string[] {
    return [...this.loops.keys()]
  }

  /** Does nothing where the loop runs already, or all loops have been stopped; one that is being stopped is started again then. */
  start(key: string, run: Run): void {
    if (this.closed) return
    const running = this.loops.get(key)
    if (running) {
      if (running.controller.signal.aborted) running.next = run
      return
    }
    const controller = new AbortController()
    this.loops.set(key, { controller, done: this.supervise(key, run, controller.signal) })
  }

  async stop(key: string): Promise<void> {
    const loop = this.loops.get(key)
    if (!loop) return
    loop.controller.abort()
    await loop.done
    if (this.loops.get(key) !== loop) return
    this.loops.delete(key)
    if (loop.next) this.start(key, loop.next)
  }

  private async supervise(key: string, run: Run, signal: AbortSignal): Promise<void> {
    const { monotonic = () => performance.now() } = this.options
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const started = monotonic()
      try {
        await run(signal)
        if (!signal.aborted) throw new Error(`${key} ended by itself`)
      } catch (error) {
        if (signal.aborted) return
        if (monotonic() - started >= wellMs) attempt = 0
        this.options.failed(key)
        // What is wrong with the data directory is told once, not by each loop that meets it.
        const level = error instanceof StorageError ? 'debug' : 'error'
        this.options.log[level]({ loop: key, err: error }, 'a loop failed and is started again')
        await this.options.pause(attempt, signal)
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true
    for (const loop of this.loops.values()) loop.controller.abort()
    await Promise.all([...this.loops.values()].map((loop) => loop.done))
    this.loops.clear()
  }
}
