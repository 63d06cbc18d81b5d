// The data directory is full, read-only, damaged or gone.
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Fault, NotHere } from '../fault.ts'
import { begin, untilCondition } from '../layout.ts'
import { between, type Random } from '../random.ts'
import type { Scene } from '../scene.ts'
import { caughtUp, underLoad, unless } from '../verbs.ts'

/** Puts a file system of its own under the data directory; undone by what it gives. */
function mount(scene: Scene, bytes: number): Disposable & { remount(how: 'ro' | 'rw'): void } {
  const run = (...args: string[]) => {
    const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' })
    return status === 0 ? undefined : stderr.trim()
  }
  const refused = run('-t', 'tmpfs', '-o', `size=${bytes}`, 'carillon-faults', scene.dataDir)
  if (refused !== undefined) throw new NotHere(`no file system can be mounted here (${refused})`)
  return {
    remount(how) {
      const failed = run('-o', `remount,${how}`, scene.dataDir)
      if (failed !== undefined) throw new Error(failed)
    },
    [Symbol.dispose]: () => void spawnSync('umount', ['--lazy', scene.dataDir]),
  }
}

/** Takes all the room that is left, to the last block. */
function fill(file: string): void {
  const fd = openSync(file, 'a')
  try {
    for (const size of [1 << 20, 4096, 1]) {
      for (let room = true; room; ) room = hasTaken(fd, size)
    }
  } finally {
    closeSync(fd)
  }
}

function hasTaken(fd: number, size: number): boolean {
  try {
    return writeSync(fd, Buffer.alloc(size, 1)) > 0
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false
    throw error
  }
}

export const diskFull: Fault = {
  id: 'F17',
  title: 'the disk is full for a while',
  cost: { recoveryMs: 15_000 },
  seconds: 35,
  async run(scene) {
    using _ = mount(scene, 24 * 2 ** 20)
    await begin(scene)
    await scene.load.burst('before', scene.scaled(100), scene.tenants)
    await caughtUp(scene)
    const { pid } = scene.operator
    const ran = await underLoad(
      scene,
      async () => {
        const filler = join(scene.dataDir, 'filler')
        fill(filler)
        const key = `${scene.name}-a/single`
        await untilCondition(
          scene,
          'EventSubscription',
          key,
          'Overflow',
          ({ status, reason }) => status === 'True' && reason === 'StorageFull',
        )
        // What the operator gives up of its reserve is taken as well.
        fill(filler)
        const ms = scene.lasting(8000, 2000)
        await delay(ms)
        rmSync(filler)
        return `the disk was full for ${ms / 1000} s and more`
      },
      { perSecond: 20 },
    )
    await caughtUp(scene)
    await untilCondition(
      scene,
      'EventSubscription',
      `${scene.name}-a/single`,
      'Ready',
      ({ status }) => status === 'True',
    )
    const { bavail, bsize } = statfsSync(scene.dataDir)
    return {
      ...ran,
      notes: [`${Math.round((bavail * bsize) / 2 ** 20)} MiB free afterwards`],
      wrong: unless(scene.operator.pid === pid && existsSync(`/proc/${pid}`), 'the operator ended'),
    }
  },
}

export const readOnly: Fault = {
  id: 'F17-ro',
  title: 'the disk is read-only at a start, and can be written again later',
  cost: { recoveryMs: 20_000 },
  seconds: 25,
  async run(scene) {
    using disk = mount(scene, 24 * 2 ** 20)
    await begin(scene)
    await scene.load.burst('before', scene.scaled(100), scene.tenants)
    await caughtUp(scene)
    await scene.operator.stop()
    disk.remount('ro')
    const wrong: string[] = []
    const ran = await underLoad(scene, async () => {
      scene.operator.launch()
      const ended = await Promise.race([scene.operator.exited(), delay(scene.lasting(5000, 3000)).then(() => 'runs')])
      const said = scene.operator.log()
      wrong.push(
        ...unless(
          /read-?only|cannot be used|can't be written/i.test(said),
          `nothing in the log says what is wrong: ${said.slice(-300)}`,
        ),
      )
      disk.remount('rw')
      // Who runs the operator starts it again when it has ended.
      if (ended !== 'runs') scene.operator.launch()
      await scene.operator.ready()
      return `the disk was read-only at the start of the operator, which ${ended}`
    })
    return { ...ran, wrong }
  },
}

/** Without the data directory that it had, an instance waits for its own Lease as for another's. */
const shortLease = { args: ['--leader-elect-lease-duration', '5s'] }

/** Damages a file, and says how. */
type Harm = (random: Random, file: string) => string

const truncated: Harm = (random, file) => {
  const { size } = statSync(file)
  const left = between(random, 1, size - 1)
  truncateSync(file, left)
  return `cut to ${left} of ${size} bytes`
}

const flipped: Harm = (random, file) => {
  const { size } = statSync(file)
  const fd = openSync(file, 'r+')
  const byte = Buffer.alloc(1)
  const bits = 64
  for (let turn = 0; turn < bits; turn += 1) {
    const at = between(random, 0, size - 1)
    readSync(fd, byte, 0, 1, at)
    byte[0] = (byte[0] ?? 0) ^ (1 << between(random, 0, 7))
    writeSync(fd, byte, 0, 1, at)
  }
  closeSync(fd)
  return `${bits} bits of ${size} bytes flipped`
}

const emptied: Harm = (_, file) => {
  truncateSync(file, 0)
  return 'emptied'
}

/** After a clean stop all is in the file itself, after a kill the last of it is in the log of writes. */
const harms: [ends: 'stop' | 'kill', file: string, harm: Harm][] = [
  ['stop', 'carillon.db', truncated],
  ['stop', 'carillon.db', flipped],
  ['kill', 'carillon.db-wal', flipped],
  ['kill', 'carillon.db-wal', truncated],
  ['kill', 'carillon.db', emptied],
]

export const damaged: Fault = {
  id: 'F18',
  title: "the outbox's file and its log are cut short, bits in them are flipped",
  // What was delivered in the last minutes before each loss is told again, under the same ids.
  cost: { repeats: { each: harms.length }, counters: 'unknown', recoveryMs: 20_000 },
  seconds: 60,
  async run(scene) {
    await begin(scene, {}, shortLease)
    await scene.load.burst('before', scene.scaled(100), scene.tenants)
    await caughtUp(scene)
    return underLoad(
      scene,
      async () => {
        const done: string[] = []
        for (const [ends, file, harm] of harms) {
          await scene.operator[ends]()
          done.push(`${file} ${harm(scene.random, join(scene.dataDir, file))}`)
          await scene.operator.start()
          await delay(500)
          await caughtUp(scene)
        }
        return done.join(', ')
      },
      { perSecond: 5 },
    )
  },
}

export const diskLost: Fault = {
  id: 'no-disk',
  title: 'the data directory is gone at a start',
  // What was delivered in the last minutes before the loss is told again, under the same ids.
  cost: { repeats: { each: 1 }, counters: 'unknown', recoveryMs: 20_000 },
  seconds: 30,
  async run(scene) {
    await begin(scene, {}, shortLease)
    await scene.load.burst('before', scene.scaled(100), scene.tenants)
    await caughtUp(scene)
    const wrong: string[] = []
    const ran = await underLoad(scene, async () => {
      await scene.operator.kill()
      for (const name of readdirSync(scene.dataDir)) rmSync(join(scene.dataDir, name), { recursive: true })
      await scene.load.burst('away', scene.scaled(50), scene.tenants)
      await scene.operator.start()
      for (const { key } of scene.declared)
        await untilCondition(
          scene,
          'EventSubscription',
          key,
          'Continuity',
          ({ status, reason }) => status === 'False' && reason === 'LedgerLost',
        )
      return 'the operator was killed, and its data directory was gone at the next start'
    })
    return { ...ran, wrong }
  },
}
