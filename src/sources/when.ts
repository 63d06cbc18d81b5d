import { type Fields, lastWrite } from './read.ts'

/** When something happened (ms), as a milestone has it. */
export type When = { time: number; undated?: true }

/** By what says so; else the last write, which is the latest that it can have been, and moves with each. */
export function whenOf(known: number | undefined, metadata: Fields): When | undefined {
  if (known !== undefined) return { time: known }
  const written = lastWrite(metadata)
  return written === undefined ? undefined : { time: written, undated: true }
}
