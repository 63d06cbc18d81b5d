import type { Fault } from '../fault.ts'
import { deadLetters, purge, replay } from './again.ts'
import { goneForGood, held, redirects, retryAfter, serverErrors, terminal } from './answers.ts'
import { compaction, restart, stall } from './apiserver.ts'
import { batches } from './batches.ts'
import { burst } from './burst.ts'
import { past, pending } from './catching-up.ts'
import { chaos } from './chaos.ts'
import { clock } from './clock.ts'
import { crdGone, forbidden, namespaceGone } from './cluster.ts'
import { outage, resets, slowLoris } from './connections.ts'
import { damaged, diskFull, diskLost, readOnly } from './disk.ts'
import { fuzz } from './fuzz.ts'
import { isolation } from './isolation.ts'
import { handover, killAfterAnswer, killLoop, pause } from './kills.ts'
import { deleted, nameReuse, poisoned } from './objects.ts'
import { overflow, overflowGone } from './overflow.ts'
import { secret } from './secrets.ts'
import { cleanStop, edits } from './stopping.ts'
import { tls } from './tls.ts'

/** All faults, in the order of their numbers. */
export const faults: readonly Fault[] = [
  outage,
  serverErrors,
  retryAfter,
  terminal,
  held,
  batches,
  goneForGood,
  redirects,
  slowLoris,
  resets,
  tls,
  restart,
  compaction,
  stall,
  killAfterAnswer,
  killLoop,
  pause,
  handover,
  readOnly,
  clock,
  crdGone,
  secret,
  namespaceGone,
  deleted,
  nameReuse,
  burst,
  poisoned,
  isolation,
  edits,
  cleanStop,
  forbidden,
  pending,
  past,
  chaos,
  overflow,
  overflowGone,
  deadLetters,
  replay,
  purge,
  diskLost,
  damaged,
  diskFull,
  fuzz,
]
