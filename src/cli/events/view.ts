import type { Row, RowEvent } from '../../catalogue/catalogue.ts'
import type { Chosen } from './choice.ts'

/** A row as `--json` gives it; examples in structured mode, where they are asked for. */
export const viewOf = ({ row, events }: Chosen, withExamples: boolean): Record<string, unknown> => ({
  ...viewOfRow(row),
  events: events.map((event) => ({ ...viewOfEvent(event), ...(withExamples && { example: exampleOf(event) }) })),
})

function viewOfRow({ source, milestone }: Row): Record<string, unknown> {
  const { name, class: of, default: isDefault, key, time, when, until } = milestone
  const { kind, family, group, version } = source
  return { kind, family, group, version, milestone: name, class: of, default: isDefault, key, time, when, until }
}

function viewOfEvent({ type, variant: { format, options, beyond, of } }: RowEvent): Record<string, unknown> {
  const { specVersion } = options.cdevents
  const { mode } = options.tekton
  const { profile } = options.flux
  return {
    format: format.name,
    ...(format.name === 'cdevents' && { specVersion }),
    ...(beyond && { mode }),
    ...(of && { profile }),
    type,
  }
}

/** The event in structured mode. */
export function exampleOf({ example: { attributes, data } }: RowEvent): Record<string, unknown> {
  return { ...JSON.parse(attributes), ...(data !== undefined && { data: JSON.parse(data) }) }
}

export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
