import type { KubeObject } from '../../src/api/object.ts'
import type { Life } from './lives.ts'
import { Process, type Told } from './play.ts'

/** Makes an empty data directory. */
export type MakeDirectory = () => string

export type Way = (life: Life, make: MakeDirectory) => Promise<ReadonlyMap<string, Told>>

/** A second after the last of what a state tells. */
const after = ({ source }: Life, state: KubeObject): number =>
  Math.max(...[...source.milestones(state), ...source.transitions(undefined, state)].map(({ time }) => time)) + 1000

async function see(process: Process, life: Life, state: KubeObject): Promise<void> {
  process.now = after(life, state)
  await process.watch('upsert', state)
}

async function seeDelete(process: Process, { states, deletedAt }: Life): Promise<void> {
  const last = states.at(-1)
  if (deletedAt === undefined || !last) return
  process.now = deletedAt
  await process.watch('delete', last)
}

const remaining = ({ states, deletedAt }: Life): KubeObject[] => (deletedAt === undefined ? states.slice(-1) : [])

const endOf = (life: Life): number => life.deletedAt ?? after(life, life.states.at(-1) ?? ({} as KubeObject))

export const oneByOne: Way = async (life, make) => {
  const process = await Process.start(life, make())
  await process.list([], 'start')
  for (const state of life.states) await see(process, life, state)
  await seeDelete(process, life)
  return process.end()
}

/** The operator was there before, and its disk is lost: it sees of the whole life but the last state; of a run that is gone, none. */
export const lastStateAlone: Way = async (life, make) => {
  const process = await Process.start(life, make(), true)
  process.now = endOf(life)
  await process.list(remaining(life), 'start')
  return process.end()
}

/** A restart after every state; and at the end all that is there is listed once more. */
export const restartsWithDisk: Way = async (life, make) => {
  const process = await Process.start(life, make())
  await process.list([], 'start')
  for (const state of life.states) {
    await see(process, life, state)
    await process.restart()
  }
  await seeDelete(process, life)
  await process.restart()
  process.now = endOf(life)
  await process.list(remaining(life), 'start')
  return process.end()
}

/** The disk is lost after every state: what each of the operators tells that come one after the other, in one. */
export const restartsWithoutDisk: Way = async (life, make) => {
  const all = new Map<string, Told>()
  for (const state of life.states) {
    const process = await Process.start(life, make(), true)
    process.now = after(life, state)
    await process.list([state], 'start')
    for (const [name, told] of await process.end()) {
      const known = all.get(name)
      all.set(name, { ...told, events: [...(known?.events ?? []), ...told.events] })
    }
  }
  return all
}

/** The first state is seen; then the watch's place is too old, and a list shows the last. */
export const watchBrokenOff: Way = async (life, make) => {
  const process = await Process.start(life, make())
  await process.list([], 'start')
  const [first] = life.states
  if (first) await see(process, life, first)
  process.now = endOf(life)
  await process.list(remaining(life), 'expired')
  return process.end()
}
