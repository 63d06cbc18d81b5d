import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import { formats } from '../../../src/formats/index.ts'
import { defaultOptions } from '../../../src/formats/options.ts'
import { genericSource } from '../../../src/sources/generic.ts'
import { sources } from '../../../src/sources/index.ts'
import type { Milestone, Source } from '../../../src/sources/source.ts'

const object = (kind: string, namespace: string | undefined): KubeObject => ({
  apiVersion: 'gateway.example.com/v1',
  kind,
  metadata: {
    name: 'web',
    ...(namespace !== undefined && { namespace }),
    uid: 'u-1',
    resourceVersion: '7',
    creationTimestamp: '2026-05-12T08:00:00Z',
  },
  spec: { secret: 's3cret' },
  status: { message: 'internal' },
})

const milestone = (name: string, more: Partial<Milestone> = {}): Milestone => ({
  name,
  key: `uid-a/${name}/2`,
  class: 'derived',
  time: Date.UTC(2026, 4, 12, 8),
  rank: 98,
  definedBy: 'uid-a',
  ...more,
})

const urlOf = () => 'https://ui.example.com/web'

const route: Source = { ...genericSource('HTTPRoute2', 'gateway.example.com'), version: 'v1', plural: 'httproutes' }

const cases: [what: string, source: Source, of: Milestone, type: string, namespace?: string][] = [
  [
    'a row of any kind',
    route,
    milestone('ready', { reason: 'Up' }),
    'dev.cdeventsx.generic-httproute.ready.0.1.0',
    'n',
  ],
  [
    'what is defined of any kind',
    route,
    milestone('is-accepted-v2'),
    'dev.cdeventsx.generic-httproute.isacceptedv.0.1.0',
    'n',
  ],
  ['what lives in no namespace', route, milestone('ready'), 'dev.cdeventsx.generic-httproute.ready.0.1.0'],
  [
    'what is defined of a run',
    sources.PipelineRun as Source,
    milestone('held'),
    'dev.cdeventsx.tekton-pipelinerun.held.0.1.0',
    'n',
  ],
  [
    'what is defined of a Release',
    sources.Release as Source,
    milestone('slow'),
    'dev.cdeventsx.konflux-release.slow.0.1.0',
    'n',
  ],
  [
    'what is defined of a HelmRelease',
    sources.HelmRelease as Source,
    milestone('slow'),
    'dev.cdeventsx.flux-helmrelease.slow.0.1.0',
    'n',
  ],
]

for (const [what, source, of, type, namespace] of cases)
  test(`${what} is a custom event, valid in every version and profile`, () => {
    for (const specVersion of ['0.4.1', '0.5.1'] as const)
      for (const profile of ['schema', 'sdk-go'] as const) {
        const options = { ...defaultOptions, cdevents: { ...defaultOptions.cdevents, specVersion, profile } }
        assert.equal(formats.cdevents.knows(source, of.name, options), true)
        const given = { source, object: object(source.kind, namespace), milestone: of, options }
        const cluster = { uri: '/clusters/c', urlOf }
        const { events, problems } = formats.cdevents.encode({ ...given, content: 'summary', cluster })
        assert.deepEqual(problems, [])
        assert.deepEqual(
          events.map((event) => event.type),
          [type],
        )
        const { subject, customData } = JSON.parse(events[0]?.data ?? '')
        assert.equal(subject.id, `${namespace ?? ''}/${source.kind.toLowerCase()}/web`)
        assert.deepEqual(subject.content, { uri: urlOf(), ...(of.reason && { reason: of.reason }) })
        assert.deepEqual(Object.keys(customData), [source.family])
        assert.doesNotMatch(events[0]?.data ?? '', /s3cret|internal/)
      }
  })

test('in the own format it has the family of its kind, and the common data alone', () => {
  const given = { source: route, object: object('HTTPRoute2', 'n'), milestone: milestone('is-accepted-v2') }
  const more = { content: 'summary' as const, options: defaultOptions, cluster: { uri: '/clusters/c', urlOf } }
  const [event] = formats.cloudevents.encode({ ...given, ...more }).events
  assert.equal(event?.type, 'dev.carillon.generic.httproute2.is-accepted-v2.v1')
  assert.equal(JSON.parse(event.attributes).source, '/clusters/c/namespaces/n/generic')
  assert.deepEqual(Object.keys(JSON.parse(event.data ?? '')), [
    'apiVersion',
    'kind',
    'name',
    'namespace',
    'uid',
    'milestone',
    'url',
  ])
})

test('Tekton’s own formats have no event for it', () => {
  for (const format of [formats.tektonv1, formats.tektonv2])
    for (const source of [route, sources.PipelineRun as Source])
      assert.equal(format.knows(source, 'held', defaultOptions), false)
})
