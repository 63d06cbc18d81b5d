import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { unless } from '../controlplane/process.ts'

/**
 * Has a process take the cores before the others, as in a cluster the operator has its own share by what it requests: on two cores that it
 * shares with the control plane and the loads, what is measured otherwise is for how long it waits for a core. false where that is not allowed.
 */
export const takePrecedence = (pid: number): boolean => setNiceness(pid, -15)

/** Has a process take the cores after the others. */
export const yieldPrecedence = (pid: number): boolean => setNiceness(pid, 10)

/** Where Linux groups processes by session (sched(7), autogroup), it is the group's niceness that counts, else that of each thread. */
function setNiceness(pid: number, niceness: number): boolean {
  const group = `/proc/${pid}/autogroup`
  const threads = process.platform === 'linux' ? readdirSync(`/proc/${pid}/task`).map(Number) : [pid]
  const done = unless(['EPERM', 'EACCES', 'ERR_SYSTEM_ERROR'], () => {
    if (existsSync(group)) writeFileSync(group, String(niceness))
    for (const thread of threads) setPriority(thread, niceness)
    return true
  })
  return done ?? false
}

/** How long the first thread of a process was ready to run and had no core, since its start, ms (Linux: schedstat; NaN elsewhere). */
export function waitedMs(pid: number): number {
  const path = `/proc/${pid}/task/${pid}/schedstat`
  return existsSync(path) ? Number(readFileSync(path, 'utf8').split(' ')[1]) / 1e6 : Number.NaN
}
