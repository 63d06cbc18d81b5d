import { silentType } from '../../formats/silence.ts'
import { draft, idBase, members, type Schema, text, time } from './schema.ts'

/** Of the event that a silence gives. It is of no source, and so in no row of the catalogue. */
export const silenceSchema: Schema = {
  $schema: draft,
  $id: `${idBase}/${silentType}.json`,
  title: silentType,
  description:
    'The data that a subscription with expect.event sends of its silence: nothing has matched for as long as it expects.',
  ...members('', {
    'apiVersion!': text('of the EventSubscription'),
    'kind!': { type: 'string', const: 'EventSubscription', description: '`EventSubscription`' },
    'name!': text('of the EventSubscription'),
    'namespace!': text('of the EventSubscription'),
    'uid!': text('of the EventSubscription'),
    'within!': text('within what time it expects something, as in its `expect`'),
    'since!': time('when something matched last, or when the subscription became active'),
    lastMatched: members('what matched last; absent where nothing did since the subscription became active', {
      'time!': time('when it matched'),
      'kind!': text('of the object; `<kind>.<group>` where several groups have the kind'),
      'namespace!': { type: 'string', description: 'of the object, empty where it has none' },
      'name!': text('of the object'),
      'milestone!': text('the milestone'),
    }),
  }),
  examples: [
    {
      apiVersion: 'carillon.dev/v1alpha1',
      kind: 'EventSubscription',
      name: 'nightly',
      namespace: 'team-a',
      uid: '6a9ec839-5794-4595-9322-26ca92a44d5d',
      within: '26h',
      since: '2026-11-22T13:32:36.000Z',
      lastMatched: {
        time: '2026-11-22T13:32:36.000Z',
        kind: 'PipelineRun',
        namespace: 'team-a',
        name: 'nightly-41',
        milestone: 'finished',
      },
    },
  ],
}
