import type { Cost, Counted } from './cost.ts'
import type { Scene } from './scene.ts'

export type Sizes = {
  quick: boolean
  /** A number of things: `full`, or a twentieth of it. */
  scaled(full: number, least?: number): number
  /** A time in ms, or a number of times: `full`, or `quick` in the quick part. */
  lasting(full: number, quick: number): number
}

/** What came of doing it, besides what the checker finds by itself. */
export type Ran = {
  /** When the fault was over, ms since the epoch: recovery counts from here. */
  healedAt: number
  /** What was done, in words, with numbers. */
  did: string
  /** Figures worth a place in the line. */
  notes?: string[]
  /** What was not as it has to be, besides what the checker finds. */
  wrong?: string[]
  /** What took longer than it may; nothing in the quick part, as a machine that runs all tests at once is slow. */
  late?: string[]
  /** Given up by the operator for CRs that are gone and so tell nothing more. */
  counted?: Partial<Counted>
}

/** Something that is done to the operator or to what it depends on, and what that may cost. */
export type Fault = {
  /** The number that it has in the project's list of faults, or a word. */
  id: string
  title: string
  /** Stated beforehand; of the sizes that a run has. */
  cost: Cost | ((sizes: Sizes) => Cost)
  /** About how long it takes at full size, for the order in which they are run. */
  seconds: number
  /** With nothing else beside it, as it measures. */
  alone?: boolean
  /** At its full size only by --only: all together would take too long with it. */
  onlyAsked?: boolean
  /** Not at a twentieth, as it would take too long or say nothing. */
  fullOnly?: boolean
  /** Lays out what it needs, does it, and undoes it. Resolves when all load is written. */
  run(scene: Scene): Promise<Ran>
}

/** Of a number of things, and of a time in ms: those of the whole suite, or of its quick part. */
export const sizesOf = (quick: boolean): Sizes => ({
  quick,
  scaled: (full, least = 1) => (quick ? Math.max(least, Math.round(full / 20)) : full),
  lasting: (full, short) => (quick ? short : full),
})

export const costOf = ({ cost }: Fault, quick: boolean): Cost =>
  typeof cost === 'function' ? cost(sizesOf(quick)) : cost

/** Thrown by a fault that can't be done on this machine: it is told and passed over, never counted as held. */
export class NotHere extends Error {}
