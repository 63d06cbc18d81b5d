import { Environment } from '@marcbachmann/cel-js'
import type { RE2JS } from 're2js'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { loopOf, type Node, nodeOf, walk } from './ast.ts'
import type { Account, Budget } from './budget.ts'
import { costOf } from './cost.ts'
import { declareConversions, declareTexts } from './functions.ts'
import { type Limits, userLimits, WorkExceeded } from './limits.ts'
import { declareMatches, rewriteMatches } from './matches.ts'
import { compileMessage, placed, runtimeMessage } from './message.ts'
import { createMeter, type Meter, meterWork, scopesOf } from './meter.ts'
import { noJson } from './no-json.ts'
import { type Path, pathsOf } from './reads.ts'
import type { RecordType } from './record.ts'

/** A type of cel-js (`dyn`, `map`, `string`, `int`, `timestamp`, …) or a record with known fields. */
export type VariableType = string | RecordType

export type CompileOptions = {
  variables: Readonly<Record<string, VariableType>>
  /** `dyn` takes any result, `json` any but what is known to have no form in JSON, whatever the input. */
  result: 'bool' | 'dyn' | 'json'
  limits?: Limits
  /** Who pays for it. */
  account?: Account | undefined
}

/** An expression, ready to run. */
export type Program = {
  source: string
  /** The parts of its variables that it reads: `object.status`, `object.metadata.labels`, `milestone.name`. */
  reads: ReadonlySet<string>
  /** Never throws. Takes at most `limits.work` units, about 10 ms for users' expressions. */
  evaluate(inputs: Inputs): Evaluation
}

/** What a program's variables are. `bind` gives at least the parts named, fit to be read. */
export type Inputs = { bind(paths: readonly Path[]): Record<string, unknown> }

/** `message` names the missing key, never a value. */
export type Evaluation = { ok: true; value: unknown } | { ok: false; message: string }

/** Inputs that are CEL values as they stand. */
export const fixed = (values: Record<string, unknown>): Inputs => ({ bind: () => values })

/** Parses and checks an expression. Refused as `FilterInvalid`, with line and column and what there is instead. */
export function compile(source: string, options: CompileOptions): Verdict<Program> {
  const limits = options.limits ?? userLimits
  // As the API server counts them: not in UTF-16 units.
  const length = source.length > limits.sourceLength ? [...source].length : 0
  if (length > limits.sourceLength) {
    return refuse('FilterInvalid', `the expression has ${length} characters, ${limits.sourceLength} are allowed`)
  }
  const variables = Object.entries(options.variables)
  const meter = createMeter()
  const patterns = new Map<string, RE2JS>()
  try {
    const run = environment(variables, limits, patterns, meter).parse(source)
    const root = nodeOf(run.ast)
    const refusal = gate(root, source, limits) ?? rewriteMatches(root, source, patterns, limits)
    if (refusal) return refusal
    const checked = run.check()
    if (!checked.valid) throw checked.error
    if (options.result === 'bool' && checked.type !== 'bool')
      return refuse('FilterInvalid', wrongResult(checked.type ?? 'dyn'))
    const unfit = options.result === 'json' ? noJson(root) : undefined
    if (unfit) return refuse('FilterInvalid', placed(source, unfit.place, unfit.problem))
    // Before it is metered: the check has put the tree in its final form.
    const cost = costOf(root, (pattern) => patterns.get(pattern)?.programSize() ?? 0, limits)
    meterWork(root, meter)
    const { account } = options
    if (account) account.cost += cost
    const within: Run = {
      run,
      meter,
      most: limits.work,
      budget: account?.budget,
      release: scopesOf(root),
    }
    return accept(program(source, pathsOf(root, new Set(Object.keys(options.variables))), within))
  } catch (error) {
    return refuse('FilterInvalid', compileMessage(error, source, variables, limits))
  }
}

function environment(
  variables: readonly (readonly [string, VariableType])[],
  limits: Limits,
  patterns: ReadonlyMap<string, RE2JS>,
  meter: Meter,
): Environment {
  const { maxAstNodes, maxDepth, maxListElements, maxMapEntries, maxCallArguments } = limits
  const made = new Environment({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes, maxDepth, maxListElements, maxMapEntries, maxCallArguments },
  })
  declareConversions(made)
  declareTexts(made, meter.spend)
  declareMatches(made, patterns, meter.spend)
  for (const [name, type] of variables) {
    if (typeof type === 'string') made.registerVariable(name, celType(type))
    else {
      const fields = Object.fromEntries(Object.entries(type.fields).map(([field, of]) => [field, celType(of)]))
      made.registerType(type.name, { ctor: type.ctor, fields }).registerVariable(name, type.name)
    }
  }
  return made
}

const celType = (name: string): string =>
  name === 'timestamp' || name === 'duration'
    ? `google.protobuf.${name === 'timestamp' ? 'Timestamp' : 'Duration'}`
    : name

function gate(root: Node, source: string, limits: Limits) {
  let tooDeep: Node | undefined
  walk(root, (node, depth) => {
    if (loopOf(node) && depth >= limits.maxMacroNesting) tooDeep ??= node
  })
  if (!tooDeep) return undefined
  const problem = `all, exists, exists_one, map and filter may stand in one another ${limits.maxMacroNesting} deep`
  return refuse('FilterInvalid', placed(source, tooDeep, problem))
}

function wrongResult(type: string): string {
  if (type !== 'dyn') return `the expression must give true or false, not ${type}`
  return 'the expression must give true or false, which only a comparison is sure to do: write == true after it'
}

type Run = {
  run: (context: Record<string, unknown>) => unknown
  meter: Meter
  /** Units that an evaluation may take. */
  most: number
  budget: Budget | undefined
  release: () => void
}

function program(source: string, paths: readonly Path[], { run, meter, most, budget, release }: Run): Program {
  return {
    source,
    reads: new Set(paths.map((path) => path.name)),
    evaluate(inputs) {
      const allowed = budget ? budget.allowed(most) : most
      meter.reset(allowed)
      try {
        const value = run(inputs.bind(paths))
        return value === true ? yes : value === false ? no : { ok: true, value }
      } catch (error) {
        return {
          ok: false,
          message: allowed < most && error instanceof WorkExceeded ? usedUp : runtimeMessage(error, source),
        }
      } finally {
        budget?.spent(allowed - Math.max(0, meter.left()))
        release()
      }
    },
  }
}

const usedUp =
  'the expressions of this namespace have taken more of the CPU than they may, and this one costs much: it was not evaluated to the end'

const yes: Evaluation = { ok: true, value: true }
const no: Evaluation = { ok: true, value: false }
