import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'

const niceness = 15

/**
 * Lets a process take only what of the cores the others leave, as far as the system has the means. On a machine of two cores a control plane
 * otherwise has a busy operator wait for tens of milliseconds, which in a cluster has its own share by what it requests. Where Linux groups
 * processes by session (sched(7), autogroup), it is the group's niceness that counts, else that of each thread.
 */
export function giveWay(pid: number): void {
  const group = `/proc/${pid}/autogroup`
  if (existsSync(group)) writeFileSync(group, String(niceness))
  const threads = process.platform === 'linux' ? readdirSync(`/proc/${pid}/task`).map(Number) : [pid]
  for (const thread of threads) setPriority(thread, niceness)
}

/** How long the first thread of a process was ready to run and had no core, since its start, ms (Linux: schedstat; NaN elsewhere). */
export function waitedMs(pid: number): number {
  const path = `/proc/${pid}/task/${pid}/schedstat`
  return existsSync(path) ? Number(readFileSync(path, 'utf8').split(' ')[1]) / 1e6 : Number.NaN
}
