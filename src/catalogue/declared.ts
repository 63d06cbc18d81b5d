import { type SpecVersion, specVersions } from '../formats/cdevents/rules.ts'
import { isEventName, typeOf, vocabulary } from '../formats/cdevents/vocabulary.ts'
import { officialSchema } from './schemas/cdevents.ts'

/** An event that authors of Tasks and Pipelines may declare by annotation (docs/user-events.md): any of the CDEvents vocabulary. */
export type Declared = {
  /** `<subject>.<predicate>`. */
  name: string
  means: string
  types: readonly { specVersion: SpecVersion; type: string; schema: string }[]
  /** Fields of subject.content, as 0.5.1 names them. */
  content: readonly { name: string; required: boolean; means: string }[]
}

/** The whole vocabulary, in the order of its table. */
export const declaredEvents = (): Declared[] =>
  Object.entries(vocabulary).flatMap(([name, row]) =>
    isEventName(name)
      ? [
          {
            name,
            means: row.means,
            types: specVersions.map((specVersion) => {
              const type = typeOf(specVersion, name)
              return { specVersion, type, schema: officialSchema(type, specVersion) }
            }),
            content: Object.entries(row.content).map(([field, rule]) => ({
              name: field,
              required: rule.required === true,
              means: rule.means,
            })),
          },
        ]
      : [],
  )
