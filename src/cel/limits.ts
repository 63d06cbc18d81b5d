/** What an expression may be and may cost. A unit of `work` is about one node of the expression evaluated once, or 50 ns. */
export type Limits = {
  /** Characters of source. */
  sourceLength: number
  maxAstNodes: number
  maxDepth: number
  maxListElements: number
  maxMapEntries: number
  maxCallArguments: number
  /** How deep `all`, `exists`, `exists_one`, `map` and `filter` may stand in one another. */
  maxMacroNesting: number
  /** Characters of a pattern for `matches`. */
  patternLength: number
  /** Instructions that RE2 may make of a pattern, of some 400 bytes each. */
  patternSize: number
  /** Units that one evaluation may take, comparisons and patterns included. */
  work: number
}

/** What any user's expression is held to: it stays below 50 ms, whatever the object. */
export const userLimits: Limits = {
  sourceLength: 2048,
  maxAstNodes: 200,
  maxDepth: 20,
  maxListElements: 50,
  maxMapEntries: 50,
  maxCallArguments: 8,
  maxMacroNesting: 2,
  patternLength: 256,
  patternSize: 2000,
  work: 200_000,
}

/** What a `body` is held to: a card with its blocks is larger than a filter, but works on as little. */
export const bodyLimits: Limits = {
  ...userLimits,
  sourceLength: 8192,
  maxAstNodes: 1000,
  maxDepth: 40,
  maxListElements: 100,
}

/** Thrown within an evaluation that costs too much; `evaluate` makes a message of it. */
export class WorkExceeded extends Error {
  override readonly name = 'WorkExceeded'
}
