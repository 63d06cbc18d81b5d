import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KubeObject } from '../../src/api/object.ts'
import { sourceFor } from '../../src/sources/index.ts'
import type { Source } from '../../src/sources/source.ts'

/** A run's life as a watch told it: all its states and, where it was deleted, when (ms). */
export type Life = {
  name: string
  source: Source
  states: readonly KubeObject[]
  deletedAt: number | undefined
  /** Keys of all milestones that it has, as they are pinned beside it. */
  keys: readonly string[]
  /** Those among them that the last state does not tell any more, though they are derived. */
  takenBack: readonly string[]
}

type Recorded = {
  derived: string[]
  takenBack?: string[]
  observed: string[]
  deletedAt?: string
  deletion?: string
  states: KubeObject[]
}

/** Recorded from Tekton's own controller; those of CustomRuns from a custom task's, a stand-in; those of Konflux's objects written by hand. */
const folder = join(import.meta.dirname, '../sources/lives')

export const lives: readonly Life[] = readdirSync(folder).map((file): Life => {
  const recorded: Recorded = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const { derived, takenBack = [], observed, deletion, deletedAt, states } = recorded
  const keyOf = (told: string) => told.split(' ')[0] ?? ''
  return {
    name: file.replace('.json', ''),
    source: sourceFor(states[0] ?? assert.fail(file)) ?? assert.fail(file),
    states,
    deletedAt: deletedAt === undefined ? undefined : Date.parse(deletedAt),
    takenBack,
    keys: [...derived.map(keyOf), ...takenBack, ...observed, ...(deletion === undefined ? [] : [keyOf(deletion)])],
  }
})

/** The keys of those milestones of a life that are of this name. */
export const keysOf = (life: Life, milestone: string): string[] =>
  life.keys.filter((key) => key === milestone || key.startsWith(`${milestone}/`))
