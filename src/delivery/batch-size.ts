import type { Answer } from './attempt.ts'
import { batchBytes, bytesOf, type Tried } from './requests.ts'
import type { SinkRuntime } from './sink.ts'

/** How large requests of several events may be: 256 KiB, or less where the sink refused one as too large; until its spec changes. */
export class BatchSize {
  private most: number | undefined
  private epoch: string | undefined

  /** For `BatchLimits.bytes`. */
  of({ epoch }: SinkRuntime): number {
    if (epoch !== this.epoch) this.most = undefined
    this.epoch = epoch
    return batchBytes(this.most)
  }

  /** Half of what was too large is no less than half of what is not. */
  learn(sink: SinkRuntime, answer: Answer, request: readonly Tried[]): void {
    if (answer.kind !== 'response' || answer.status !== 413 || request.length === 1 || sink.epoch !== this.epoch) return
    this.most = Math.min(this.most ?? Number.POSITIVE_INFINITY, Math.ceil(bytesOf(request) / 2))
  }
}
