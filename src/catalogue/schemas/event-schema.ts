import type { Row, RowEvent } from '../catalogue.ts'
import { attributes } from './attributes.ts'
import { cdeventsData } from './cdevents.ts'
import { ownData } from './own.ts'
import { draft, idBase, type Schema } from './schema.ts'
import { tektonData } from './tekton.ts'

/** The JSON Schema of an event's data, with its example. `<event type>.json` is the file's name, here and below any `--schema-base-url`. */
export function dataSchema(row: Row, event: RowEvent): Schema {
  const { data } = event.example
  return {
    ...head(row, event, ''),
    ...body(row, event),
    ...(data !== undefined && { examples: [JSON.parse(data)] }),
  }
}

/** The JSON Schema of the whole event in structured mode. */
export function eventSchema(row: Row, event: RowEvent): Schema {
  const of = attributes(row, event)
  return {
    ...head(row, event, 'event/'),
    ...of,
    properties: { ...of.properties, data: { description: 'absent with `data.content: none`', ...body(row, event) } },
  }
}

function head({ source, milestone }: Row, { type, variant }: RowEvent, folder: string): Schema {
  const what = folder === '' ? 'The data' : 'The event'
  return {
    $schema: draft,
    $id: `${idBase}/${folder}${type}.json`,
    title: type,
    description: `${what} that the format ${variant.format.name} sends of a ${source.kind}: ${milestone.when}.`,
  }
}

function body({ source, milestone }: Row, { type, variant: { format } }: RowEvent): Schema {
  switch (format.name) {
    case 'cloudevents':
      return ownData(source, milestone)
    case 'cdevents':
      return cdeventsData(type, source, milestone)
    case 'tektonv1':
    case 'tektonv2':
      return tektonData(source, format.name)
    default:
      return format.name satisfies never
  }
}
