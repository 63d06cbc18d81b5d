import { callOf, type Evaluate, type Loop, loopOf, type Node, operands, walk } from './ast.ts'
import { WorkExceeded } from './limits.ts'

/** Units that an error costs: it is built, with a stack and an excerpt of the source, even where `||` or `exists` swallow it. */
const errorCost = 100

/** Units of a call that asks for a time zone: each makes a formatter of its own. */
const timeZoneCost = 1000

/** Counts the work of one evaluation after the other. */
export type Meter = { reset(work: number): void; spend(units: number): void; left(): number }

/** One for all: where it is thrown says nothing, and to look where costs more than many an evaluation. */
const exceeded = Object.freeze(
  new WorkExceeded('the expression takes too much work: it goes through lists or texts that are too long'),
)

export function createMeter(): Meter {
  let left = 0
  return {
    reset(work) {
      left = work
    },
    spend(units) {
      left -= units
      if (left < 0) throw exceeded
    },
    left: () => left,
  }
}

/**
 * Makes a checked expression pay for what depends on its input: each turn of a loop, and each operator and function by the size of
 * its operands. It has to be called after the check, which picks the code that is wrapped here, and before the first evaluation.
 */
export function meterWork(root: Node, meter: Meter): void {
  walk(root, (node, depth) => {
    const loop = loopOf(node)
    if (loop) meterLoop(node, loop, meter)
    else if (depth > 0 && (node.op === '&&' || node.op === '||')) payForErrors((node.args as Node[])[0] as Node, meter)
    if (callOf(node)) meterCall(node, meter)
    else if (node.handle && node.op in binaryOperators) meterBinary(node, meter)
  })
}

/** Spending before each turn, outside of what swallows errors within the loop, is what ends it. */
function meterLoop(node: Node, loop: Loop, meter: Meter): void {
  const cost = 1 + turnCost(node)
  const goesOn = loop.condition
  loop.condition = (accumulated) => {
    meter.spend(cost)
    return goesOn ? goesOn(accumulated) : true
  }
  if (loop.kind === 'quantifier') payForErrors(loop.step, meter)
}

/** Nodes that one turn evaluates. Loops within it pay for their own turns. */
function turnCost(loop: Node): number {
  const sizeOf = (node: Node): number => {
    const within = loopOf(node) ? [callOf(node)?.receiver as Node] : operands(node)
    return within.reduce((sum, operand) => sum + sizeOf(operand), node.op === '[?]' || node.op === '.?' ? errorCost : 1)
  }
  return callOf(loop)?.args.reduce((sum, part) => sum + sizeOf(part), 0) ?? 0
}

function payForErrors(node: Node, meter: Meter): void {
  const { alternate, macro } = node.meta
  const paying =
    (evaluate: Evaluate): Evaluate =>
    (evaluator, self, context) => {
      try {
        return evaluate(evaluator, self, context)
      } catch (error) {
        meter.spend(errorCost)
        throw error
      }
    }
  if (alternate) payForErrors(alternate, meter)
  else if (macro) macro.evaluate = paying(macro.evaluate)
  else node.setMeta('evaluate', paying(node.meta.evaluate))
}

const binaryOperators = { '==': true, '!=': true, in: true, '+': true, '<': true, '<=': true, '>': true, '>=': true }

function meterBinary(node: Node, meter: Meter): void {
  const handle = node.handle as (...operands: unknown[]) => unknown
  const deep = node.op === '==' || node.op === '!='
  const weigh = (value: unknown) => (deep ? deepWeight(value, meter.left()) : weight(value))
  if (node.op === 'in') {
    node.handle = (left, right, ast, evaluator) => {
      // The library counts all keys of a map before it looks one up.
      if (typeof left === 'string' && isPlainMap(right)) return Object.hasOwn(right, left) && right[left] !== undefined
      meter.spend(1)
      meter.spend(weight(right) * (1 + deepWeight(left, meter.left())))
      return handle(left, right, ast, evaluator)
    }
    return
  }
  node.handle = (left, right, ast, evaluator) => {
    meter.spend(1)
    meter.spend(weigh(left) + weigh(right))
    return handle(left, right, ast, evaluator)
  }
}

function meterCall(node: Node, meter: Meter): void {
  const handle = node.handle
  const call = callOf(node)
  if (!handle || !call) return
  const fixed = call.name.startsWith('get') && call.args.length === 1 ? timeZoneCost : 1
  const weigh = weights[call.name] ?? weight
  node.handle = (values, ...rest) => {
    meter.spend(fixed)
    for (const value of values as unknown[]) meter.spend(weigh(value))
    return handle(values, ...rest)
  }
}

/** Functions that do more than look at each character once. */
const weights: Readonly<Record<string, (value: unknown) => number>> = {
  // Its pattern in the library takes cubic time.
  duration: (value) => (typeof value === 'string' ? value.length ** 3 / 32 : 0),
  split: (value) => (typeof value === 'string' ? value.length : 0),
  join: (value) =>
    Array.isArray(value) ? value.reduce((sum: number, item) => sum + 1 + weight(item), 0) : weight(value),
}

const charactersPerUnit = 16

/** The library counts a map's keys to tell its type, and we count them here. */
const unitsPerKey = 4

/** Units of going through a value once, its elements not included. */
function weight(value: unknown): number {
  if (typeof value === 'string') return value.length / charactersPerUnit
  if (typeof value !== 'object' || value === null) return 0
  if (Array.isArray(value)) return value.length
  if (value instanceof Uint8Array) return value.length / charactersPerUnit
  if (value instanceof Map) return value.size
  let keys = 0
  for (const _ in value) keys++
  return keys * unitsPerKey
}

/** Units of going through a value and all that is in it; may stop counting at `limit`. */
function deepWeight(value: unknown, limit: number): number {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return weight(value)
  let units = 1
  const items = Array.isArray(value) ? value : value instanceof Map ? value.values() : Object.values(value)
  for (const item of items) {
    units += 1 + deepWeight(item, limit - units)
    if (units > limit) return units
  }
  return units
}

const isPlainMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && (value.constructor === Object || value.constructor === undefined)

/** Lets go of what the last evaluation left in the scopes of loops: else each filter would keep a whole object alive. */
export function scopesOf(root: Node): () => void {
  const scopes = [...scopesWithin(root)]
  return () => {
    for (const scope of scopes) {
      scope.reuse(undefined)
      scope.iterValue = undefined
      scope.accuValue = undefined
    }
  }
}

function scopesWithin(root: Node) {
  const scopes = new Set<Loop['iterCtx']>()
  walk(root, (node) => {
    const scope = loopOf(node)?.iterCtx ?? node.meta.macro?.bindCtx
    if (scope) scopes.add(scope)
  })
  return scopes
}
