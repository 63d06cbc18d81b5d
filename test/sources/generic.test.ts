import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { genericSource, readGenericName } from '../../src/sources/generic.ts'
import { sourceFor, sourceNamed, sources, sourcesOf } from '../../src/sources/index.ts'

const at = '2026-05-12T08:00:40Z'
const ms = Date.parse(at)
const written = '2026-05-12T08:05:00Z'

const condition = (type: string, status: string, more: object = {}) => ({
  type,
  status,
  reason: 'Because',
  message: 'so it is',
  lastTransitionTime: at,
  ...more,
})

function widget(conditions: unknown, more: { status?: object; metadata?: object } = {}): KubeObject {
  const metadata = {
    name: 'blue',
    namespace: 'shop',
    uid: 'u',
    resourceVersion: '1',
    generation: 2,
    creationTimestamp: '2026-05-12T08:00:00Z',
    managedFields: [{ time: written }],
    ...more.metadata,
  }
  return {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata,
    status: { conditions, ...more.status },
  } as KubeObject
}

const source = genericSource('Widget', 'example.com')

/** Besides `created`. */
const told = (object: KubeObject) => source.milestones(object).flatMap(({ key }) => (key === 'created' ? [] : [key]))

const ready = `ready/${ms}`
const failed = `failed/${ms}`

const cases: [name: string, object: KubeObject, keys: string[]][] = [
  ['Ready is True', widget([condition('Ready', 'True')]), [ready]],
  ['Ready is False', widget([condition('Ready', 'False')]), []],
  ['Ready is Unknown', widget([condition('Ready', 'Unknown')]), []],
  ['nothing is said', widget([]), []],
  ['there are no conditions', widget(undefined), []],
  ['only some other condition is True', widget([condition('Synced', 'True')]), []],
  ['Available is True', widget([condition('Available', 'True')]), [ready]],
  ['Available is True, and Ready is not', widget([condition('Available', 'True'), condition('Ready', 'False')]), []],
  ['a Job is Complete', widget([condition('Complete', 'True')]), [ready]],
  ['a Job has Failed', widget([condition('Failed', 'True')]), [failed]],
  ['Succeeded is True', widget([condition('Succeeded', 'True')]), [ready]],
  ['Succeeded is False', widget([condition('Succeeded', 'False')]), [failed]],
  ['Succeeded is Unknown', widget([condition('Succeeded', 'Unknown')]), []],
  ['Stalled is True', widget([condition('Ready', 'False'), condition('Stalled', 'True')]), [failed]],
  ['Stalled is False', widget([condition('Ready', 'True'), condition('Stalled', 'False')]), [ready]],
  ['Reconciling is True', widget([condition('Ready', 'True'), condition('Reconciling', 'True')]), []],
  ['Reconciling comes first', widget([condition('Reconciling', 'True'), condition('Stalled', 'True')]), []],
  ['Stalled comes first', widget([condition('Stalled', 'True'), condition('Reconciling', 'True')]), [failed]],
  [
    'a Deployment does not get on',
    widget([condition('Available', 'True'), condition('Progressing', 'False', { reason: 'ProgressDeadlineExceeded' })]),
    [failed],
  ],
  ['Progressing is False for another reason', widget([condition('Progressing', 'False')]), []],
  [
    'the controller has not seen the generation',
    widget([condition('Ready', 'True')], { status: { observedGeneration: 1 } }),
    [],
  ],
  [
    'the controller has seen the generation',
    widget([condition('Ready', 'True')], { status: { observedGeneration: 2 } }),
    [ready],
  ],
  ['it is being deleted', widget([condition('Ready', 'True')], { metadata: { deletionTimestamp: at } }), []],
  ['the condition has no time', widget([condition('Ready', 'True', { lastTransitionTime: undefined })]), ['ready']],
]

for (const [name, object, keys] of cases)
  test(`${name}: ${keys.join() || 'neither ready nor failed'}`, () => assert.deepEqual(told(object), keys))

test('a milestone has the time, reason and message of its condition', () => {
  const [, milestone] = source.milestones(widget([condition('Ready', 'True')]))
  const { time, reason, message, class: of, undated } = milestone ?? {}
  assert.deepEqual([time, reason, message, of, undated], [ms, 'Because', 'so it is', 'derived', undefined])
})

test('without a time of its own it has that of the last write, and is judged once', () => {
  const [, milestone] = source.milestones(widget([condition('Ready', 'True', { lastTransitionTime: 'soon' })]))
  assert.deepEqual([milestone?.key, milestone?.time, milestone?.undated], ['ready', Date.parse(written), true])
})

test('a source is found again by its name, as it stands on disk', () => {
  const names: [kind: string, group: string, name: string][] = [
    ['Certificate', 'cert-manager.io', 'Certificate.cert-manager.io'],
    ['Pod', '', 'Pod.core'],
    ['PipelineRun', 'example.com', 'PipelineRun.example.com'],
  ]
  for (const [kind, group, name] of names) {
    const [one, ...more] = sourcesOf(kind, group)
    assert.deepEqual([one?.name, one?.kind, one?.group, one?.family, more.length], [name, kind, group, 'generic', 0])
    const { name: again, kind: ofKind, group: ofGroup } = sourceNamed(name) ?? {}
    assert.deepEqual([again, ofKind, ofGroup], [name, kind, group])
  }
})

test('a kind with a catalogue keeps it, by whichever name', () => {
  for (const one of Object.values(sources)) {
    assert.deepEqual(sourcesOf(one.kind, one.group), [one])
    assert.equal(sourceNamed(one.name), one)
    if (one.name !== `${one.kind}.${one.group}`) assert.equal(sourceNamed(`${one.kind}.${one.group}`), undefined)
  }
  assert.deepEqual(sourcesOf('Certificate'), [], 'without a group nobody knows which')
})

test('what is no name of a source is none', () => {
  for (const name of [
    '',
    'Pod',
    'pod.core',
    'Pod.',
    '.core',
    'Pod.Core',
    'Pod.a..b',
    'Pod core',
    '__proto__',
    'P/x.core',
  ])
    assert.deepEqual([readGenericName(name), sourceNamed(name)], [undefined, undefined], name)
})

test('an object is read by the source of its kind and group', () => {
  assert.equal(sourceFor({ apiVersion: 'tekton.dev/v1beta1', kind: 'TaskRun' })?.name, 'TaskRun')
  assert.equal(sourceFor({ apiVersion: 'v1', kind: 'Pod' })?.name, 'Pod.core')
  assert.equal(sourceFor({ apiVersion: '', kind: '' }), undefined)
})
