import type { ASTNode } from '@marcbachmann/cel-js'

/**
 * A node of cel-js 8's syntax tree as it is at run time: its published type leaves out what the checker and the macros put on it.
 * We need these to rewrite `matches` and to meter work. The version is pinned; test/cel/work.test.ts fails where this changes.
 */
export type Node = {
  op: string
  args: unknown
  start: number
  end: number
  /** Static type, once checked. */
  checkedType?: { name: string }
  /** What runs an operator or call on its evaluated operands; set by the checker. */
  handle?: (...operands: unknown[]) => unknown
  meta: {
    /** What a macro or constant expanded to. */
    alternate?: Node
    macro?: { evaluate: Evaluate; bindCtx?: LoopContext }
    evaluate: Evaluate
  }
  setMeta(key: string, value: unknown): Node
}

export type Evaluate = (evaluator: unknown, self: unknown, context: unknown) => unknown

/** The scope of a macro's variable. It is kept from one evaluation to the next. */
export type LoopContext = { reuse(parent: unknown): unknown; iterValue: unknown; accuValue: unknown }

/** What `all`, `exists`, `exists_one`, `map` and `filter` expand to. */
export type Loop = {
  kind?: 'quantifier'
  /** Asked before each turn of the loop; false ends it. */
  condition?: (accumulated: unknown) => boolean
  step: Node
  iterCtx: LoopContext
}

export const nodeOf = (ast: ASTNode): Node => ast as unknown as Node

export function loopOf(node: Node): Loop | undefined {
  const expanded = node.meta.alternate
  return expanded?.op === 'comprehension' ? (expanded.args as Loop) : undefined
}

/** The name and arguments of a call, `receiver.name(arguments)` or `name(arguments)`. */
export function callOf(node: Node): { name: string; receiver: Node | undefined; args: readonly Node[] } | undefined {
  const parts = node.args as [string, Node, Node[]] & [string, Node[]]
  if (node.op === 'rcall') return { name: parts[0], receiver: parts[1] as Node, args: parts[2] as Node[] }
  if (node.op === 'call') return { name: parts[0], receiver: undefined, args: parts[1] as unknown as Node[] }
  return undefined
}

/** A node's operands, as written. */
export function operands(node: Node): readonly Node[] {
  const call = callOf(node)
  if (call) return call.receiver ? [call.receiver, ...call.args] : call.args
  if (node.op === 'value' || node.op === 'id') return []
  if (node.op === '.' || node.op === '.?') return [(node.args as [Node, string])[0]]
  if (node.op === 'map') return (node.args as [Node, Node][]).flat()
  return Array.isArray(node.args) ? (node.args as Node[]) : [node.args as Node]
}

/** Every node, parents first. `depth` counts the loops that a node runs in. */
export function walk(node: Node, visit: (node: Node, depth: number) => void, depth = 0): void {
  visit(node, depth)
  const receiver = loopOf(node) ? callOf(node)?.receiver : undefined
  for (const operand of operands(node)) walk(operand, visit, receiver && operand !== receiver ? depth + 1 : depth)
}

/** A literal string's value. */
export const textOf = (node: Node | undefined): string | undefined =>
  node?.op === 'value' && typeof node.args === 'string' ? node.args : undefined
