import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPolicy } from '../../src/api/policy.ts'
import { compileSubscription } from '../../src/operator/subscription.ts'
import { sourceNamed, sourcesOf, sourcesOfFamilies } from '../../src/sources/index.ts'
import { context, subscription } from './scene.ts'

const judge = (kind: string, group: string, namespace = 'team-a', more: object = {}) =>
  compileSubscription(subscription({ events: [{ kind, group, ...more }] }, { namespace }), context())

test('any kind in an admin namespace, those that are listed elsewhere', () => {
  assert.equal(judge('Widget', 'example.com').ok, true)
  assert.equal(judge('Certificate', 'cert-manager.io', 'admin').ok, true)
  assert.equal(judge('Pod', '', 'admin').ok, true)
  const refused = judge('Certificate', 'cert-manager.io')
  assert.deepEqual(refused, {
    ok: false,
    reason: 'KindNotAllowed',
    message:
      'Certificate.cert-manager.io is none of the kinds that subscriptions outside admin namespaces may be of: ask an admin to add it to tenantKinds in carillon-config',
  })
})

test('a kind of the same name in another group is another kind', () =>
  assert.equal(judge('Widget', 'example.org').ok, false))

test('kinds with a catalogue need no listing, however they are named', () => {
  assert.equal(judge('TaskRun', 'tekton.dev').ok, true)
  const defined = { define: [{ name: 'held', when: 'true' }] }
  assert.equal(judge('TaskRun', 'tekton.dev', 'team-a', defined).ok, true)
})

test('of the families that the operator does not read, none, and a subscription without events leaves them out', () => {
  const only = { ...context(), sources: sourcesOfFamilies(new Set(['tekton'] as const)) }
  const compile = (spec: Parameters<typeof subscription>[0]) =>
    compileSubscription(subscription(spec, { namespace: 'admin' }), only)
  assert.deepEqual(compile({ events: [{ kind: 'TaskRun' }, { kind: 'HelmRelease' }] }), {
    ok: false,
    reason: 'KindNotEnabled',
    message:
      'HelmRelease is of flux, and this operator reads only kinds of tekton: leave it out of events, or ask an admin to add flux to sources in carillon-config',
  })
  // The kinds of both groups that one is moving between, and none of them as a kind without a catalogue.
  for (const group of ['appstudio.redhat.com', 'konflux-ci.dev']) {
    const refused = compile({ events: [{ kind: 'Component', group, define: [{ name: 'held', when: 'true' }] }] })
    assert.equal(!refused.ok && refused.reason, 'KindNotEnabled')
  }
  assert.equal(compile({ events: [{ kind: 'Pod', group: '' }] }).ok, true)
  const rest = compile({})
  assert.deepEqual(rest.ok && [...rest.value.selection.kinds.keys()].toSorted(), [
    'CustomRun',
    'PipelineRun',
    'TaskRun',
  ])
  const none = compileSubscription(subscription({ formats: ['tektonv1'] }), {
    ...only,
    sources: sourcesOfFamilies(new Set(['flux'] as const)),
  })
  assert.match((!none.ok && none.message) || '', /no event for any kind that the operator reads \(flux\)$/)
})

const never: [kind: string, group: string][] = [
  ['Secret', ''],
  ['ConfigMap', ''],
  ['Secret', 'core'],
  ['ConfigMap', 'core'],
  ['TokenReview', 'authentication.k8s.io'],
  ['SelfSubjectReview', 'authentication.k8s.io'],
  ['SubjectAccessReview', 'authorization.k8s.io'],
  ['TokenRequest', 'example.com'],
  ['OAuthAccessToken', 'oauth.openshift.io'],
  ['SPIAccessToken', 'appstudio.redhat.com'],
  ['EventSink', 'carillon.dev'],
  ['EventSubscription', 'carillon.dev'],
]

for (const [kind, group] of never)
  test(`never ${kind} of group '${group}', listed or not, in no namespace`, () => {
    const tenantKinds = new Set([`${kind}.${group || 'core'}`])
    for (const namespace of ['team-a', 'admin']) {
      const object = subscription({ events: [{ kind, group }] }, { namespace })
      const refused = compileSubscription(
        object,
        context({ policy: { ...defaultPolicy, adminNamespaces: new Set(['admin']), tenantKinds } }),
      )
      assert.ok(!refused.ok)
      assert.equal(refused.reason, 'KindNotAllowed')
      assert.match(refused.message, / is never watched: .*; leave it out of events$/)
    }
  })

test('kinds that only sound like Secrets are as any other', () => {
  for (const kind of ['SealedSecret', 'Tokenizer', 'Secret']) assert.equal(judge(kind, 'example.com', 'admin').ok, true)
})

test('a source says the same group when it is found again by its name, so that what is judged is what is watched', () => {
  for (const group of ['', 'core', 'example.com'])
    for (const source of sourcesOf('Widget', group)) assert.equal(sourceNamed(source.name)?.group, source.group)
})
