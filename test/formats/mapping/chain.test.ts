import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import { chainIdOf } from '../../../src/formats/mapping/chain.ts'
import { input, run, sourceOf, toldBy } from '../runs.ts'
import { only } from './official.ts'

const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const traced = '4bf92f35-77b3-4da6-a3ce-929d0e0e4736'
const carrier = JSON.stringify({ traceparent: trace })
const sha = '6feccf53bf4a89e8293eadf3d69cfe49d3244f2d'
const parent = '0d3f6e63-0e54-4d67-8f0f-5a1c9c3b7f21'

type Metadata = { annotations?: Record<string, unknown>; labels?: Record<string, unknown>; ownerReferences?: unknown[] }

const given = (name: string, { annotations = {}, labels = {}, ownerReferences = [] }: Metadata): KubeObject => {
  const object = run(name)
  return { ...object, metadata: { ...object.metadata, annotations, labels, ownerReferences } } as KubeObject
}

const chainOf = (name: string, metadata: Metadata) => {
  const object = given(name, metadata)
  return chainIdOf(sourceOf(object.kind), object)
}

const pac = {
  'pipelinesascode.tekton.dev/sha': sha,
  'pipelinesascode.tekton.dev/repo-url': 'https://git.example.com/team-a/app',
}

describe('a chain is', () => {
  const own = run('pipelinerun-rich').metadata.uid
  const rows: [what: string, metadata: Metadata, chain: string][] = [
    ['the run itself', {}, own],
    ['what the annotation says, a UUID', { annotations: { 'carillon.dev/chain-id': parent.toUpperCase() } }, parent],
    [
      'a UUID of what else the annotation says, before the trace',
      {
        annotations: { 'carillon.dev/chain-id': ' release 2026-11 ', 'tekton.dev/pipelinerunSpanContext': carrier },
      },
      'b606a911-0e10-58d7-afcc-462b06b1a1dd',
    ],
    ['no empty annotation', { annotations: { 'carillon.dev/chain-id': ' ' } }, own],
    ['its trace', { annotations: { 'tekton.dev/pipelinerunSpanContext': carrier } }, traced],
    ['its trace, bare', { annotations: { 'tekton.dev/pipelinerunSpanContext': trace } }, traced],
    [
      'no trace of zeros',
      { annotations: { 'tekton.dev/pipelinerunSpanContext': `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` } },
      own,
    ],
    ['no map without a trace', { annotations: { 'tekton.dev/pipelinerunSpanContext': '{}' } }, own],
    ['the trace before the commit', { annotations: { ...pac, 'tekton.dev/pipelinerunSpanContext': carrier } }, traced],
    [
      'the PipelineRun, not the one around it, whose tasks could not know that',
      { labels: { 'tekton.dev/pipelineRunUID': parent.replace('0', '1') } },
      own,
    ],
  ]
  for (const [what, metadata, chain] of rows) {
    test(what, () => assert.equal(chainOf('pipelinerun-rich', metadata), chain))
  }
})

// Equal to uuid.uuid5 of Python over ["chain", repository, commit].
describe('a commit is one chain', () => {
  const chain = '1c7e7e9d-d6e0-5a75-8a93-bb9a0076129a'
  const rows: [what: string, metadata: Metadata][] = [
    ['of Pipelines as Code', { annotations: pac }],
    [
      'with the commit in a label',
      {
        annotations: { 'pipelinesascode.tekton.dev/repo-url': 'https://git.example.com/team-a/app' },
        labels: { 'pipelinesascode.tekton.dev/sha': sha },
      },
    ],
    [
      'of a Konflux test or release, which the build’s annotations are copied to',
      {
        annotations: {
          'pac.test.appstudio.openshift.io/sha': sha,
          'pac.test.appstudio.openshift.io/repo-url': 'https://git.example.com/team-a/app',
        },
      },
    ],
    [
      'of a Konflux build',
      {
        annotations: {
          'build.appstudio.redhat.com/commit_sha': sha.toUpperCase(),
          'build.appstudio.openshift.io/repo': `https://GIT.example.com/team-a/app.git?rev=${sha}`,
        },
      },
    ],
    [
      'in the group that is to come, by ssh',
      {
        annotations: {
          'build.konflux-ci.dev/commit_sha': sha,
          'build.konflux-ci.dev/repo': 'git@git.example.com:team-a/app.git',
        },
      },
    ],
  ]
  for (const [what, metadata] of rows) {
    test(what, () => assert.equal(chainOf('pipelinerun-rich', metadata), chain))
  }

  test('another repository or commit is another', () => {
    const repository = { ...pac, 'pipelinesascode.tekton.dev/repo-url': 'https://git.example.com/team-b/app' }
    const commit = { ...pac, 'pipelinesascode.tekton.dev/sha': sha.replace('6', '7') }
    const chains = [repository, commit].map((annotations) => chainOf('pipelinerun-rich', { annotations }))
    assert.equal(new Set([...chains, chain]).size, 3)
  })

  test('half of it is none', () => {
    const { uid } = run('pipelinerun-rich').metadata
    for (const annotations of [
      { 'pipelinesascode.tekton.dev/sha': sha },
      { ...pac, 'pipelinesascode.tekton.dev/sha': 'main' },
      { ...pac, 'pipelinesascode.tekton.dev/repo-url': 'app' },
      { ...pac, 'pipelinesascode.tekton.dev/repo-url': 'https://git.example.com/' },
      { ...pac, 'pipelinesascode.tekton.dev/repo-url': { a: 1 } },
    ]) {
      assert.equal(chainOf('pipelinerun-rich', { annotations }), uid, JSON.stringify(annotations))
    }
  })
})

describe('the chain of a run that is part of a PipelineRun', () => {
  const labels = { 'tekton.dev/pipelineRunUID': parent, 'tekton.dev/pipelineRun': 'release-9' }
  const owner = { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', name: 'release-9', uid: parent, controller: true }

  for (const [what, annotations] of Object.entries({
    'an annotation': { 'carillon.dev/chain-id': 'release' },
    'a trace': { 'tekton.dev/pipelinerunSpanContext': carrier },
    'a commit': pac,
    nothing: {},
  })) {
    test(`that has ${what} is the PipelineRun's`, () => {
      const whole = given('pipelinerun-rich', { annotations })
      assert.equal(whole.metadata.uid, parent)
      const chain = chainIdOf(sourceOf('PipelineRun'), whole)
      // Tekton copies annotations and labels; it adds its own span, of the same trace or of one that only the status tells of.
      const copied = { ...annotations, 'tekton.dev/taskrunSpanContext': carrier.replace('4bf', 'abc') }
      for (const name of ['taskrun-retried', 'customrun-bare']) {
        assert.equal(chainOf(name, { annotations: copied, labels }), chain)
        assert.equal(chainOf(name, { annotations: copied, ownerReferences: [owner] }), chain)
      }
    })
  }

  test('is that of its owner, whatever the labels say', () => {
    const forged = { ...labels, 'tekton.dev/pipelineRunUID': 'another' }
    assert.equal(chainOf('taskrun-retried', { labels: forged, ownerReferences: [owner] }), parent)
  })

  test('is its own where what owns it is no PipelineRun of Tekton’s', () => {
    const { uid } = run('taskrun-retried').metadata
    for (const other of [
      { ...owner, apiVersion: 'batch/v1' },
      { ...owner, kind: 'Job' },
      { ...owner, controller: false },
      null,
      7,
    ]) {
      assert.equal(chainOf('taskrun-retried', { ownerReferences: [other] }), uid)
    }
  })
})

test('a lone run has the trace of its own kind’s annotation', () => {
  assert.equal(chainOf('taskrun-retried', { annotations: { 'tekton.dev/taskrunSpanContext': carrier } }), traced)
  assert.equal(chainOf('customrun-bare', { annotations: { 'tekton.dev/customrunSpanContext': carrier } }), traced)
  const { uid } = run('customrun-bare').metadata
  assert.equal(chainOf('customrun-bare', { annotations: { 'tekton.dev/taskrunSpanContext': carrier } }), uid)
})

test('a run has one chain all its life: what Tekton writes into the status changes nothing', () => {
  const object = run('pipelinerun-rich')
  const early = { ...object, status: {} }
  const chainId = only(input(early, toldBy(early, 'queued'))).data.context.chainId
  for (const name of ['started', 'finished', 'signed']) {
    assert.equal(only(input(object, toldBy(object, name))).data.context.chainId, chainId)
  }
})

test('what is kept of a run, should it go unseen, has its chain, whatever else the run is annotated with', () => {
  const rest = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`a${n}.example.com/note`, 'x'.repeat(200)]))
  const long = JSON.stringify({ tracestate: 'x'.repeat(600), traceparent: trace })
  for (const annotations of [
    { ...rest, 'carillon.dev/chain-id': 'x'.repeat(1000) },
    { ...rest, 'carillon.dev/chain-id': 'x'.repeat(1025), ...pac },
    { ...rest, 'tekton.dev/pipelinerunSpanContext': long },
    { ...rest, ...pac },
  ]) {
    const object = given('pipelinerun-bare', { annotations })
    const source = sourceOf('PipelineRun')
    const remains = source.remains(object)
    assert.ok(remains)
    assert.equal(chainIdOf(source, remains), chainIdOf(source, object))
    assert.notEqual(chainIdOf(source, object), object.metadata.uid)
  }
})
