import type { Source } from './source.ts'

/** How people are told of a kind: of two of one name the newer by its group as well, `Component of konflux-ci.dev`. */
export const titleOf = ({ name, kind, group }: Pick<Source, 'name' | 'kind' | 'group'>): string =>
  name === kind ? kind : `${kind} of ${group}`
