import type { EventOf, MilestoneKind, Source } from './source.ts'

/** The row of a milestone in its kind's catalogue; undefined for what a subscription defines. */
export const rowOf = (source: Source, milestoneName: string): MilestoneKind | undefined =>
  source.catalogue.find(({ name }) => name === milestoneName)

/** What the events of a milestone are of: by its row, else the kind itself. */
export const eventOf = (source: Source, milestoneName: string): EventOf =>
  rowOf(source, milestoneName)?.event ?? {
    family: source.family,
    subject: source.kind.toLowerCase(),
    predicate: milestoneName,
  }
