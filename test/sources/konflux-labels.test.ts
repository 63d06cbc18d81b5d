import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import {
  applicationOf,
  applicationOrGroupOf,
  commitOf,
  componentGroupOf,
  componentOf,
  contextOf,
  isOptional,
  releaseOf,
  runTypeOf,
  scenarioOf,
  snapshotOf,
  versionOf,
} from '../../src/sources/konflux-labels.ts'

type Marks = Record<string, unknown>

const run = (labels: Marks, annotations: Marks = {}, spec: Marks = {}) =>
  ({ kind: 'PipelineRun', metadata: { name: 'a', labels, annotations }, spec }) as unknown as KubeObject

const old = 'pipelines.appstudio.openshift.io/type'
const sha = '6feccf53bf4a89e8293eadf3d69cfe49d3244f2d'
const cut = 'x'.repeat(63)
const whole = `${cut}-and-more`

const cases: [what: string, read: (object: KubeObject) => unknown, object: KubeObject, expected: unknown][] = [
  ['type, old', runTypeOf, run({ [old]: 'test' }), 'test'],
  ['type, new', runTypeOf, run({ 'pipelines.konflux-ci.dev/type': 'build' }), 'build'],
  ['both types: the new one', runTypeOf, run({ [old]: 'test', 'pipelines.konflux-ci.dev/type': 'build' }), 'build'],
  ['a type as an annotation is none', runTypeOf, run({}, { [old]: 'build' }), undefined],
  ['an unknown type is none', runTypeOf, run({ [old]: 'Build' }), undefined],
  ['a nudge is not typed so by that label', runTypeOf, run({ [old]: 'nudge' }), undefined],
  ['a nudge by its own', runTypeOf, run({ 'build.appstudio.redhat.com/type': 'nudge' }), 'nudge'],
  ['the type before that', runTypeOf, run({ [old]: 'build', 'build.appstudio.redhat.com/type': 'nudge' }), 'build'],
  ['an update', runTypeOf, run({ 'mintmaker.appstudio.redhat.com/namespace': 'team-a' }), 'update'],
  ['no label', runTypeOf, run({}), undefined],
  ['no metadata', runTypeOf, {} as KubeObject, undefined],

  ['component, old', componentOf, run({ 'appstudio.openshift.io/component': 'ui' }), 'ui'],
  ['component, new', componentOf, run({ 'build.konflux-ci.dev/component': 'ui' }), 'ui'],
  ['component of an update', componentOf, run({ 'mintmaker.appstudio.redhat.com/component': 'ui' }), 'ui'],
  [
    'a component that was cut off, and is whole in an annotation',
    componentOf,
    run({ 'appstudio.openshift.io/component': cut }, { 'appstudio.openshift.io/component': whole }),
    whole,
  ],
  [
    'an annotation of something else',
    componentOf,
    run({ 'appstudio.openshift.io/component': 'ui' }, { 'appstudio.openshift.io/component': 'backend' }),
    'ui',
  ],
  [
    'no component of a group',
    componentOf,
    run({ 'appstudio.openshift.io/component': 'ui', 'test.appstudio.openshift.io/type': 'group' }),
    undefined,
  ],
  ['no name', componentOf, run({}, { 'build.konflux-ci.dev/component': 'a b\n' }), undefined],
  ['too long for a name', componentOf, run({}, { 'build.konflux-ci.dev/component': 'a'.repeat(254) }), undefined],

  ['application', applicationOf, run({ 'appstudio.openshift.io/application': 'shop' }), 'shop'],
  [
    'application of a spec',
    applicationOf,
    run({ 'appstudio.openshift.io/application': cut }, {}, { application: whole }),
    whole,
  ],
  ['group', componentGroupOf, run({ 'appstudio.openshift.io/component-group': 'shop' }), 'shop'],
  ['group of a spec', componentGroupOf, run({}, {}, { componentGroup: 'shop' }), 'shop'],
  [
    'either: the group',
    applicationOrGroupOf,
    run({}, {}, { componentGroup: 'b' }),
    { kind: 'ComponentGroup', name: 'b' },
  ],
  [
    'either: the application',
    applicationOrGroupOf,
    run({}, {}, { application: 'a' }),
    { kind: 'Application', name: 'a' },
  ],
  ['neither', applicationOrGroupOf, run({}), undefined],

  ['version, old', versionOf, run({}, { 'appstudio.openshift.io/version': 'release/1.0' }), 'release/1.0'],
  ['version, new', versionOf, run({}, { 'build.konflux-ci.dev/version': 'main' }), 'main'],
  ['a version of several lines', versionOf, run({}, { 'build.konflux-ci.dev/version': 'main\nce-type: x' }), undefined],
  ['context', contextOf, run({}, { 'build.konflux-ci.dev/context': './app' }), './app'],

  ['commit of the build', commitOf, run({}, { 'build.appstudio.redhat.com/commit_sha': sha.toUpperCase() }), sha],
  ['commit, new', commitOf, run({}, { 'build.konflux-ci.dev/commit_sha': sha }), sha],
  ['commit by label', commitOf, run({ 'pac.test.appstudio.openshift.io/sha': sha }), sha],
  ['a short commit', commitOf, run({ 'pipelinesascode.tekton.dev/sha': sha.slice(0, 7) }), undefined],
  [
    'no commit of a group',
    commitOf,
    run({ 'test.appstudio.openshift.io/type': 'group' }, { 'build.konflux-ci.dev/commit_sha': sha }),
    undefined,
  ],

  ['snapshot of a build', snapshotOf, run({ [old]: 'build' }, { 'appstudio.openshift.io/snapshot': 's-1' }), 's-1'],
  ['snapshot of a test', snapshotOf, run({ [old]: 'test', 'appstudio.openshift.io/snapshot': 's-1' }), 's-1'],
  ['a copied snapshot', snapshotOf, run({ [old]: 'test' }, { 'appstudio.openshift.io/snapshot': 's-1' }), undefined],
  [
    'a copied snapshot beside the own',
    snapshotOf,
    run({ [old]: 'test', 'appstudio.openshift.io/snapshot': 's-2' }, { 'appstudio.openshift.io/snapshot': 's-1' }),
    's-2',
  ],
  ['snapshot of a Release', snapshotOf, run({}, {}, { snapshot: 's-1' }), 's-1'],

  ['scenario', scenarioOf, run({ 'test.appstudio.openshift.io/scenario': 'ec' }), 'ec'],
  ['optional', isOptional, run({ 'test.appstudio.openshift.io/optional': 'true' }), true],
  ['required', isOptional, run({ 'test.appstudio.openshift.io/optional': 'false' }), false],
  ['nobody says', isOptional, run({}), undefined],

  [
    'release',
    releaseOf,
    run({ 'release.appstudio.openshift.io/name': 'r', 'release.appstudio.openshift.io/namespace': 'team-a' }),
    { name: 'r', namespace: 'team-a' },
  ],
  [
    'a release that was cut off, whole in an annotation',
    releaseOf,
    run(
      { 'release.appstudio.openshift.io/name': cut },
      {
        'operator-sdk/primary-resource': `team-a/${whole}`,
        'operator-sdk/primary-resource-type': 'Release.appstudio.redhat.com',
      },
    ),
    { name: whole, namespace: 'team-a' },
  ],
  [
    'the owner is no release',
    releaseOf,
    run({}, { 'operator-sdk/primary-resource': 'a/b', 'operator-sdk/primary-resource-type': 'Pod' }),
    undefined,
  ],
  ['no release', releaseOf, run({}), undefined],
]

for (const [what, read, object, expected] of cases)
  test(`${read.name}: ${what}`, () => assert.deepEqual(read(object), expected))

test('labels and annotations of any type are read without throwing', () => {
  const reads = [...new Set(cases.map(([, read]) => read))]
  for (const odd of [null, 7, 'x', [], [[]], { [old]: {} }, { [old]: 7 }])
    for (const object of [{ metadata: odd }, { metadata: { labels: odd, annotations: odd } }, { spec: odd }])
      for (const read of reads) read(object as unknown as KubeObject)
})
