import { formats } from '../formats/index.ts'
import { type Catalogue, catalogueOf } from './catalogue.ts'
import samples from './generated-samples.json' with { type: 'json' }
import type { Sample } from './sample.ts'
import { toldSources } from './told.ts'

/** The catalogue of all that this version tells. Its samples take memory: only commands that show it load it, and not before. */
export const readCatalogue = (): Catalogue =>
  catalogueOf({ sources: toldSources, formats, samples: samples as unknown as Sample[] })
