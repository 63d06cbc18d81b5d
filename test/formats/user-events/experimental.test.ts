import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { declaredEvents } from '../../../src/formats/user-events/declared-events.ts'
import { input, milestone } from '../runs.ts'
import { build, digest, lets, purl, success } from './runs.ts'

const types = ['artifact.packaged', 'artifact.published', 'service.deployed', 'service.upgraded']
  .concat('service.rolledback', 'service.removed')
  .map((name) => `dev.cdevents.${name}`)

/** What a run with these annotations and results declares. */
function declared(annotations: Record<string, string>, results: Record<string, string>, options = lets(...types)) {
  const run = build(annotations, ({ status }) => {
    Object.assign(status ?? {}, { results: Object.entries(results).map(([name, value]) => ({ name, value })) })
  })
  return declaredEvents(input(run, success, { options }))
}

const artifact = (id: string, name: string, version: string) => ({
  'cd.artifact.id': id,
  'cd.artifact.name': name,
  'cd.artifact.version': version,
})
const service = (envId: string, name: string, version: string) => ({
  'cd.service.envId': envId,
  'cd.service.name': name,
  'cd.service.version': version,
})

describe('the names of Tekton’s experiment are understood', () => {
  const rows: [string, Record<string, string>, string, string, object][] = [
    ['cd.artifact.published', artifact(purl, 'app', '1.0'), 'artifact.published', purl, {}],
    ['cd.artifact.published', artifact('quay.io/team/app:1.0', digest, '1.0'), 'artifact.published', purl, {}],
    ['cd.artifact.published', artifact(`quay.io/team/app@${digest}`, 'app', '1.0'), 'artifact.published', purl, {}],
    ['cd.artifact.published', artifact('17', 'team/app', '1.0'), 'artifact.published', 'pkg:generic/team/app@1.0', {}],
    ['cd.artifact.packaged', artifact(purl, 'app', '1.0'), 'artifact.packaged', purl, { change: { id: 'c0ffee' } }],
    [
      'cd.artifact.packaged',
      { ...artifact(purl, 'app', '1.0'), 'CHAINS-GIT_COMMIT': 'abc', 'CHAINS-GIT_URL': 'https://git.example.com/app' },
      'artifact.packaged',
      purl,
      { change: { id: 'abc', source: 'https://git.example.com/app' } },
    ],
    ...['deployed', 'upgraded', 'rolledback'].map(
      (predicate) =>
        [
          `cd.service.${predicate}`,
          service('prod', 'shop', `quay.io/team/app@${digest}`),
          `service.${predicate}`,
          'shop',
          { environment: { id: 'prod' }, artifactId: purl },
        ] as [string, Record<string, string>, string, string, object],
    ),
    [
      'cd.service.deployed',
      service('prod', 'shop', '2.1'),
      'service.deployed',
      'shop',
      { environment: { id: 'prod' }, artifactId: 'pkg:generic/shop@2.1' },
    ],
    ['cd.service.removed', service('prod', 'shop', '2.1'), 'service.removed', 'shop', { environment: { id: 'prod' } }],
  ]
  for (const [annotation, results, name, id, content] of rows)
    test(`${annotation} with ${JSON.stringify(Object.values(results)).slice(0, 60)}`, () => {
      const { events, problems } = declared({ [annotation]: 'cdevent' }, results)
      assert.deepEqual(problems, [])
      assert.deepEqual(
        events.map(({ customData: _, ...event }) => event),
        [{ declaration: annotation, name, subject: { id, content } }],
      )
    })

  test('what the three results say is in customData', () => {
    const { events } = declared({ 'cd.artifact.published': '' }, artifact('17', 'app', '1.0'))
    assert.deepEqual(events[0]?.customData, { cd: { id: '17', name: 'app', version: '1.0' } })
  })

  test('other names of results, as in the experiment’s own example', () => {
    const annotations = {
      'cd.artifact.published': 'cdevent',
      'cd.events/results.artifact.id': 'IMAGE_URL',
      'cd.events/results.artifact.name': 'IMAGE_DIGEST',
      'cd.events/results.artifact.version': 'IMAGE_TAG',
    }
    const results = { IMAGE_URL: 'quay.io/team/app:1.0\n', IMAGE_DIGEST: `${digest}\n`, IMAGE_TAG: '1.0\n' }
    assert.equal(declared(annotations, results).events[0]?.subject.id, purl)
  })

  test('and of a service, whose environment is spelt envid there', () => {
    const annotations = { 'cd.service.deployed': '', 'cd.events/results.service.envid': 'WHERE' }
    const { 'cd.service.envId': where, ...results } = service('prod', 'shop', '1')
    assert.deepEqual(declared(annotations, { ...results, WHERE: where }).events[0]?.subject.content.environment, {
      id: 'prod',
    })
  })
})

describe('what can not be had of them', () => {
  const rows: [string, Record<string, string>, RegExp][] = [
    [
      'cd.artifact.published',
      { 'cd.artifact.id': 'x' },
      /^declaration cd\.artifact\.published: the run has no result cd\.artifact\.name$/,
    ],
    ['cd.artifact.published', artifact('', 'a', '1'), /no result cd\.artifact\.id/],
    ['cd.artifact.published', artifact('S3CRET', 'sha256:1', '1'), /\/subject\/id: digest must be/],
    ['cd.artifact.published', artifact('x'.repeat(1025), 'a', '1'), /its results are too long/],
    [
      'cd.service.deployed',
      service('prod', 'shop', 'S3CRET@sha256:1'),
      /\/subject\/content\/artifactId: digest must be/,
    ],
  ]
  for (const [annotation, results, message] of rows)
    test(`${annotation}: ${message.source}`, () => {
      const { events, problems } = declared({ [annotation]: '' }, results)
      assert.deepEqual(events, [])
      assert.match(problems[0]?.message ?? '', message)
      assert.doesNotMatch(problems[0]?.message ?? '', /S3CRET/)
    })

  test('artifact.packaged without the commit that it was built from', () => {
    const run = build({ 'cd.artifact.packaged': '' }, ({ metadata, status }) => {
      metadata.labels = {}
      const results = Object.entries(artifact(purl, 'app', '1'))
      Object.assign(status ?? {}, { results: results.map(([name, value]) => ({ name, value })) })
    })
    const { events, problems } = declaredEvents(input(run, success, { options: lets(...types) }))
    assert.deepEqual(events, [])
    assert.match(
      problems[0]?.message ?? '',
      /^declaration cd\.artifact\.packaged: \/subject\/content\/change: is needed/,
    )
  })
})

test('a run that has none of the results only carries an annotation that came down to it', () => {
  assert.deepEqual(declared({ 'cd.artifact.published': '' }, {}), { events: [], problems: [] })
})

test('only of a run that succeeded, only at its end, and only what the subscription lets pass', () => {
  const results = artifact(purl, 'app', '1')
  assert.deepEqual(declared({ 'cd.artifact.published': '' }, results, lets('dev.cdevents.service.deployed')).events, [])
  for (const told of [milestone('started'), milestone('finished', { outcome: 'failure' })]) {
    const run = build({ 'cd.artifact.published': '' })
    assert.deepEqual(declaredEvents(input(run, told, { options: lets(...types) })), { events: [], problems: [] })
  }
})
