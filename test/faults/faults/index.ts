import type { Fault } from '../fault.ts'
import { goneForGood, redirects, retryAfter, serverErrors, terminal } from './answers.ts'
import { compaction, restart, stall } from './apiserver.ts'
import { burst } from './burst.ts'
import { outage, resets, slowLoris } from './connections.ts'
import { killAfterAnswer, killLoop, pause } from './kills.ts'
import { nameReuse, poisoned } from './objects.ts'

/** All faults, in the order of their numbers. */
export const faults: readonly Fault[] = [
  outage,
  serverErrors,
  retryAfter,
  terminal,
  goneForGood,
  redirects,
  slowLoris,
  resets,
  restart,
  compaction,
  stall,
  killAfterAnswer,
  killLoop,
  pause,
  nameReuse,
  burst,
  poisoned,
]
