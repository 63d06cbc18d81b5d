import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ExplainOptions, explainAll } from '../../../src/cli/explain/explain-all.ts'
import { cluster, subscription } from '../../operator/scene.ts'

const group = 'cert-manager.io'
const define = [
  { name: 'renewed', when: 'object.status.revision > 1', key: 'object.status.revision' },
  { name: 'marked', when: 'object.metadata.labels["a"] == "b"' },
]

const certificate = (status: object, name = 'web') => ({
  apiVersion: 'cert-manager.io/v1',
  kind: 'Certificate',
  metadata: { name, namespace: 'team-a', uid: `uid-${name}`, creationTimestamp: '2026-05-12T08:00:00Z' },
  status,
})

const document = (object: object) => ({
  from: 'here',
  kind: (object as { kind: string }).kind,
  object: object as Record<string, unknown>,
})

function explain(spec: object, objects: object[], over: Partial<ExplainOptions> & { previous?: object[] } = {}) {
  const notes: string[] = []
  const { previous = [], ...rest } = over
  const made = explainAll(
    [subscription({ startFrom: 'Earliest', ...spec }), ...objects].map(document),
    previous.map(document),
    {
      namespace: 'team-a',
      adminNamespaces: new Set(),
      tenantKinds: new Set([`Certificate.${group}`]),
      namespaceLabels: undefined,
      cluster,
      deletedAt: undefined,
      now: Date.parse('2026-05-12T09:00:00Z'),
      note: (line) => notes.push(line),
      ...rest,
    },
  )
  assert.ok(made.ok, made.ok ? '' : made.message)
  return { ...made.value, notes }
}

const events = (more: object = {}) => ({ events: [{ kind: 'Certificate', group, define, ...more }] })

describe('an object of any kind', () => {
  test('is told of by what the subscription defines, with what would be sent', () => {
    const { explanations } = explain(events(), [certificate({ revision: 2 })])
    const [renewed] = explanations.flatMap(({ milestones }) => milestones).filter(({ name }) => name === 'renewed')
    assert.equal(renewed?.verdict, 'match')
    assert.equal(renewed.class, 'derived')
    const [event] = renewed.events
    assert.equal(event?.type, 'dev.carillon.generic.certificate.renewed.v1')
    assert.match(event?.request.body ?? '', /"apiVersion":"cert-manager.io\/v1"/)
  })

  test('that shows none of it is told what that would be, or why it failed', () => {
    const { explanations } = explain(events(), [certificate({ revision: 1 })])
    assert.deepEqual(explanations[0]?.absent, [
      { name: 'renewed', class: 'derived', when: 'object.status.revision > 1' },
      { name: 'marked', class: 'observed', when: 'define marked: when: no such key: object.metadata.labels' },
    ])
  })

  test('is told of by its conditions', () => {
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-05-12T08:01:00Z' }]
    const { explanations } = explain(events({ define: undefined }), [certificate({ conditions })])
    const verdicts = explanations[0]?.milestones.map(({ name, verdict }) => `${name} ${verdict}`)
    assert.deepEqual(verdicts, ['created unselected', 'ready match'])
  })

  test('is passed over where no subscription is of its kind', () => {
    const run = { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', metadata: { name: 'a', namespace: 'team-a' } }
    const { notes } = explain({}, [certificate({}), run])
    assert.ok(
      notes.includes(
        'passed over: Certificate web: no subscription here names it, as kind: Certificate, group: cert-manager.io',
      ),
    )
  })

  test('that teams may not watch is refused, with how to say that they may', () => {
    const { refused } = explain(events(), [certificate({})], { tenantKinds: new Set() })
    assert.equal(refused[0]?.reason, 'KindNotAllowed')
    assert.match(refused[0].problems.join('\n'), /--tenant-kind/)
    assert.deepEqual(explain(events(), [certificate({})], { adminNamespaces: new Set(['team-a']) }).refused, [])
  })

  test('is explained after the state before it', () => {
    const marked = (labels: object) => ({ ...certificate({}), metadata: { ...certificate({}).metadata, labels } })
    const { explanations } = explain(events(), [marked({ a: 'b' })], { previous: [marked({ a: 'c' })] })
    assert.ok(explanations[0]?.milestones.some(({ name, verdict }) => name === 'marked' && verdict === 'match'))
  })
})
