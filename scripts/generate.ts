/** `npm run generate` writes every generated file; with --check it lists those that differ, and exits with 1 where any does. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as apiDocs from './generate/api-docs.ts'
import * as asyncapi from './generate/asyncapi.ts'
import * as cdevents from './generate/cdevents.ts'
import * as chart from './generate/chart.ts'
import * as crdSchemas from './generate/crd-schemas.ts'
import * as events from './generate/events.ts'
import * as network from './generate/network.ts'
import * as rbac from './generate/rbac.ts'
import * as samples from './generate/samples.ts'
import * as schemas from './generate/schemas.ts'
import * as types from './generate/types.ts'

/** Each gives the files that it owns: path in the repository → text. */
const generators: { generate(): Promise<Map<string, string>> }[] = [
  types,
  crdSchemas,
  apiDocs,
  cdevents,
  samples,
  events,
  schemas,
  asyncapi,
  chart,
  rbac,
  network,
]

const root = new URL('../', import.meta.url)
const check = process.argv.includes('--check')
const drifted: string[] = []

for (const generator of generators) {
  for (const [path, text] of await generator.generate()) {
    const file = new URL(path, root)
    const present = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (present === text) continue
    drifted.push(path)
    if (check) continue
    await mkdir(dirname(file.pathname), { recursive: true })
    await writeFile(file, text)
  }
}

for (const path of drifted) console.log(check ? `${path} is not what npm run generate makes` : `wrote ${path}`)
if (check && drifted.length > 0) {
  console.error('run `npm run generate` and commit the result')
  process.exitCode = 1
}
