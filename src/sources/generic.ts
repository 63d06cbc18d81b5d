import { whyOf } from './conditions.ts'
import { type Standing, standingOf } from './kstatus.ts'
import { fields, lastWrite } from './read.ts'
import { derived, resourceSource } from './resource-source.ts'
import type { Milestone, MilestoneKind, Source } from './source.ts'

/** What stands for the core group, whose name is empty, in a source's name. */
const core = 'core'

/** `<Kind>.<group>`, the group `core` where it has no name: on disk for ever. */
export const genericName = (kind: string, group: string): string => `${kind}.${group || core}`

const kindPattern = /^[A-Z][A-Za-z0-9]{0,62}$/
const groupPattern = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** Kind and group of `<Kind>.<group>`; undefined where it is no such name. */
export function readGenericName(name: string): { kind: string; group: string } | undefined {
  const dot = name.indexOf('.')
  const [kind, group] = [name.slice(0, dot), name.slice(dot + 1)]
  if (dot < 0 || !kindPattern.test(kind) || !groupPattern.test(group)) return undefined
  return { kind, group: group === core ? '' : group }
}

/**
 * Any kind of which nothing is known: what its conditions say of it. Which version of it there is, and its plural, the cluster tells. The
 * core group by whichever of its two names: what may be watched is judged by the group, and the name alone is written down.
 */
export const genericSource = (kind: string, group: string): Source =>
  resourceSource<Parts>({
    name: genericName(kind, group),
    kind,
    family: 'generic',
    group: group === core ? '' : group,
    version: '',
    plural: '',
    rows,
    defaults: [],
    takeApart: (object) => ({ standing: standingOf(object), metadata: object.metadata }),
    milestones: ({ standing, metadata }) => (standing ? told(standing, metadata) : []),
  })

type Parts = { standing: Standing | undefined; metadata: unknown }

const rows: readonly MilestoneKind[] = [
  row(
    'ready',
    'the condition `Ready` is True, or where there is none `Available`, `Succeeded` or `Complete`; and nothing says that it is being deleted, reconciled, stalled or of an older generation',
  ),
  row(
    'failed',
    'the condition `Stalled` or `Failed` is True, `Succeeded` is False, or `Progressing` is False as `ProgressDeadlineExceeded`',
  ),
]

function row(name: Standing['state'], when: string): MilestoneKind {
  return {
    name,
    class: 'derived',
    default: true,
    key: `${name}/<lastTransitionTime in ms>, or ${name} where there is none`,
    time: 'the condition’s lastTransitionTime; where it has none, the last write of the object as it was first seen so',
    when,
    until: 'the conditions say otherwise',
    reason: 'that condition',
  }
}

const ranks = { ready: 40, failed: 60 } as const

/** A condition without a time tells no second time from the first: such a one is told once. */
function told({ state, condition }: Standing, metadata: unknown): Milestone[] {
  const { changed } = condition
  const at = changed ?? lastWrite(fields(metadata))
  if (at === undefined) return []
  const key = changed === undefined ? state : `${state}/${changed}`
  const milestone = { ...derived(state, key, at, ranks[state]), ...whyOf(condition) }
  return [changed === undefined ? { ...milestone, undated: true } : milestone]
}
