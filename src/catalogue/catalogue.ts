import { compileDashboard } from '../formats/dashboard.ts'
import type { Cluster, Content, EncodedEvent, Format, FormatName } from '../formats/format.ts'
import { eventOf } from '../sources/event-of.ts'
import { runTypeOf } from '../sources/konflux-labels.ts'
import type { MilestoneKind, Source } from '../sources/source.ts'
import { type Sample, type Telling, tellingsOf } from './sample.ts'
import { knows, type Variant, variantsOf } from './variants.ts'

/** An event that a row has, by its type: each type once for each variant. */
export type RowEvent = {
  variant: Variant
  type: string
  /** Of all samples that give this type the one that says most. */
  example: EncodedEvent
  from: Telling
}

/** A milestone of a kind, and all that the formats make of it. */
export type Row = { source: Source; milestone: MilestoneKind; events: readonly RowEvent[] }

export type Catalogue = {
  rows: readonly Row[]
  variants: readonly Variant[]
  /** What is wrong with it: a format that gives what it says it does not know, or of which no sample shows what it knows. */
  faults: readonly string[]
}

export type CatalogueInput = {
  sources: Readonly<Record<string, Source>>
  formats: Readonly<Record<FormatName, Format>>
  samples: readonly Sample[]
}

/** Where the examples come from. */
export const exampleCluster: Cluster = makeCluster()

function makeCluster(): Cluster {
  const dashboard = compileDashboard('https://tekton.example.com/#/namespaces/{{namespace}}/{{plural}}/{{name}}', '')
  if (!dashboard.ok) throw new Error(dashboard.message)
  return { uri: '/clusters/2f1c7a0e-6f53-4d0c-9a53-0d6c1f1b8e11', urlOf: dashboard.value }
}

/** Joins what the sources tell with what the formats make of it: of each row the event types, as the encoders give them for the samples. */
export function catalogueOf({ sources, formats, samples }: CatalogueInput): Catalogue {
  const variants = variantsOf(formats)
  const tellings = Map.groupBy(
    samples.flatMap((sample) => tellingsOf(sources, sample)),
    ({ source, milestone }) => `${source.name} ${milestone.name}`,
  )
  const rows = Object.values(sources).flatMap((source) =>
    source.catalogue.map((milestone): Row => {
      const told = tellings.get(`${source.name} ${milestone.name}`) ?? []
      return {
        source,
        milestone,
        events: variants.flatMap((variant) => eventsOf(variant, source, milestone.name, told)),
      }
    }),
  )
  return { rows, variants, faults: rows.flatMap((row) => variants.flatMap((variant) => faultOf(row, variant))) }
}

/** An event as the encoder gives it for a telling; several where one milestone has several. */
export const encodeTelling = (
  { format, options }: Variant,
  { source, sample, milestone }: Telling,
  content: Content = 'summary',
): readonly EncodedEvent[] =>
  format.encode({ source, object: sample.object, milestone, content, options, cluster: exampleCluster }).events

function eventsOf(variant: Variant, source: Source, name: string, told: readonly Telling[]): RowEvent[] {
  if ((variant.beyond || variant.of) && !knows(variant, source, name)) return []
  const best = new Map<string, RowEvent>()
  for (const from of told)
    for (const example of encodeTelling(variant, from)) {
      const event = { variant, type: example.type, example, from }
      const known = best.get(example.type)
      if (known === undefined || saysMore(event, known)) best.set(example.type, event)
    }
  return [...best.values()].toSorted((a, b) => (a.type < b.type ? -1 : 1))
}

/**
 * What Tekton tells is shown of a run that is nobody else's. A good end goes before others, and of what has no end the object as it was just
 * then before its later states; then what has more in it.
 */
function saysMore(one: RowEvent, other: RowEvent): boolean {
  const marks = ({ from: { source, sample, milestone, isNews }, example }: RowEvent) => [
    eventOf(source, milestone.name).family === 'tekton' && runTypeOf(sample.object) !== undefined ? 0 : 1,
    milestone.outcome === 'success' || (milestone.outcome === undefined && isNews) ? 1 : 0,
    example.attributes.length + (example.data ?? '').length,
  ]
  const [mine, others] = [marks(one), marks(other)]
  const at = mine.findIndex((mark, index) => mark !== others[index])
  return at >= 0 && (mine[at] ?? 0) > (others[at] ?? 0)
}

function faultOf({ source, milestone, events }: Row, variant: Variant): string[] {
  const has = events.some((event) => event.variant === variant)
  if (knows(variant, source, milestone.name) === has) return []
  const what = `${source.name} ${milestone.name}`
  return [
    has
      ? `${variant.name} has an event for ${what}, and does not know it`
      : `no sample shows the event of ${variant.name} for ${what}`,
  ]
}
