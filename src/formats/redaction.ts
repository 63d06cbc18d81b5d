import type { KubeObject } from '../api/object.ts'
import type { Milestone } from '../sources/source.ts'
import type { Pointer } from './options.ts'
import { indexIn, pointerText } from './pointers.ts'

/** How many members and elements were copied, for the parts of an object that can't be shared with it any more. */
export type Copied = { entries: number }

/** What takes the redacted parts out of objects. Those of equal forms take out the same. */
export type Redaction = { form: string; cut(object: KubeObject, copied?: Copied): KubeObject }

/** What is taken out below a member or element: `all` of it, or parts of it, by reference token. */
type Cuts = Map<string, Cuts | 'all'>

/**
 * Members that a pointer leads to are left out; elements of a list become null, so that the others keep their places. The object stays as
 * it is: what lies beside a cut is shared with the copy, and an object without any such part is given back itself.
 */
export function compileRedaction(pointers: readonly Pointer[]): Redaction | undefined {
  const cuts: Cuts = new Map()
  for (const pointer of pointers) add(cuts, pointer)
  if (cuts.size === 0) return undefined
  const form = JSON.stringify(pointers.map(pointerText).sort())
  return { form, cut: (object, copied = { entries: 0 }) => without(object, cuts, copied) as KubeObject }
}

function add(cuts: Cuts, [token, ...rest]: Pointer): void {
  if (token === undefined) return
  const known = cuts.get(token)
  if (known === 'all') return
  if (rest.length === 0) {
    cuts.set(token, 'all')
    return
  }
  const below: Cuts = known ?? new Map()
  cuts.set(token, below)
  add(below, rest)
}

function without(value: unknown, cuts: Cuts, copied: Copied): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Array.isArray(value)
    ? withoutElements(value, cuts, copied)
    : withoutMembers(value as Record<string, unknown>, cuts, copied)
}

function withoutElements(list: readonly unknown[], cuts: Cuts, copied: Copied): readonly unknown[] {
  let copy: unknown[] | undefined
  for (const [token, below] of cuts) {
    const place = indexIn(list, token)
    if (place === undefined) continue
    const after = below === 'all' ? null : without(list[place], below, copied)
    if (after === list[place]) continue
    copy ??= [...list]
    copy[place] = after
  }
  if (copy) copied.entries += copy.length
  return copy ?? list
}

function withoutMembers(
  map: Readonly<Record<string, unknown>>,
  cuts: Cuts,
  copied: Copied,
): Readonly<Record<string, unknown>> {
  let copy: Record<string, unknown> | undefined
  for (const [token, below] of cuts) {
    if (!Object.hasOwn(map, token)) continue
    if (below === 'all') {
      copy ??= { ...map }
      delete copy[token]
      continue
    }
    const after = without(map[token], below, copied)
    if (after === map[token]) continue
    copy ??= { ...map }
    // Assigning to __proto__ would set the prototype.
    Object.defineProperty(copy, token, { value: after, enumerable: true, configurable: true, writable: true })
  }
  if (copy) copied.entries += Object.keys(copy).length
  return copy ?? map
}

/**
 * A milestone as its event may tell it: reason, message and details, which were read from the object, are those of `still`, the milestone
 * of the same key that the redacted object tells; where there is none they are left out. Name, key, time and outcome stay: they are the
 * event.
 */
export function redactedMilestone(told: Milestone, still: Milestone | undefined): Milestone {
  const { name, key, time, rank, outcome } = told
  return {
    name,
    key,
    class: told.class,
    time,
    rank,
    ...(outcome !== undefined && { outcome }),
    ...(still?.reason !== undefined && { reason: still.reason }),
    ...(still?.message !== undefined && { message: still.message }),
    ...(still?.details !== undefined && { details: still.details }),
  }
}
