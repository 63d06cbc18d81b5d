import { type Node, textOf } from './ast.ts'
import type { Place } from './message.ts'

/** Static types without a form in JSON, by how users know them. */
const without: Readonly<Record<string, string>> = {
  'google.protobuf.Duration': 'a duration',
  bytes: 'bytes',
  type: 'a type',
}

/** Keys that cel-js leaves out of maps, without a word. */
const lost: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * The first part of a checked expression that would end up in its value and has no form in JSON, whatever the input; undefined where
 * none is known to. What is only known when run is left to `toJson`.
 */
export function noJson(node: Node): { place: Place; problem: string } | undefined {
  const what = without[node.checkedType?.name ?? '']
  if (what !== undefined) return { place: node, problem: `it gives ${what}, which JSON has not: make a string of it` }
  for (const part of partsOf(node)) {
    const found = noJson(part)
    if (found) return found
  }
  const key = node.op === 'map' && (node.args as [Node, Node][]).map(([of]) => of).find(isLost)
  return key ? { place: key, problem: `a map can't have the key ${textOf(key)}` } : undefined
}

/** What of it ends up in its value as it is. */
function partsOf({ op, args }: Node): readonly Node[] {
  if (op === 'list') return args as Node[]
  if (op === 'map') return (args as [Node, Node][]).map(([, value]) => value)
  return op === '?:' ? (args as Node[]).slice(1) : []
}

const isLost = (key: Node): boolean => lost.has(textOf(key) ?? '')
