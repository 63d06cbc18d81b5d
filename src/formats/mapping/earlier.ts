import type { Milestone } from '../../sources/source.ts'

/** The last of lower rank that is such a one. Milestones come in order of rank, and there may be thousands of one rank, each of which asks. */
export function lastBefore(
  milestones: readonly Milestone[],
  rank: number,
  isSuch: (milestone: Milestone) => boolean,
): Milestone | undefined {
  let [low, high] = [0, milestones.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((milestones[middle]?.rank ?? rank) < rank) low = middle + 1
    else high = middle
  }
  for (let place = low - 1; place >= 0; place--) {
    const milestone = milestones[place]
    if (milestone && isSuch(milestone)) return milestone
  }
  return undefined
}

type Detail = 'scenario' | 'digest'

type Index = ReadonlyMap<string, readonly Milestone[]>

// An object of thousands of scenarios or images is asked by the event of each.
const indexes = new WeakMap<readonly Milestone[], Index>()

/** Those whose details say so, in their order. */
export function withDetail(milestones: readonly Milestone[], detail: Detail, value: unknown): readonly Milestone[] {
  if (typeof value !== 'string') return []
  const index = indexes.get(milestones) ?? indexOf(milestones)
  indexes.set(milestones, index)
  return index.get(`${detail} ${value}`) ?? []
}

function indexOf(milestones: readonly Milestone[]): Index {
  const index = new Map<string, Milestone[]>()
  for (const milestone of milestones)
    for (const detail of ['scenario', 'digest'] as const) {
      const value = milestone.details?.[detail]
      if (typeof value !== 'string') continue
      const key = `${detail} ${value}`
      const same = index.get(key)
      if (same) same.push(milestone)
      else index.set(key, [milestone])
    }
  return index
}
