import { hostname } from 'node:os'
import { accept, type Verdict } from '../api/verdict.ts'
import { Lease } from '../kube/lease.ts'
import type { Ground } from './parts.ts'

/** What the right to work is: `fence` says whether it holds still, `lost` fires when another instance has it. */
export type Leadership = AsyncDisposable & { fence(signal: AbortSignal): Promise<boolean>; lost: AbortSignal }

/** Without a Lease whoever runs leads. */
const undisputed: Leadership = {
  fence: async (signal) => !signal.aborted,
  lost: new AbortController().signal,
  [Symbol.asyncDispose]: () => Promise.resolve(),
}

const leaseOf = ({ class: of }: Ground['config']): string => (of === undefined ? 'carillon' : `carillon-${of}`)

/** What tells this install from others of the cluster: `namespace/name` of its Lease. */
export const installOf = (config: Ground['config']): string => `${config.namespace}/${leaseOf(config)}`

/**
 * Resolves once this instance may work: at once with `--leader-elect=false`, and for the data directory that worked last; undefined when
 * `signal` aborts before. `waiting` is told of who works instead.
 */
export async function lead(
  { client, config, log }: Ground,
  instance: string,
  waiting: (holder: string, lease: string) => void,
  signal: AbortSignal,
): Promise<Verdict<Leadership | undefined>> {
  if (config.leaseMs === undefined) return accept(undisputed)
  const { namespace, leaseMs: durationMs } = config
  const name = leaseOf(config)
  const options = { client, namespace, name, host: hostname(), instance, durationMs, log, random: Math.random }
  return await Lease.take(options, (holder) => waiting(holder, `${namespace}/${name}`), signal)
}
