import { accept } from '../../api/verdict.ts'
import type { Declared } from '../../catalogue/declared.ts'
import { titleOf } from '../../sources/title-of.ts'
import type { CommandFlag } from '../command-text.ts'
import { wrap } from '../flags.ts'
import type { LocalCommand } from '../local-command.ts'
import { givenText } from '../parse-flags.ts'
import { table } from '../table.ts'
import { type Chosen, findSubject, load } from './choice.ts'
import { exampleOf, json, viewOf } from './view.ts'

const flags: readonly CommandFlag[] = [
  { name: 'format', value: 'FORMAT', help: 'only that format: cloudevents, cdevents, tektonv1 or tektonv2' },
  { name: 'json', help: 'as JSON, with an example of every type' },
]

export const showEvent: LocalCommand = {
  brief: 'show one milestone or event type, with an example',
  usage: 'KIND MILESTONE | TYPE [flags]',
  about: `Show a milestone, by kind and name, or what an event type stands for: when it comes, its time, its key, its event types,
and an example as one of our tests made it.`,
  flags,
  takesWords: true,
  examples: [
    'events show TaskRun finished',
    'events show dev.cdevents.pipelinerun.finished.0.2.0 --json',
    'events show dev.cdevents.artifact.published',
  ],
  read(given) {
    const asJson = given.values.json !== undefined
    return accept(async ({ out }) => {
      const found = findSubject(await load(), given.positionals, givenText(given, 'format'))
      if (!found.ok) return found
      const subject = found.value
      if ('declared' in subject) out.print(asJson ? json(subject.declared) : declaredText(subject.declared))
      else if (asJson) out.print(json(subject.rows.map((row) => viewOf(row, true))))
      else out.print(subject.rows.map(rowText).join('\n'))
      return accept(undefined)
    })
  },
}

const line = (name: string, text: string): string => `${wrap(`  ${name}:`.padEnd(13), text)}\n`

function rowText({ row: { source, milestone }, events }: Chosen): string {
  const { name, class: of, default: isDefault, key, time, when, until } = milestone
  const facts = Object.entries({
    when,
    ...(until !== undefined && { until }),
    time,
    key,
    class: of,
    default: isDefault ? 'yes: subscriptions without `events` get it' : 'no',
  })
  const types = table(
    ['FORMAT', 'TYPE'],
    events.map(({ variant, type }) => [variant.name, type]),
  )
  const example = events[0]
  return `${titleOf(source)} ${name}\n${facts.map(([fact, text]) => line(fact, text)).join('')}
${types}${example ? `\nExample of ${example.type}, in structured mode:\n${json(exampleOf(example))}` : ''}`
}

function declaredText({ name, means, types, content }: Declared): string {
  const fields = table(
    ['CONTENT', 'REQUIRED', 'WHAT IT IS'],
    content.map((field) => [field.name, field.required ? 'yes' : 'no', field.means]),
  )
  return `${name}: ${means}
It is sent where an author of a Task, Pipeline or run declares it by annotation, and the subscription's userEvents.types
lets it pass: docs/user-events.md.

${table(
  ['CDEVENTS', 'TYPE', 'SCHEMA'],
  types.map(({ specVersion, type, schema }) => [specVersion, type, schema]),
)}${content.length > 0 ? `\n${fields}` : ''}`
}
