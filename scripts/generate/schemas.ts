import { dataSchema } from '../../src/catalogue/schemas/event-schema.ts'
import { silenceSchema } from '../../src/catalogue/schemas/silence.ts'
import { silentType } from '../../src/formats/silence.ts'
import { readTests } from './samples.ts'

/** Makes schemas/<event type>.json: the JSON Schema of each event's data, to be served at the admin's `--schema-base-url`. */
export async function generate(): Promise<Map<string, string>> {
  const files = new Map([[`schemas/${silentType}.json`, `${JSON.stringify(silenceSchema, null, 2)}\n`]])
  for (const row of (await readTests()).rows)
    for (const event of row.events) {
      const path = `schemas/${event.type}.json`
      // Two kinds may give one type of CDEvents: it has one schema, and the example of the first.
      if (!files.has(path)) files.set(path, `${JSON.stringify(dataSchema(row, event), null, 2)}\n`)
    }
  return files
}
