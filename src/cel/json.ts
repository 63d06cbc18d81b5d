import { WorkExceeded } from './limits.ts'

/** More values than an object that etcd takes can hold in earnest, or deeper. */
const maxValues = 100_000
const maxDepth = 100
/** A map with more keys is slow: V8 takes 60 ms to copy one of 100 000, and 15 ms to go through it. Those beyond count as so many values. */
const quickKeys = 1000
const slowKey = 9

const minInt = -(2 ** 63)
const maxInt = 2 ** 63

type Budget = { values: number }

/**
 * JSON as CEL sees it: numbers without a fraction that fit int64 are ints (Kubernetes reads them so, too), all others doubles.
 * What holds no such number is given back as it is, never copied. A map with a key `constructor` becomes a Map: cel-js tells types by
 * that property. Throws WorkExceeded on what is too large.
 */
export function fromJson(value: unknown, budget: Budget = { values: maxValues }, depth = 0): unknown {
  if (typeof value === 'number')
    return Number.isInteger(value) && value >= minInt && value < maxInt ? BigInt(value) : value
  if (typeof value !== 'object' || value === null) return value
  if (depth > maxDepth) throw new WorkExceeded(`the object is nested more than ${maxDepth} levels deep`)
  return Array.isArray(value)
    ? fromList(value, budget, depth)
    : fromMap(value as Record<string, unknown>, budget, depth)
}

function fromList(list: readonly unknown[], budget: Budget, depth: number): unknown {
  spend(budget, list.length)
  let copy: unknown[] | undefined
  for (let index = 0; index < list.length; index++) {
    const before = list[index]
    const after = fromJson(before, budget, depth + 1)
    if (after === before) continue
    copy ??= [...list]
    copy[index] = after
  }
  return copy ?? list
}

function fromMap(map: Readonly<Record<string, unknown>>, budget: Budget, depth: number): unknown {
  // Before the keys are listed: where one filter has found too much, the next need not begin.
  spend(budget, 0)
  const keys = Object.keys(map)
  spend(budget, keys.length + Math.max(0, keys.length - quickKeys) * (slowKey - 1))
  let copy: Record<string, unknown> | undefined
  for (const key of keys) {
    const before = map[key]
    const after = fromJson(before, budget, depth + 1)
    if (after === before) continue
    copy ??= { ...map }
    copy[key] = after
  }
  return Object.hasOwn(map, 'constructor') ? new Map(Object.entries(copy ?? map)) : (copy ?? map)
}

function spend(budget: Budget, values: number): void {
  budget.values -= values
  if (budget.values < 0) throw new WorkExceeded(`a part of the object that is read holds more than ${maxValues} values`)
}

/** A JSON object, converted part by part on first use and then kept; the object itself stays as it is. */
export type JsonView = {
  /** The object, with the part at `keys` (none: all of it; at most two) fit to be read. */
  with(keys: readonly string[], name: string): unknown
}

export function viewOf(object: Readonly<Record<string, unknown>>): JsonView {
  const done = new Set<string>()
  const budget: Budget = { values: maxValues }
  let view: unknown
  const convertAll = (): unknown => {
    view = fromJson(object, budget)
    done.add('')
    return view
  }
  return {
    with(keys, name) {
      if (done.has('') || done.has(name)) return view
      const [first, second] = keys
      if (first === undefined || Object.hasOwn(object, 'constructor')) return convertAll()
      view ??= { ...object }
      convertPart(view as Record<string, unknown>, object, first, second, budget)
      done.add(name)
      return view
    },
  }
}

function convertPart(
  view: Record<string, unknown>,
  object: Readonly<Record<string, unknown>>,
  first: string,
  second: string | undefined,
  budget: Budget,
): void {
  if (!Object.hasOwn(object, first)) return
  const part = object[first]
  const isMap = typeof part === 'object' && part !== null && !Array.isArray(part) && !Object.hasOwn(part, 'constructor')
  if (second === undefined || !isMap) view[first] = fromJson(part, budget)
  else if (Object.hasOwn(part, second)) {
    const after = fromJson((part as Record<string, unknown>)[second], budget)
    if (view[first] === part) view[first] = { ...part }
    ;(view[first] as Record<string, unknown>)[second] = after
  }
}
