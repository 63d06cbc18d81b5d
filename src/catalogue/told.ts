import { genericSource } from '../sources/generic.ts'
import { sources } from '../sources/index.ts'
import type { Source } from '../sources/source.ts'

/** Stands for every kind that has no catalogue of its own: all of them tell the same. */
const anyKind: Source = { ...genericSource('Widget', 'example.com'), version: 'v1', plural: 'widgets' }

/** All that the catalogue shows, by the source's name. */
export const toldSources: Readonly<Record<string, Source>> = { ...sources, [anyKind.name]: anyKind }
