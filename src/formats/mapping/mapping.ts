import type { Source } from '../../sources/source.ts'
import type { EncodeInput } from '../format.ts'
import type { FormatOptions } from '../options.ts'
import type { EventParts } from './encode.ts'

/** What the milestones of one family become in CDEvents. Pure; never throws on odd objects. */
export type Mapping = {
  knows(source: Source, milestoneName: string, options: FormatOptions): boolean
  /** In the order in which they are sent; none where the object lacks what the event must have. */
  events(input: EncodeInput): readonly EventParts[]
}
