// Plays faults on a few control planes at once, each of which takes one fault after the other.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlPlane } from '../controlplane/controlplane.ts'
import { makeScratch, removeScratch } from '../controlplane/scratch.ts'
import { buildBundle } from './bundle.ts'
import { costOf, type Fault } from './fault.ts'
import { statementOf } from './lines.ts'
import { type Played, play } from './play.ts'
import { openPlane } from './scene.ts'

export type SuiteOptions = {
  faults: readonly Fault[]
  seed: number
  quick: boolean
  /** Begin again with the first while there is time; undefined: each once. */
  minutes?: number | undefined
  /** Called for what is not played, as it would not have ended in time. */
  left(fault: Fault): void
  /** How many control planes. */
  lanes: number
  keep?: string | undefined
  /** Called as soon as a fault has been played. */
  played(result: Played): void
  report(line: string): void
}

export async function playAll(options: SuiteOptions): Promise<Played[]> {
  const directory = makeScratch('faults')
  const results: Played[] = []
  try {
    const program = buildBundle(directory)
    const queue = turns(options)
    const lane = async (width: 'beside' | 'alone', index: number): Promise<void> => {
      let cp: ControlPlane | undefined
      try {
        for (let turn = queue.take(width); turn; turn = queue.take(width)) {
          cp ??= await openPlane(options.report)
          const home = join(directory, `${width}-${index}`)
          mkdirSync(home, { recursive: true })
          const { fault, round } = turn
          const seed = options.seed + round
          options.report(
            `${fault.id}: ${fault.title}; may cost ${statementOf(costOf(fault, options.quick))} (seed ${seed})`,
          )
          const result = await play(fault, cp, {
            program,
            directory: home,
            seed,
            round,
            quick: options.quick,
            keep: options.keep,
          })
          results.push(result)
          options.played(result)
        }
      } finally {
        await cp?.[Symbol.asyncDispose]()
      }
    }
    await Promise.all(Array.from({ length: options.lanes }, (_, index) => lane('beside', index)))
    await lane('alone', 0)
    for (const fault of queue.left()) options.left(fault)
  } finally {
    removeScratch(directory)
  }
  return results
}

/** A call takes less than nine minutes, unless more were asked for. */
const mostMinutes = 8.8

type Turn = { fault: Fault; round: number }

type Turns = {
  /** The next that would end in time. */
  take(width: 'beside' | 'alone'): Turn | undefined
  /** What was never begun. */
  left(): Fault[]
}

/** Which fault comes next. The longest begin first, so that the lanes end together. */
function turns({ faults, minutes, quick }: SuiteOptions): Turns {
  const end = Date.now() + (minutes ?? mostMinutes) * 60_000
  const ordered = faults.filter((fault) => !(quick && fault.fullOnly)).toSorted((a, b) => b.seconds - a.seconds)
  const waiting: Turn[] = ordered.map((fault) => ({ fault, round: 0 }))
  const fits = ({ fault }: Turn) => Date.now() + fault.seconds * (quick ? 300 : 1200) < end
  let round = 0
  return {
    take(width) {
      const isMine = ({ fault }: Turn) => (fault.alone ?? false) === (width === 'alone')
      const mine = ordered.map((fault) => ({ fault, round: round + 1 })).filter((turn) => isMine(turn) && fits(turn))
      if (minutes !== undefined && mine.length > 0 && !waiting.some((turn) => isMine(turn) && fits(turn))) {
        round += 1
        waiting.push(...mine)
      }
      const index = waiting.findIndex((turn) => isMine(turn) && fits(turn))
      return index < 0 ? undefined : waiting.splice(index, 1)[0]
    },
    left: () => waiting.filter((turn) => turn.round === 0).map(({ fault }) => fault),
  }
}
