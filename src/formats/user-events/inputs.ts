import type { KubeObject } from '../../api/object.ts'
import { fromJson, type JsonView, viewOf } from '../../cel/json.ts'
import type { Inputs } from '../../cel/program.ts'
import type { Milestone } from '../../sources/source.ts'
import { bareObject } from '../bare.ts'
import type { EncodeInput } from '../format.ts'
import { type RunValues, valuesOf } from './run-values.ts'

/** What declarations take values from: one run at one of its milestones. */
export type Given = { values: RunValues; inputs: Inputs }

/** The variables of a declaration's expressions. */
export const variables = {
  results: 'map<string, dyn>',
  params: 'map<string, dyn>',
  context: 'map<string, dyn>',
  milestone: 'map<string, dyn>',
  object: 'dyn',
} as const

export function givenOf({ source, object, milestone }: EncodeInput): Given {
  const values = valuesOf(source.kind, object)
  return { values, inputs: inputsOf(values, object, milestone) }
}

/** Made on first use, each variable for itself. */
function inputsOf(values: RunValues, object: KubeObject, milestone: Milestone): Inputs {
  let view: JsonView | undefined
  const bound: Record<string, unknown> = {}
  return {
    bind(paths) {
      for (const { variable, keys, name } of paths) {
        if (variable === 'object') {
          // What never leaves the cluster is not for declarations either.
          view ??= viewOf(bareObject(object))
          bound.object = view.with(keys, name)
        } else
          bound[variable] ??= variable === 'milestone' ? milestoneMap(milestone) : fromJson(mapOf(values, variable))
      }
      return bound
    },
  }
}

const mapOf = (values: RunValues, variable: string): Record<string, unknown> =>
  variable === 'context' ? nested(values.context) : Object.fromEntries(values[variable as keyof RunValues])

/** `taskRun.name` as `{taskRun: {name}}`. */
function nested(context: RunValues['context']): Record<string, Record<string, string>> {
  const found: Record<string, Record<string, string>> = {}
  for (const [path, value] of context) {
    const dot = path.indexOf('.')
    found[path.slice(0, dot)] = { ...found[path.slice(0, dot)], [path.slice(dot + 1)]: value }
  }
  return found
}

/** `name`, `time`, `outcome`, `reason`, `message`, and what the milestone's details are. What there isn't reads as an empty text. */
const milestoneMap = ({ name, time, outcome, reason = '', message = '', details = {} }: Milestone) => ({
  name,
  time: new Date(time),
  outcome: outcome ?? '',
  reason,
  message,
  details: fromJson(details),
})
