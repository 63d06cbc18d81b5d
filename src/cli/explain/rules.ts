import type { Schema, SchemaProblem } from '../../api/schema.ts'
import { fromJson } from '../../cel/json.ts'
import { userLimits } from '../../cel/limits.ts'
import { compile, fixed } from '../../cel/program.ts'
import { fields } from '../../sources/read.ts'

/** `unchecked`: rules that use what only the API server knows, by what they would say. */
export type RulesChecked = { problems: SchemaProblem[]; unchecked: SchemaProblem[] }

/** The CRDs' rules are ours: they may be longer than a user's. */
const limits = {
  ...userLimits,
  sourceLength: 16_384,
  maxAstNodes: 2_000,
  patternLength: 4_096,
  patternSize: 100_000,
  maxListElements: 500,
}

/** The API server's CEL has the word reserved, as a field's name too. */
const escaped = '__namespace__'

/** The CRD's own rules in CEL (x-kubernetes-validations), on a value whose types are right. */
export function checkRules(schema: Schema, value: unknown, path: string): RulesChecked {
  const found: RulesChecked = { problems: [], unchecked: [] }
  if (value === undefined) return found
  for (const { rule, message } of schema['x-kubernetes-validations'] ?? []) {
    const told = { path, message }
    const program = compile(rule.replaceAll(escaped, 'namespace'), {
      variables: { self: 'dyn' },
      result: 'dyn',
      limits,
    })
    const result = program.ok ? program.value.evaluate(fixed({ self: fromJson(value) })) : undefined
    if (!result?.ok) found.unchecked.push(told)
    else if (result.value !== true) found.problems.push(told)
  }
  const add = (of: Schema | undefined, child: unknown, at: string) => {
    const below = of ? checkRules(of, child, at) : { problems: [], unchecked: [] }
    found.problems.push(...below.problems)
    found.unchecked.push(...below.unchecked)
  }
  const items = Array.isArray(value) ? [...value.entries()] : []
  for (const [index, item] of items) add(schema.items, item, `${path}[${index}]`)
  for (const [name, child] of Object.entries(fields(value)))
    add(schema.properties?.[name] ?? schema.additionalProperties, child, `${path}.${name}`)
  return found
}
