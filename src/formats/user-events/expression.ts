import type { Verdict } from '../../api/verdict.ts'
import { refuse } from '../../api/verdict.ts'
import { type Limits, userLimits } from '../../cel/limits.ts'
import { compile } from '../../cel/program.ts'
import { toJson } from '../../cel/to-json.ts'
import { type Given, variables } from './inputs.ts'

/** CEL over a run's results, params, context, milestone and object, with JSON as what it gives. */
export type Expression = { evaluate(given: Given): Verdict<unknown> }

/** Whoever may create a run can write expressions: one takes a tenth of a millisecond, or two. */
const expressionLimits: Limits = { ...userLimits, sourceLength: 512, maxAstNodes: 100, patternSize: 250, work: 2_000 }

const jsonLimits = { values: 256, depth: 6, characters: 4096 }

export function compileExpression(source: string, result: 'bool' | 'dyn'): Verdict<Expression> {
  const program = compile(source, { variables, result, limits: expressionLimits })
  if (!program.ok) return wrong(program.message)
  return {
    ok: true,
    value: {
      evaluate({ inputs }) {
        const made = program.value.evaluate(inputs)
        if (!made.ok) return wrong(made.message)
        const json = toJson(made.value, jsonLimits)
        return json.ok ? json : wrong(json.message)
      },
    },
  }
}

const wrong = (what: string): Verdict<never> => refuse('DeclarationInvalid', what)
