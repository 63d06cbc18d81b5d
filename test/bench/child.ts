// Processes that take orders and answer each with one report.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export type Child<O, R> = Disposable & {
  pid: number
  /** Resolves with the next report. */
  next(): Promise<R>
  ask(order: O): Promise<R>
}

/** `detached`: in a session of its own; it has to end by itself then when its channel is closed. */
export function startChild<O extends object, R>(file: string, { detached = false } = {}): Child<O, R> {
  const child: ChildProcess = fork(fileURLToPath(new URL(file, import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
    detached,
  })
  const failed = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${file} ended with ${code}`)))
  failed.catch(() => undefined)
  const next = async () => {
    const [report] = (await Promise.race([once(child, 'message'), failed])) as [R]
    return report
  }
  return {
    pid: child.pid ?? 0,
    next,
    ask(order) {
      const report = next()
      child.send(order)
      return report
    },
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  }
}

/** User and system CPU of a process in ms: fields 14 and 15 of /proc/pid/stat, in ticks of 10 ms (proc(5)). */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** The largest resident set so far, in MiB (VmHWM). */
export function peakRssMiB(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

export function rssMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
