import { readdir, readFile } from 'node:fs/promises'
import { type Catalogue, catalogueOf } from '../../src/catalogue/catalogue.ts'
import type { Sample } from '../../src/catalogue/sample.ts'
import { toldSources } from '../../src/catalogue/told.ts'
import { formats } from '../../src/formats/index.ts'

/** Runs in all their states, each held to what it tells by test/sources/tekton.test.ts. */
const runs = new URL('../../test/sources/golden/', import.meta.url)

/** The catalogue as the tests' runs show it; a row that none of them shows, or that is other than its format says, ends the generation. */
export async function readTests(): Promise<Catalogue> {
  const files = (await readdir(runs)).toSorted()
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, runs), 'utf8')))
  const samples = texts.map((text): Sample => {
    const { object, before, earlier }: Sample = JSON.parse(text)
    return { object, ...(before && { before }), ...(earlier && { earlier }) }
  })
  const catalogue = catalogueOf({ sources: toldSources, formats, samples })
  if (catalogue.faults.length > 0) throw new Error(catalogue.faults.join('\n'))
  return catalogue
}

/** Makes src/catalogue/generated-samples.json: of the tests' runs just those that give the catalogue its examples. */
export async function generate(): Promise<Map<string, string>> {
  const { rows } = await readTests()
  const chosen = new Set(rows.flatMap(({ events }) => events.map(({ from }) => from.sample)))
  const lines = [...chosen].map((sample) => JSON.stringify(sample)).toSorted()
  return new Map([['src/catalogue/generated-samples.json', `[\n${lines.join(',\n')}\n]\n`]])
}
