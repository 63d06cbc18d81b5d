import { callOf, loopOf, type Node, operands, textOf } from './ast.ts'
import type { Limits } from './limits.ts'
import { safeName } from './message.ts'

/** What lists and texts are taken to be like; an object that is usual has fewer and shorter ones. */
const usual = { elements: 20, characters: 256 }

/**
 * What one evaluation of an expression is expected to take: units of `Limits.work`, one for each node that is evaluated, with lists of 20 elements
 * and texts of 256 characters; no more than the limit. Counted before anything runs, for the quota of a namespace.
 */
export function costOf(root: Node, sizeOf: (pattern: string) => number, { work }: Limits): number {
  const costs = (nodes: readonly Node[]): number => nodes.reduce((sum, node) => sum + cost(node), 0)
  const cost = (node: Node): number => {
    const call = callOf(node)
    if (call && loopOf(node)) {
      // The first names the variable.
      const within = Math.max(1, costs(call.args.slice(1)))
      return 1 + (call.receiver ? cost(call.receiver) : 0) + usual.elements * within
    }
    const pattern = call?.name === safeName ? textOf(call.args.at(-1)) : undefined
    const own = pattern === undefined ? 1 : 1 + (usual.characters * sizeOf(pattern)) / 8
    return own + costs(operands(node))
  }
  return Math.min(work, Math.ceil(cost(root)))
}
