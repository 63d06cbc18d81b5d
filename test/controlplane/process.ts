import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What `act` returns, or undefined where it fails with one of the error `codes`, which are expected. */
export function unless<T>(codes: string[], act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (codes.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

/**
 * When the process `pid` started, in a form that tells it from a later one with the same number; undefined where there is
 * none (or only its zombie). Linux: field 22 of /proc/pid/stat (proc(5)), in ticks since boot; elsewhere what ps prints.
 */
export function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') {
    const line = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()
    return line === '' ? undefined : line.replace(/\W+/g, '')
  }
  const stat = unless(['ENOENT', 'ESRCH'], () => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  // The command's name stands in brackets and may hold anything, so fields are counted from the last bracket.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields?.[0] === 'Z' ? undefined : fields?.[19]
}

/** Whether the very process that started at `start` still runs under `pid`. */
export const isAlive = (pid: number, start: string): boolean => startOf(pid) === start

/** The full path of `command` in PATH. */
export function find(command: string): string | undefined {
  const paths = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, command))
  return paths.find((path) => unless(['ENOENT', 'EACCES', 'ENOTDIR'], () => accessSync(path, constants.X_OK) ?? true))
}

export type Bound = { child: ChildProcess; pid: number; exited: Promise<string>; kill(): Promise<void> }

/**
 * Starts a process that ends with this one, even where this one is killed with SIGKILL: by the kernel's parent-death
 * signal (setpriv), or, where there is none, by a shell that waits for the end of a pipe that this process holds.
 * It runs in a session of its own, so a Ctrl-C at the terminal reaches only this process, which then ends things in order.
 * `exited` resolves with how it ended; `kill` sends SIGKILL and waits for that.
 */
export function spawnBound(
  command: string,
  args: string[],
  options: Pick<SpawnOptions, 'cwd' | 'env' | 'stdio'> & { setpriv?: string | undefined } = {},
): Bound {
  const { setpriv = find('setpriv'), ...rest } = options
  const child = setpriv
    ? spawn(setpriv, ['--pdeathsig', 'KILL', '--', command, ...args], { ...rest, detached: true })
    : spawn(command, args, { ...rest, detached: true })
  const { pid } = child
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`))
    child.once('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `exited with ${code}`))
  })
  if (pid === undefined) throw new Error(`${command} could not be started: is it there and executable?`)
  if (!setpriv) killAtEnd(pid, exited)
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  return { child, pid, exited, kill }
}

function killAtEnd(pid: number, exited: Promise<string>): void {
  const guard = spawn('/bin/sh', ['-c', `read -r _; kill -9 ${pid}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  guard.unref()
  ;(guard.stdin as unknown as { unref(): void }).unref()
  void exited.then(() => guard.kill('SIGKILL'))
}
