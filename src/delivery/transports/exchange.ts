import { answerText } from '../answer-text.ts'
import type { Answer, FailureClass } from '../attempt.ts'
import { inWords } from '../duration.ts'
import type { Dispatcher } from '../egress.ts'
import { classify } from '../failure.ts'
import type { SendOptions } from './transport.ts'

type Controller = Dispatcher.DispatchController

/** So much of an answer's body is read, for the sake of the connection. */
const maxBody = 64 * 1024
/** And so much is looked at, where the event was not taken. */
const maxLook = 4096
/** One in three seconds of the longest attempt: who sends more keeps us from work. */
const maxInformational = 100

type Headers = Record<string, string | string[] | undefined>

const expire = (exchange: Exchange): void => exchange.expire()

/**
 * One request and its answer, as undici tells of it; owns the deadline over the whole of it and resolves once.
 * The status line decides: what becomes of the body after it changes nothing but whether the connection is kept.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  private readonly resolve: (answer: Answer) => void
  private readonly signal: AbortSignal
  private readonly timeoutMs: number
  private readonly connected: (() => void) | undefined
  private readonly timer: NodeJS.Timeout
  private readonly started = performance.now()
  private controller: Controller | undefined
  private status = 0
  private headers: Headers = {}
  private readonly looked: Buffer[] = []
  private received = 0
  private informational = 0
  private over = false

  constructor(
    resolve: (answer: Answer) => void,
    timeoutMs: number,
    { signal, connected }: Pick<SendOptions, 'signal' | 'connected'>,
  ) {
    this.resolve = resolve
    this.signal = signal
    this.timeoutMs = timeoutMs
    this.connected = connected
    // Timers run on a clock that is never set.
    this.timer = setTimeout(expire, timeoutMs, this)
    signal.addEventListener('abort', this)
  }

  onRequestStart(controller: Controller): void {
    // The deadline passed while there was no connection yet: nothing is sent any more. Thrown, so that the connection stays.
    if (this.over) throw new Error('the attempt is over')
    this.controller = controller
    this.connected?.()
  }

  onResponseStart(_controller: Controller, status: number, headers: Headers): void {
    if (status < 200) {
      this.informational += 1
      if (this.informational > maxInformational)
        this.stop('InvalidAnswer', 'What came back are informational answers only.')
      return
    }
    this.status = status
    this.headers = headers
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    // Copied: the chunk's memory is the parser's.
    if (this.isLookedAt && this.received < maxLook)
      this.looked.push(Buffer.from(chunk.subarray(0, maxLook - this.received)))
    this.received += chunk.length
    if (this.received > maxBody) this.stop('InvalidAnswer', 'The answer has no head.')
  }

  onResponseEnd(): void {
    this.end()
  }

  onResponseError(_controller: Controller, error: unknown): void {
    const { class: kind, message } = classify(error)
    if (this.status === 0) this.fail(kind, message)
    else this.end()
  }

  /** The signal says that the attempt is called off. */
  handleEvent(): void {
    this.stop('Aborted', 'The attempt was called off.')
  }

  expire(): void {
    const what = this.controller ? 'answer' : 'connection'
    this.stop('Timeout', `No ${what} within ${inWords(this.timeoutMs)}.`)
  }

  /** Ends it now: with the answer, where its head is in. */
  private stop(kind: FailureClass, message: string): void {
    if (this.status === 0) this.fail(kind, message)
    else this.end()
    this.controller?.abort(new Error('the attempt is over'))
  }

  private end(): void {
    const refused = this.isLookedAt && {
      retryAfter: this.headers['retry-after'],
      text: answerText(this.headers, Buffer.concat(this.looked)),
    }
    this.finish({ kind: 'response', status: this.status, ...refused, durationMs: this.elapsed() })
  }

  private fail(kind: FailureClass, message: string): void {
    this.finish({ kind: 'failure', class: kind, message, durationMs: this.elapsed() })
  }

  private finish(answer: Answer): void {
    if (this.over) return
    this.over = true
    clearTimeout(this.timer)
    this.signal.removeEventListener('abort', this)
    this.resolve(answer)
  }

  /** A header of the answer, by its name in lower case. */
  header(name: string): string | string[] | undefined {
    return this.headers[name]
  }

  private get isLookedAt(): boolean {
    return this.status >= 300 || this.connected !== undefined
  }

  private elapsed(): number {
    return Math.round((performance.now() - this.started) * 1000) / 1000
  }
}
