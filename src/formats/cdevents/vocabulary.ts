import type { EventName } from './generated.ts'
import { type Row, type SpecVersion, specVersions } from './rules.ts'
import { sourceCode, tickets } from './vocabulary-code.ts'
import { deployment } from './vocabulary-deployment.ts'
import { builds, runs } from './vocabulary-runs.ts'
import { tests } from './vocabulary-tests.ts'

/**
 * The whole vocabulary of CDEvents 0.4.1 and 0.5.1, 45 events each, by `<subject>.<predicate>`: the one table that types, builders,
 * validators and docs are made from. By the schemas of https://github.com/cdevents/spec at v0.4.1 and v0.5.1; where the text says
 * otherwise, `means` does too.
 */
export const vocabulary: Readonly<Record<string, Row>> = {
  ...runs,
  ...builds,
  ...tests,
  ...sourceCode,
  ...tickets,
  ...deployment,
}

/** The name of an event that is no part of the vocabulary: its whole type, the same in both versions. */
export type CustomName = `dev.cdeventsx.${string}`

export const isEventName = (name: string): name is EventName => Object.hasOwn(vocabulary, name)

export const isCustomName = (name: string): name is CustomName => name.startsWith('dev.cdeventsx.')

/** The row of an event. Throws a RangeError for a name that is not in the vocabulary: ask `isEventName` first where it comes from outside. */
export function rowOf(name: string): Row {
  const row = Object.hasOwn(vocabulary, name) ? vocabulary[name] : undefined
  if (row === undefined) throw new RangeError(`CDEvents has no event ${name}`)
  return row
}

/** `context.type`: `dev.cdevents.<subject>.<predicate>.<version>`; of a custom event its name. Throws as `rowOf` does. */
export const typeOf = (version: SpecVersion, name: EventName | CustomName): string =>
  isCustomName(name) ? name : `dev.cdevents.${name}.${rowOf(name).versions[version]}`

/** `subject.type` as 0.4.1 has it (`pipelineRun`), also where the version has none; of a custom event `<tool>-<subject>`. */
export const subjectTypeOf = (name: EventName | CustomName): string =>
  isCustomName(name) ? (name.split('.')[2] ?? '') : rowOf(name).subjectType

/** Type → the version of the specification and the event that it belongs to; types of the two versions differ for every event. */
const types: ReadonlyMap<string, { version: SpecVersion; name: EventName }> = new Map(
  Object.keys(vocabulary)
    .filter(isEventName)
    .flatMap((name) => specVersions.map((version) => [typeOf(version, name), { version, name }] as const)),
)

/** What an exact type of the vocabulary stands for; undefined for custom events, and for versions that are not known here. */
export const eventOfType = (type: string) => types.get(type)

/** The event's name in a type, with its version at the end or without: `dev.cdevents.artifact.published` → `artifact.published`. */
export function nameOf(type: string): EventName | undefined {
  const [, name] = /^dev\.cdevents\.([a-z]+\.[a-z]+)(\.|$)/.exec(type) ?? []
  return name !== undefined && isEventName(name) ? name : undefined
}
