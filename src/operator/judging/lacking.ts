import type { Unreadable } from '../../sources/source.ts'
import type { RouteInput } from './routing.ts'

const shownPaths = 3
const shownLength = 64

/** What was left out of the object as too large, to be told once for whatever it might have led to. Nothing is read of field ownership but times. */
export function lacking({ lacks = [], source }: Pick<RouteInput, 'lacks' | 'source'>): Unreadable[] {
  const paths = lacks.filter((path) => path !== 'metadata.managedFields')
  const [milestone, ...others] = source.catalogue.map(({ name }) => name)
  if (paths.length === 0 || milestone === undefined) return []
  const shown = paths.slice(0, shownPaths).map((path) => path.slice(0, shownLength))
  const more = paths.length > shownPaths ? ` and ${paths.length - shownPaths} more` : ''
  const message = `read without ${shown.join(', ')}${more}, which takes too much memory`
  return [{ key: 'lacks', milestone, others, message }]
}
