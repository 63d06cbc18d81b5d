import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../../src/api/object.ts'
import type { Lookup } from '../../../../src/formats/format.ts'
import { chainIdOf } from '../../../../src/formats/mapping/chain.ts'
import type { Source } from '../../../../src/sources/source.ts'

const sha = '6feccf53bf4a89e8293eadf3d69cfe49d3244f2d'
const repository = 'https://git.example.com/team-a/app'
const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
// Equal to uuid.uuid5 of Python over ["chain", repository, commit], as in ../chain.test.ts.
const ofCommit = '1c7e7e9d-d6e0-5a75-8a93-bb9a0076129a'
const traced = '4bf92f35-77b3-4da6-a3ce-929d0e0e4736'

const built = { 'pipelinesascode.tekton.dev/sha': sha, 'pipelinesascode.tekton.dev/repo-url': repository }
const copied = {
  'pac.test.appstudio.openshift.io/sha': sha,
  'pac.test.appstudio.openshift.io/repo-url': repository,
}
const spans = { 'tekton.dev/pipelinerunSpanContext': JSON.stringify({ traceparent: trace }) }

type Given = { annotations?: object; labels?: object; spec?: object; name?: string }

function chainOf(kind: string, { annotations = {}, labels = {}, spec = {}, name = 'app-1' }: Given, known?: Lookup) {
  const metadata = { name, namespace: 'team-a', uid: '9e0b4c7e-8f0a-4d0c-9b59-0a1b2c3d4e5f', annotations, labels }
  return chainIdOf(
    { name: kind, kind } as Source,
    { apiVersion: 'v1', kind, metadata, spec } as unknown as KubeObject,
    known,
  )
}

const own = '9e0b4c7e-8f0a-4d0c-9b59-0a1b2c3d4e5f'
const component = (name: string, revision = sha) => ({
  name,
  containerImage: `quay.io/team-a/${name}@sha256:${'0'.repeat(64)}`,
  source: { git: { url: `${repository}.git`, revision } },
})

test('one commit is one chain from build to release, by what Konflux copies', () => {
  assert.equal(chainOf('PipelineRun', { annotations: built }), ofCommit)
  for (const kind of ['Snapshot', 'PipelineRun', 'TaskRun', 'Release'])
    assert.equal(chainOf(kind, { annotations: copied }), ofCommit, kind)
})

test('one trace is one chain from build to release', () => {
  for (const kind of ['PipelineRun', 'Snapshot', 'Release'])
    assert.equal(chainOf(kind, { annotations: { ...copied, ...spans } }), traced, kind)
})

test('a Snapshot without annotations has the commit of the component that it was made for', () => {
  const components = [component('other', 'a'.repeat(40)), component('app')]
  const labels = { 'appstudio.openshift.io/component': 'app' }
  assert.equal(chainOf('Snapshot', { labels, spec: { components } }), ofCommit)
  assert.equal(chainOf('Snapshot', { spec: { components: [component('app')] } }), ofCommit)
  assert.equal(chainOf('Snapshot', { spec: { components } }), own)
  assert.equal(chainOf('Snapshot', { spec: { components: [component('app', 'main')] } }), own)
})

test('a Snapshot that was put together from several builds is a chain with its tests, not with one of the builds', () => {
  for (const type of ['group', 'override']) {
    const label = { 'test.appstudio.openshift.io/type': type }
    const annotations = { ...copied, ...spans }
    const chain = chainOf('Snapshot', { annotations, labels: label, name: 'app-20260304' })
    assert.notEqual(chain, ofCommit)
    assert.notEqual(chain, traced)
    const labels = { ...label, 'appstudio.openshift.io/snapshot': 'app-20260304' }
    for (const kind of ['PipelineRun', 'TaskRun']) assert.equal(chainOf(kind, { annotations, labels }), chain, kind)
    assert.notEqual(chainOf('Snapshot', { labels: label, name: 'app-20260305' }), chain)
  }
})

test('a Release has the chain of its Snapshot, where that is known, else by its own annotations', () => {
  const known: Lookup = (source, namespace, name) =>
    [source, namespace, name].join() === 'Snapshot,team-a,app-20260304'
      ? { uid: 'u', chain: traced, keys: [] }
      : undefined
  const given = { annotations: copied, spec: { snapshot: 'app-20260304' } }
  assert.equal(chainOf('Release', given, known), traced)
  assert.equal(chainOf('Release', given), ofCommit)
  assert.equal(chainOf('Release', { ...given, spec: { snapshot: 'another' } }, known), ofCommit)
  assert.equal(chainOf('Release', {}, known), own)
  assert.equal(chainOf('PipelineRun', { ...given, annotations: {} }, known), own)
})

test('what is odd in them makes no difference to anybody else', () => {
  for (const spec of [
    { components: 7 },
    { components: [null, 'a'] },
    { components: [{ source: { git: { url: {}, revision: 1 } } }] },
  ])
    assert.equal(chainOf('Snapshot', { spec }), own)
  assert.equal(
    chainOf('Release', { spec: { snapshot: {} } }, () => assert.fail()),
    own,
  )
})
