import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { encodeAttributes, eventId, reserved, sequenceOf, sourceOf, timestamp } from '../../src/formats/attributes.ts'
import type { EncodeInput } from '../../src/formats/format.ts'
import { defaultOptions } from '../../src/formats/options.ts'
import { sources } from '../../src/sources/index.ts'
import type { Milestone, Source } from '../../src/sources/source.ts'

const uid = '5f0c9d3e-1b7a-4c55-9e0e-000000000004'
const finished: Milestone = { name: 'finished', key: 'finished', class: 'derived', time: 1772610425000, rank: 90 }

function input(extensions: Record<string, string> = {}, metadata: Partial<KubeObject['metadata']> = {}): EncodeInput {
  const named = {
    name: 'build',
    namespace: 'team-a',
    uid,
    resourceVersion: '1',
    creationTimestamp: '2026-03-04T07:46:28Z',
  }
  return {
    source: sources.TaskRun as Source,
    object: { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', metadata: { ...named, ...metadata } },
    milestone: finished,
    content: 'summary',
    options: { ...defaultOptions, extensions },
    cluster: { uri: '/clusters/c-1', urlOf: () => 'https://example.com/' },
  }
}

const head = { format: 'cloudevents', type: 'dev.example.v1', subject: 'taskrun/build' } as const

test('golden ids: equal to uuid.uuid5 of Python over the same JSON array', () => {
  const table: [string, string, Parameters<typeof eventId>[2], string, string?][] = [
    ['9c85b419-9625-5129-b763-87766ef6ecbf', 'finished', 'cloudevents', 'dev.carillon.tekton.taskrun.finished.v1'],
    ['94ebd84e-3f87-5111-b117-b38626b0706c', 'retried/1', 'cloudevents', 'dev.carillon.tekton.taskrun.retried.v1'],
    ['61847834-da07-56e8-be57-729d4083f4e7', 'finished', 'cdevents', 'dev.cdevents.artifact.signed.0.2.0', 'sha256:0a'],
    ['dcac3bbd-d94d-51a3-b997-fef65137de6a', 'skipped/bäcker', 'tektonv1', 'x'],
  ]
  for (const [id, key, format, type, part] of table) assert.equal(eventId(uid, key, format, type, part), id)
})

test('ids differ in each field, also where a field holds what separates them', () => {
  const ids = [
    eventId(uid, 'finished', 'cloudevents', 't'),
    eventId('other', 'finished', 'cloudevents', 't'),
    eventId(uid, 'started', 'cloudevents', 't'),
    eventId(uid, 'finished', 'cdevents', 't'),
    eventId(uid, 'finished', 'cloudevents', 'u'),
    eventId(uid, 'finished', 'cloudevents', 't', 'p'),
    eventId(uid, 'finished","cloudevents","t', 'cloudevents', 't'),
    eventId(uid, 'skipped/a\ud800', 'cloudevents', 't'),
    eventId(uid, 'skipped/a\ud801', 'cloudevents', 't'),
  ]
  assert.equal(new Set(ids).size, ids.length)
})

test('sequence has a fixed width and sorts as text by time, then by rank', () => {
  const sequence = (time: number, rank: number) => sequenceOf({ ...finished, time, rank })
  assert.equal(sequence(1772610425000, 90), '00177261042500090')
  const ordered = [
    sequence(0, 0),
    sequence(999, 95),
    sequence(1000, 0),
    sequence(1000, 9),
    sequence(1000, 90),
    sequence(253402300799999, 0),
  ]
  assert.deepEqual(ordered.toSorted(), ordered)
  assert.deepEqual(new Set(ordered.map((text) => text.length)), new Set([17]))
})

test('source is the cluster, the namespace and the family', () => {
  assert.equal(sourceOf(input()), '/clusters/c-1/namespaces/team-a/tekton')
  const clusterScoped = input()
  delete clusterScoped.object.metadata.namespace
  assert.equal(sourceOf(clusterScoped), '/clusters/c-1/tekton')
})

test('timestamp is RFC 3339 with milliseconds in UTC', () => {
  assert.equal(timestamp(1772610425007), '2026-03-04T07:47:05.007Z')
})

test('attributes stand in spec order, then ours, then the subscription’s', () => {
  const { id, attributes } = encodeAttributes(input({ team: 'payments' }), {
    ...head,
    extensions: { uid, outcome: 'success' },
  })
  assert.deepEqual(Object.entries(JSON.parse(attributes)), [
    ['specversion', '1.0'],
    ['id', id],
    ['source', '/clusters/c-1/namespaces/team-a/tekton'],
    ['type', 'dev.example.v1'],
    ['subject', 'taskrun/build'],
    ['time', '2026-03-04T07:47:05.000Z'],
    ['datacontenttype', 'application/json'],
    ['sequence', '00177261042500090'],
    ['namespace', 'team-a'],
    ['uid', uid],
    ['outcome', 'success'],
    ['team', 'payments'],
  ])
  assert.equal(id, eventId(uid, 'finished', 'cloudevents', 'dev.example.v1'))
})

test('what a format gives itself is taken as it is', () => {
  const given = { ...head, id: 'an-id', source: '/apis/x', time: '2026-01-01T00:00:00.000Z', hasData: false }
  const attributes = JSON.parse(encodeAttributes(input(), given).attributes)
  assert.equal(attributes.id, 'an-id')
  assert.equal(attributes.source, '/apis/x')
  assert.equal(attributes.time, '2026-01-01T00:00:00.000Z')
  assert.equal('datacontenttype' in attributes, false)
  assert.equal(
    encodeAttributes(input(), { ...head, part: 'a' }).id,
    eventId(uid, 'finished', 'cloudevents', head.type, 'a'),
  )
})

test('a subscription overrides no attribute and no extension of ours, not even one that is absent', () => {
  const own = { uid }
  const names = [...reserved, ...Object.keys(own)]
  const forged = Object.fromEntries(names.map((name) => [name, 'forged']))
  const { attributes } = encodeAttributes(input({ ...forged, team: 'a' }), { ...head, hasData: false, extensions: own })
  assert.equal(attributes.includes('forged'), false)
  assert.equal(new Set(attributes.match(/"[a-z]+":/g)).size, attributes.match(/"[a-z]+":/g)?.length)
  assert.equal(JSON.parse(attributes).team, 'a')
})

test('what a CloudEvents string may not hold becomes U+FFFD', () => {
  const subject = 'a\u0000b\r\nc\u0085d\ud800e\uffff😀ü"\\'
  const attributes = JSON.parse(encodeAttributes(input(), { ...head, subject }).attributes)
  assert.equal(attributes.subject, 'a\ufffdb\ufffd\ufffdc\ufffdd\ufffde\ufffd😀ü"\\')
})
