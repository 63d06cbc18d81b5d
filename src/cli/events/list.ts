import { accept, refuse } from '../../api/verdict.ts'
import type { Declared } from '../../catalogue/declared.ts'
import { titleOf } from '../../sources/title-of.ts'
import type { CommandFlag } from '../command-text.ts'
import type { LocalCommand } from '../local-command.ts'
import { givenText } from '../parse-flags.ts'
import { table } from '../table.ts'
import { type Chosen, filterRows, load } from './choice.ts'
import { json, viewOf } from './view.ts'

const flags: readonly CommandFlag[] = [
  { name: 'kind', value: 'KIND', help: 'only those of a kind, such as TaskRun' },
  { name: 'family', value: 'FAMILY', help: 'only those of a family of kinds, such as tekton' },
  { name: 'format', value: 'FORMAT', help: 'only those of a format: cloudevents, cdevents, tektonv1 or tektonv2' },
  { name: 'declared', help: 'instead, the events of CDEvents that authors of Tasks may declare' },
  { name: 'json', help: 'as JSON' },
]

export const listEvents: LocalCommand = {
  brief: 'list what there is to tell, and the event types',
  usage: '[flags]',
  about: `List every milestone of every kind, with its class (derived from the object's present state, or observed), whether
subscriptions get it by default, and the type of the event in each format. See docs/events.`,
  flags,
  examples: ['events list', 'events list --kind PipelineRun --format cdevents', 'events list --json'],
  read(given) {
    const [kind, family, format] = ['kind', 'family', 'format'].map((flag) => givenText(given, flag))
    const asJson = given.values.json !== undefined
    const narrowing = ['kind', 'family', 'format'].find((flag) => givenText(given, flag) !== undefined)
    if (given.values.declared !== undefined && narrowing !== undefined)
      return refuse(
        'FlagInvalid',
        `--declared and --${narrowing} exclude each other: what is declared is of no kind, and of the format cdevents`,
      )
    return accept(async ({ out }) => {
      const { catalogue, declared } = await load()
      const chosen = filterRows(catalogue, { kind, family, format })
      if (!chosen.ok) return chosen
      if (given.values.declared !== undefined) {
        out.print(asJson ? json(declared) : declaredTable(declared))
        return accept(undefined)
      }
      out.print(asJson ? json(chosen.value.map((one) => viewOf(one, false))) : rowTable(chosen.value))
      if (!asJson)
        out.note(`${declared.length} more can be declared by authors of Tasks: carillon events list --declared`)
      return accept(undefined)
    })
  },
}

const rowTable = (chosen: readonly Chosen[]): string =>
  table(
    ['KIND', 'MILESTONE', 'CLASS', 'DEFAULT', 'FORMAT', 'TYPE'],
    chosen.flatMap(({ row: { source, milestone }, events }) =>
      events.map(({ variant, type }) => [
        titleOf(source),
        milestone.name,
        milestone.class,
        milestone.default ? 'yes' : 'no',
        variant.name,
        type,
      ]),
    ),
  )

const declaredTable = (declared: readonly Declared[]): string =>
  table(
    ['EVENT', 'CDEVENTS', 'TYPE'],
    declared.flatMap(({ name, types }) => types.map(({ specVersion, type }) => [name, specVersion, type])),
  )
