import { pause } from '../../kube/backoff.ts'
import type { CommitBatch, Outbox } from '../../outbox/outbox.ts'
import { StorageError } from '../../outbox/trouble.ts'

/** How often a batch is tried that the disk would not take. */
const againMs = 1000

/**
 * Commits a batch, again and again while the disk takes nothing: nothing more is read meanwhile, and the cursor stands. `batch` is asked at each
 * try, and may give nothing more. Resolves to what was committed, or undefined where that, or `signal`, came before.
 */
export async function persist<B extends CommitBatch>(
  outbox: Pick<Outbox, 'commit'>,
  batch: () => Promise<B | undefined>,
  signal: AbortSignal,
  wait: (ms: number, signal: AbortSignal) => Promise<void> = pause,
): Promise<B | undefined> {
  while (!signal.aborted) {
    const commit = await batch()
    if (!commit) return undefined
    try {
      await outbox.commit(commit)
      return commit
    } catch (error) {
      if (!(error instanceof StorageError) || error.trouble === 'damaged') throw error
      await wait(againMs, signal)
    }
  }
  return undefined
}
