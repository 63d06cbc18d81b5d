import { type Node, operands, textOf } from './ast.ts'

/** A part of a variable that a program reads: `object.status` is `{variable: 'object', keys: ['status']}`. */
export type Path = { variable: string; keys: readonly string[]; name: string }

/**
 * Which parts of its variables an expression reads, at most two keys deep, none within another.
 * Where a key isn't written out, everything above it counts as read. A loop's own variable may be taken for one of the same name:
 * then too much counts as read, never too little.
 */
export function pathsOf(root: Node, variables: ReadonlySet<string>): Path[] {
  const found = new Map<string, Path>()
  const visit = (node: Node): void => {
    const chain = chainOf(node)
    if (chain && variables.has(chain.variable)) {
      const keys = chain.keys.slice(0, 2)
      const name = [chain.variable, ...keys].join('.')
      found.set(name, { variable: chain.variable, keys, name })
      for (const index of chain.indexes) visit(index)
    } else for (const operand of operands(node)) visit(operand)
  }
  visit(root)
  return [...found.values()].filter((path) => !isWithinAnother(path, found))
}

const isWithinAnother = (path: Path, all: ReadonlyMap<string, Path>): boolean =>
  path.keys.some((_, length) => all.has([path.variable, ...path.keys.slice(0, length)].join('.')))

/** `a.b["c"][i]`: its variable, its leading keys as far as they are written out, and the index expressions. */
type Chain = { variable: string; keys: string[]; writtenOut: boolean; indexes: Node[] }

function chainOf(node: Node): Chain | undefined {
  if (node.op === 'id') return { variable: node.args as string, keys: [], writtenOut: true, indexes: [] }
  if (!accesses.has(node.op)) return undefined
  const [left, right] = node.args as [Node, Node | string]
  const chain = chainOf(left)
  if (!chain) return undefined
  const key = typeof right === 'string' ? right : textOf(right)
  if (typeof right !== 'string') chain.indexes.push(right)
  if (chain.writtenOut && key !== undefined && word.test(key)) chain.keys.push(key)
  else chain.writtenOut = false
  return chain
}

const accesses: ReadonlySet<string> = new Set(['.', '.?', '[]', '[?]'])

const word = /^\w+$/
