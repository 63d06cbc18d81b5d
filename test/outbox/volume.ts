import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after } from 'node:test'

const run = (command: string, ...args: string[]) => spawnSync(command, args, { encoding: 'utf8' })

/** Makes file systems of their own, which go with the test file; undefined where this process may not mount any. */
export function volumes() {
  const root = mkdtempSync(join(tmpdir(), 'carillon-volume-'))
  const mounted: string[] = []
  after(() => {
    for (const at of mounted.toReversed()) run('umount', '--lazy', at)
    rmSync(root, { recursive: true })
  })
  const mount = (...how: string[]): string | undefined => {
    const at = mkdtempSync(join(root, 'data-'))
    if (run('mount', ...how, at).status !== 0) return undefined
    mounted.push(at)
    return at
  }
  return {
    /** In memory, of so many bytes. */
    small: (bytes: number) => mount('-t', 'tmpfs', '-o', `size=${bytes}`, 'carillon-test'),
    resize: (at: string, bytes: number) => run('mount', '-o', `remount,size=${bytes}`, at),
    /** Another mount of a directory, read-only. */
    readOnly(of: string) {
      const at = mount('--bind', of)
      return at !== undefined && run('mount', '-o', 'remount,bind,ro', at).status === 0 ? at : undefined
    },
    /** An ext4 of 16 MiB, and what makes it read-only as a failing disk does: under those who have files open. */
    breakable() {
      const image = join(root, `image-${mounted.length}`)
      writeFileSync(image, Buffer.alloc(16 * 2 ** 20))
      if (run('mkfs.ext4', '-q', image).status !== 0) return undefined
      const at = mount('-o', 'loop,errors=remount-ro', image)
      if (at === undefined) return undefined
      const device = basename(run('findmnt', '-no', 'SOURCE', at).stdout.trim())
      return { at, spoil: () => writeFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, '1') }
    },
    /** Makes a file refuse writes, or take them again. */
    freeze: (path: string, isFrozen: boolean) => run('chattr', isFrozen ? '+i' : '-i', path).status === 0,
    directory(): string {
      const at = join(root, `plain-${mounted.length}-${process.hrtime.bigint()}`)
      mkdirSync(at)
      return at
    },
  }
}
