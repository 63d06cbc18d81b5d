import type { FormatName } from '../../formats/format.ts'
import type { Source } from '../../sources/source.ts'
import { members, object, type Schema, text } from './schema.ts'

/** Tekton's own events hold the whole run, under its kind in lower camel case; what is in it is Tekton's API. */
export function tektonData(source: Source, format: FormatName): Schema {
  const isV1 = format === 'tektonv1'
  const version = isV1 ? 'v1beta1' : source.version
  const about = `the run, in the shape of tekton.dev/${version}, but for \`managedFields\` and \`last-applied-configuration\``
  const run = members(
    about,
    {
      ...(!isV1 && {
        'apiVersion!': { type: 'string', const: `${source.group}/${version}`, description: 'of the run' },
        'kind!': { type: 'string', const: source.kind, description: 'of the run' },
      }),
      'metadata!': members(
        'of the run',
        { 'name!': text('of the run'), namespace: text('of the run'), 'uid!': text('of the run') },
        { additionalProperties: true },
      ),
      spec: object('of the run'),
      status: object('of the run'),
    },
    { additionalProperties: true },
  )
  return members('', { [`${source.kind.charAt(0).toLowerCase()}${source.kind.slice(1)}!`]: run })
}
