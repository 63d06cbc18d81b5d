import type { KubeObject } from '../api/object.ts'
import { viewOf } from '../cel/json.ts'
import type { Inputs } from '../cel/program.ts'
import { recordType } from '../cel/record.ts'
import { milestoneFields, milestoneValues } from '../sources/milestone-variable.ts'
import type { Milestone, Source } from '../sources/source.ts'

const milestoneType = recordType('Milestone', milestoneFields)

/** What a filter can speak of. */
export const filterVariables = { object: 'dyn', milestone: milestoneType } as const

/** One change's inputs, shared by all filters that judge it: what one of them had converted, the next finds ready. */
export type FilterInputs = {
  at(milestone: Milestone): Inputs
  /** Of the object alone. */
  object: Inputs
}

/** Costs next to nothing until a filter reads from it. */
export function inputsOf(source: Source, object: KubeObject): FilterInputs {
  const view = viewOf(object)
  const values: Record<string, unknown> = {}
  let current: Milestone | undefined
  const inputs: Inputs = {
    bind(paths) {
      for (const path of paths) {
        if (path.variable === 'object') values.object = view.with(path.keys, path.name)
        else values.milestone ??= current && milestoneType.of(milestoneValues(source, current))
      }
      return values
    },
  }
  return {
    object: inputs,
    at(milestone) {
      if (milestone !== current) values.milestone = undefined
      current = milestone
      return inputs
    },
  }
}
