import type { KubeObject } from '../api/object.ts'
import { groupOf } from '../sources/read.ts'
import type { Milestone, Projection, Source } from '../sources/source.ts'

/** An object as the tests hold it; `before`, and `earlier` still, are its states before, where what it tells can't be told without. */
export type Sample = { object: KubeObject; before?: KubeObject; earlier?: KubeObject }

/** What a sample tells. `isNews`: nothing that it tells is later, so that an event of it shows the object as it was just then. */
export type Telling = { source: Source; sample: Sample; milestone: Milestone; isNews: boolean }

/** When samples that had not ended are gone. */
const goneAt = Date.UTC(2026, 2, 4, 8)

/** All milestones of a sample: what it was, what it has come into, and that it is gone. Of a kind that no source knows nothing. */
export function tellingsOf(sources: Readonly<Record<string, Source>>, sample: Sample): Telling[] {
  const { object } = sample
  const reads = ({ kind, group }: Source) => kind === object.kind && group === groupOf(object)
  const source = Object.values(sources).find(reads)
  if (source === undefined) return []
  const alive = [...source.milestones(object), ...source.transitions(projectionBefore(source, sample), object)]
  const latest = alive.reduce((last, { time, rank }) => Math.max(last, place(time, rank)), 0)
  const deletion = source.deletion(object, { at: goneAt, missed: false })
  return [
    ...alive.map((milestone) => ({
      source,
      sample,
      milestone,
      isNews: place(milestone.time, milestone.rank) === latest,
    })),
    ...(deletion ? [{ source, sample, milestone: deletion, isNews: true }] : []),
  ]
}

/** What is kept of a sample's states before. */
export function projectionBefore(source: Source, { before, earlier }: Sample): Projection | undefined {
  const previous = earlier && source.project(earlier)
  return before && source.project(before, { wants: () => true, previous })
}

/** What the extension `sequence` sorts by. */
const place = (time: number, rank: number): number => time * 100 + rank
