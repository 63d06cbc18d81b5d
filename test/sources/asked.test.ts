import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { askedOf } from '../../src/sources/asked.ts'
import { remainsMetadata } from '../../src/sources/remains-metadata.ts'

const object = (annotation: unknown, namespace: string | undefined = 'team-a') =>
  ({
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: { name: 'one', namespace, annotations: { 'carillon.dev/subscriptions': annotation } },
  }) as unknown as KubeObject

const long = (count: number) => Array.from({ length: count }, (_, index) => `subscription-${index}`).join(',')

const table: [what: string, annotation: unknown, asked: string[]][] = [
  ['a name: of its own namespace', 'builds', ['team-a/builds']],
  [
    'several, with spaces',
    ' builds, release-notes ,builds',
    ['team-a/builds', 'team-a/release-notes', 'team-a/builds'],
  ],
  ['one of another namespace', 'platform/builds', ['platform/builds']],
  ['nothing between commas', ',, ,', []],
  ['empty', '', []],
  ['no annotation', undefined, []],
  ['no text', 3, []],
]
for (const [what, annotation, asked] of table)
  test(`asks for subscriptions: ${what}`, () => assert.deepEqual(askedOf(object(annotation)), asked))

test('of a long list whole names are read, as many as fit into 2048 characters', () => {
  const whole = long(1000)
  const asked = askedOf(object(whole))
  const read = whole.slice(0, whole.lastIndexOf(',', 2048)).split(',')
  assert.deepEqual(
    asked,
    read.map((name) => `team-a/${name}`),
  )
})

test('what remains of an object asks for the same', () => {
  for (const annotation of ['builds, platform/audit', long(1000), long(5)]) {
    const whole = object(annotation)
    const remains = { ...whole, metadata: remainsMetadata(whole.metadata as never, {}) }
    assert.deepEqual(askedOf(remains), askedOf(whole))
  }
})

test('metadata of any shape asks for nothing', () => {
  for (const metadata of [undefined, null, 'text', [], {}, { annotations: null }, { annotations: ['x'] }])
    assert.deepEqual(askedOf({ metadata } as unknown as KubeObject), [])
})
