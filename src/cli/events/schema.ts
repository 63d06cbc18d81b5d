import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import type { Row, RowEvent } from '../../catalogue/catalogue.ts'
import type { CommandFlag } from '../command-text.ts'
import type { LocalCommand } from '../local-command.ts'
import { givenText } from '../parse-flags.ts'
import { findSubject, load, type Subject } from './choice.ts'
import { json } from './view.ts'

const flags: readonly CommandFlag[] = [
  { name: 'format', value: 'FORMAT', help: 'with KIND MILESTONE; default: cloudevents' },
  { name: 'event', help: 'of the whole event in structured mode, not of its data' },
  { name: 'json', help: 'as JSON, which it is anyway' },
]

export const eventSchemaCommand: LocalCommand = {
  brief: 'print the JSON Schema of an event',
  usage: 'TYPE | KIND MILESTONE [flags]',
  about: `Print the JSON Schema (draft 2020-12) of an event's data. Fields may be added within a version of a type: what a
schema does not name is no fault.`,
  flags,
  takesWords: true,
  examples: [
    'events schema dev.carillon.tekton.taskrun.finished.v1',
    'events schema TaskRun finished --format tektonv1 --event',
  ],
  read(given) {
    const { positionals, values } = given
    const standard = positionals.length === 2 ? 'cloudevents' : undefined
    return accept(async ({ out }) => {
      const { silentType } = await import('../../formats/silence.ts')
      if (positionals.length === 1 && positionals[0] === silentType) {
        out.print(json((await import('../../catalogue/schemas/silence.ts')).silenceSchema))
        return accept(undefined)
      }
      const found = findSubject(await load(), positionals, givenText(given, 'format') ?? standard)
      if (!found.ok) return found
      const { dataSchema, eventSchema } = await import('../../catalogue/schemas/event-schema.ts')
      if ('declared' in found.value) {
        const { declaredSchema } = await import('../../catalogue/schemas/cdevents.ts')
        const { name, means, types } = found.value.declared
        const { type } = found.value
        const one = types.find((of) => of.type === type)
        if (!one) return several(types.map((of) => of.type))
        out.print(json(declaredSchema(one.type, `${name}: ${means}`)))
        return accept(undefined)
      }
      const one = only(found.value)
      if (!one.ok) return one
      const [row, event] = one.value
      out.print(json(values.event === undefined ? dataSchema(row, event) : eventSchema(row, event)))
      return accept(undefined)
    })
  },
}

/** A type that several rows or versions have in common has one schema; several types have several. */
function only({ rows }: Extract<Subject, { rows: unknown }>): Verdict<readonly [Row, RowEvent]> {
  const all = rows.flatMap(({ row, events }) => events.map((event) => [row, event] as const))
  const types = new Set(all.map(([, { type }]) => type))
  const [first] = all
  return first && types.size === 1 ? accept(first) : several(types)
}

const several = (types: Iterable<string>) =>
  refuse('InputInvalid', `there are several types, each with a schema of its own: name one of ${[...types].join(', ')}`)
