import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive, startOf, unless } from './process.ts'

/**
 * A new temporary directory, named after the process that owns it, so that a later run can tell when its owner is dead.
 * First removes what dead owners of this user left behind there, and ends processes they had noted with `noteChild`.
 */
export function makeScratch(purpose: string, place = tmpdir()): string {
  sweep(place)
  return mkdtempSync(join(place, `carillon-${purpose}-${process.pid}-${startOf(process.pid)}-`))
}

/** Notes a child, so that it can be ended by a later run should it outlive its parent after all. */
export function noteChild(scratch: string, pid: number): void {
  mkdirSync(join(scratch, 'children'), { recursive: true })
  writeFileSync(join(scratch, 'children', String(pid)), startOf(pid) ?? '')
}

/** Removes a scratch directory; children may still be closing files in it. */
export function removeScratch(scratch: string): void {
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
}

/** Where files are kept in memory (Linux: /dev/shm, shm_overview(7)), if there is such a place with so many bytes to spare. */
export function inMemory(bytes: number): string | undefined {
  const place = '/dev/shm'
  const found = unless(['ENOENT'], () => statfsSync(place))
  return found && found.bavail * found.bsize >= bytes ? place : undefined
}

function sweep(place: string): void {
  for (const name of readdirSync(place)) {
    const [, pid, start] = /^carillon-[a-z]+-(\d+)-([a-zA-Z0-9]+)-\w{6}$/.exec(name) ?? []
    if (!pid || !start || isAlive(Number(pid), start)) continue
    const path = join(place, name)
    if (statSync(path, { throwIfNoEntry: false })?.uid !== process.getuid?.()) continue
    endChildren(join(path, 'children'))
    removeScratch(path)
  }
}

/** Other runs may sweep at the same time, so what is gone is no error. */
function endChildren(folder: string): void {
  for (const pid of unless(['ENOENT'], () => readdirSync(folder)) ?? []) {
    const start = unless(['ENOENT'], () => readFileSync(join(folder, pid), 'utf8'))
    if (start && isAlive(Number(pid), start)) unless(['ESRCH'], () => process.kill(Number(pid), 'SIGKILL'))
  }
}

/**
 * `count` ports of 127.0.0.1 on which nothing listens. They lie below the range from which systems take ports for outgoing
 * connections, so that none is lost between a server's end and its restart on the same one.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    if (free) {
      ports.add(port)
      await new Promise((resolve) => server.close(resolve))
    }
  }
  return [...ports]
}
