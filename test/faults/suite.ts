// Plays faults on a few control planes at once, each of which takes one fault after the other.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlPlane } from '../controlplane/controlplane.ts'
import { makeScratch, removeScratch } from '../controlplane/scratch.ts'
import { buildBundle } from './bundle.ts'
import type { Fault } from './fault.ts'
import { type Played, play } from './play.ts'
import { openPlane } from './scene.ts'

export type SuiteOptions = {
  faults: readonly Fault[]
  seed: number
  quick: boolean
  /** Begin no fault that would not end by then, and begin again with the first while there is time; undefined: each once. */
  minutes?: number | undefined
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
          options.report(`${fault.id}: ${fault.title} (seed ${seed})`)
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
  } finally {
    removeScratch(directory)
  }
  return results
}

type Turn = { fault: Fault; round: number }

/** Which fault comes next. The longest begin first, so that the lanes end together. */
function turns({ faults, minutes, quick }: SuiteOptions): { take(width: 'beside' | 'alone'): Turn | undefined } {
  const end = minutes === undefined ? undefined : Date.now() + minutes * 60_000
  const ordered = faults.filter((fault) => !(quick && fault.fullOnly)).toSorted((a, b) => b.seconds - a.seconds)
  const waiting: Turn[] = ordered.map((fault) => ({ fault, round: 0 }))
  let round = 0
  return {
    take(width) {
      const isMine = ({ fault }: Turn) => (fault.alone ?? false) === (width === 'alone')
      if (end !== undefined && !waiting.some(isMine) && ordered.some((fault) => isMine({ fault, round }))) {
        round += 1
        waiting.push(...ordered.map((fault) => ({ fault, round })))
      }
      const fits = ({ fault }: Turn) => end === undefined || Date.now() + fault.seconds * 1000 < end
      const index = waiting.findIndex((turn) => isMine(turn) && fits(turn))
      return index < 0 ? undefined : waiting.splice(index, 1)[0]
    },
  }
}
