import { readdir, readFile } from 'node:fs/promises'
import type { KubeObject } from '../../src/api/object.ts'
import { toStructured } from '../../src/formats/binding.ts'
import { cloudevents } from '../../src/formats/cloudevents.ts'
import { compileDashboard } from '../../src/formats/dashboard.ts'
import type { EncodedEvent, Format } from '../../src/formats/format.ts'
import { formats } from '../../src/formats/index.ts'
import { defaultOptions } from '../../src/formats/options.ts'
import { sources } from '../../src/sources/index.ts'
import type { Milestone, Source } from '../../src/sources/source.ts'

const root = new URL('../../', import.meta.url)
const intro = 'docs/_events.intro.md'
/** Runs in all their states: what each format makes of them is what the page says. */
const runs = new URL('test/sources/golden/', root)

/** Makes docs/events.md: the hand-written introduction, the catalogue of all milestones, an example event of each kind. */
export async function generate(): Promise<Map<string, string>> {
  const samples = await readSamples()
  const text = [
    `<!-- Generated from src/sources, src/formats and ${intro} by \`npm run generate\`. Do not edit. -->`,
    (await readFile(new URL(intro, root), 'utf8')).trimEnd(),
    '## Catalogue',
    'Event types in order: `cloudevents`, `cdevents`, `tektonv1`, `tektonv2`; a format that is not named has no event for that milestone.',
    table(samples),
    '## Examples',
    ...Object.values(sources).flatMap((source) => [
      `\`finished\` of a ${source.kind}, in structured mode:`,
      example(source, samples),
    ]),
  ]
  return new Map([['docs/events.md', `${text.join('\n\n')}\n`]])
}

type Sample = { source: Source; object: KubeObject; milestone: Milestone }

async function readSamples(): Promise<Sample[]> {
  const files = (await readdir(runs)).toSorted()
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, runs), 'utf8')))
  return texts.flatMap((text) => {
    const object: KubeObject = JSON.parse(text).object
    const source = sources[object.kind]
    if (source === undefined) throw new Error(`no source for ${object.kind}`)
    const milestones = [
      ...source.milestones(object),
      ...source.transitions(undefined, object),
      source.deletion(object, { at: Date.UTC(2026, 2, 4, 8), missed: false }),
    ]
    return milestones.flatMap((milestone) => (milestone ? [{ source, object, milestone }] : []))
  })
}

function table(samples: Sample[]): string {
  const rows = Object.values(sources).flatMap((source) =>
    source.catalogue.map((row) =>
      [
        source.kind,
        `\`${row.name}\``,
        row.class,
        row.default ? 'yes' : 'no',
        `\`${row.key}\``,
        row.time,
        row.when,
        Object.values(formats)
          .flatMap((format) => typesOf(format, source, row.name, samples))
          .map((type) => `\`${type}\``)
          .join('<br>'),
      ].join(' | '),
    ),
  )
  const head = ['kind | milestone | class | default | key | time | when | event types', `${'---|'.repeat(7)}---`]
  return [...head, ...rows].map((row) => `| ${row} |`).join('\n')
}

/** The types that a format gives a milestone, as it encodes the samples; checked against what it says it knows. */
function typesOf(format: Format, source: Source, milestoneName: string, samples: Sample[]): string[] {
  const types = samples
    .filter((sample) => sample.source === source && sample.milestone.name === milestoneName)
    .flatMap((sample) => encode(format, sample))
    .map((event) => event.type)
  if (format.knows(source, milestoneName, defaultOptions) !== types.length > 0) {
    throw new Error(`${format.name} does not encode ${source.kind} ${milestoneName} as it says, or no sample shows it`)
  }
  return [...new Set(types)].toSorted()
}

function encode(format: Format, { source, object, milestone }: Sample): readonly EncodedEvent[] {
  const dashboard = compileDashboard('https://tekton.example.com/#/namespaces/{{namespace}}/{{plural}}/{{name}}', '')
  if (!dashboard.ok) throw new Error(dashboard.message)
  const cluster = { uri: '/clusters/2f1c7a0e-6f53-4d0c-9a53-0d6c1f1b8e11', urlOf: dashboard.value }
  return format.encode({ source, object, milestone, content: 'summary', options: defaultOptions, cluster }).events
}

/** A successful end, of the sample that says most. */
function example(source: Source, samples: Sample[]): string {
  const [longest] = samples
    .filter((sample) => sample.source === source && sample.milestone.outcome === 'success')
    .flatMap((sample) => encode(cloudevents, sample))
    .map((event) => toStructured(event).body)
    .toSorted((a, b) => b.length - a.length)
  if (longest === undefined) throw new Error(`no sample of a finished ${source.kind}`)
  return `\`\`\`json\n${JSON.stringify(JSON.parse(longest), null, 2)}\n\`\`\``
}
