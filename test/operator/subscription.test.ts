import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Format } from '../../src/formats/format.ts'
import { formats } from '../../src/formats/index.ts'
import { rememberingReader } from '../../src/formats/user-events/annotation.ts'
import { compileSubscription } from '../../src/operator/subscription.ts'
import { sources } from '../../src/sources/index.ts'
import { context, emitter, type SubscriptionSpec, subscription } from './scene.ts'

test('a subscription that says nothing takes the default milestones of all kinds in its own format', () => {
  const { selection, formats, sinks, clusterWide, key, uid, namespace } = emitter('builds')
  const defaults = Object.values(sources).map(({ name, catalogue }): [string, Set<string>] => [
    name,
    new Set(catalogue.filter((row) => row.default).map((row) => row.name)),
  ])
  assert.deepEqual(selection.kinds, new Map(defaults.filter(([, names]) => names.size > 0)))
  assert.deepEqual(selection.kinds.get('TaskRun'), new Set(['started', 'finished']))
  assert.deepEqual(
    formats.map(({ format, steps }) => [format.name, steps.map(({ name }) => name)]),
    [['cloudevents', ['summary']]],
  )
  assert.deepEqual(sinks, [{ key: 'team-a/qe', maxEventBytes: 65_536 }])
  assert.deepEqual([key, uid, namespace, clusterWide], ['team-a/builds', 'uid-builds', 'team-a', false])
})

test('a kind that no format of the subscription has an event for is left out', () => {
  const runsOnly: Format = { ...formats.cdevents, knows: ({ kind }) => kind === 'PipelineRun' }
  const known = (spec: Partial<SubscriptionSpec>) => [
    ...emitter('builds', spec, { formats: { ...formats, cdevents: runsOnly } }).selection.kinds.keys(),
  ]
  assert.deepEqual(known({ formats: ['cdevents'] }), ['PipelineRun'])
  assert.deepEqual(known({ formats: ['cdevents', 'tektonv1'] }), ['TaskRun', 'PipelineRun', 'CustomRun'])
})

test("each sink's limit is its own", () => {
  const limits = (key: string) => (key === 'team-a/small' ? 100 : 1000)
  const { sinks } = emitter('builds', { sinks: [{ name: 'qe' }, { name: 'small' }] }, { maxEventBytes: limits })
  assert.deepEqual(sinks, [
    { key: 'team-a/qe', maxEventBytes: 1000 },
    { key: 'team-a/small', maxEventBytes: 100 },
  ])
})

test('two subscriptions have the same form only where the same milestone gives the same bytes', () => {
  const form = (spec: Partial<SubscriptionSpec>) =>
    emitter('builds', spec)
      .formats.map(({ steps, form }) => `${steps[0].name} ${form}`)
      .join()
  assert.equal(form({}), form({ data: { content: 'summary' }, extensions: {}, filter: 'true' }))
  const forms = [
    form({}),
    form({ data: { content: 'full' } }),
    form({ data: { content: 'none' } }),
    form({ data: { include: ['/status/results'] } }),
    form({ data: { redact: ['/spec/params'] } }),
    form({ extensions: { a: 'b' } }),
    form({ extensions: { a: 'c' } }),
    form({ formats: ['cdevents'] }),
    form({ formats: ['cdevents'], cdevents: { specVersion: '0.5.1' } }),
    form({ formats: ['cdevents'], userEvents: { types: ['dev.cdevents.artifact.published'] } }),
    form({ formats: ['tektonv1'] }),
    form({ formats: ['tektonv1'], tekton: { source: 'classic' } }),
    form({ formats: ['tektonv1'], tekton: { mode: 'eachChange' } }),
    form({ formats: ['cdevents'], cdevents: { profile: 'sdk-go' } }),
    form({ formats: ['cdevents'], cdevents: { outcomes: { TaskRunTimeout: 'failure' } } }),
    form({ formats: ['cdevents'], userEvents: { types: ['dev.cdevents.artifact.published'], only: true } }),
    form({ body: 'event.type' }),
    form({ body: 'event.id' }),
    // Neither reads data, of which alone there is less; both could speak of `late`.
    form({ body: 'event.type', data: { content: 'full' } }),
    form({ body: 'event.type', data: { content: 'none' } }),
  ]
  assert.equal(new Set(forms).size, forms.length)
})

test('a namespaceSelector is for admin namespaces', () => {
  const wide = subscription({ namespaceSelector: {} }, { namespace: 'admin' })
  const compiled = compileSubscription(wide, context())
  assert.ok(compiled.ok && compiled.value.clusterWide)
  assert.deepEqual(compileSubscription(subscription({ namespaceSelector: {} }), context()), {
    ok: false,
    reason: 'NamespaceSelectorNotAllowed',
    message:
      'namespaceSelector is for admin namespaces only, and team-a is none: leave it out, or ask an admin for a cluster-wide subscription',
  })
})

test('what can not become right by waiting is refused with what is allowed', () => {
  const cases: [spec: Record<string, unknown>, reason: string, message: RegExp][] = [
    [{ filter: 'object.' }, 'FilterInvalid', /line 1/],
    [{ filter: 'objekt.spec' }, 'FilterInvalid', /objekt/],
    [{ filter: '1 + 1' }, 'FilterInvalid', /true or false, not int/],
    [{ events: [{ kind: 'Pod' }] }, 'EventsInvalid', /TaskRun, PipelineRun, CustomRun/],
    [{ events: [{ kind: 'TaskRun', milestones: ['skipped'] }] }, 'EventsInvalid', /queued, started/],
    [
      { formats: ['tektonv1'], events: [{ kind: 'TaskRun', milestones: ['signed'] }] },
      'EventsInvalid',
      /no event for signed/,
    ],
    [{ extensions: { id: 'mine' } }, 'ExtensionsInvalid', /"id"/],
    [
      { namespaceSelector: { matchLabels: { 'not a label': 'x' } }, namespace: 'admin' },
      'NamespaceSelectorInvalid',
      /not a label/,
    ],
  ]
  for (const [{ namespace = 'team-a', ...spec }, reason, message] of cases) {
    const given = subscription(spec as Partial<SubscriptionSpec>, { namespace: namespace as string })
    const compiled = compileSubscription(given, context())
    assert.ok(!compiled.ok, JSON.stringify(spec))
    assert.equal(compiled.reason, reason)
    assert.match(compiled.message, message)
  }
})

test('what data asks for in vain, and what no event can do without, is refused', () => {
  const refused = (spec: Partial<SubscriptionSpec>) => {
    const compiled = compileSubscription(subscription(spec), context())
    assert.ok(!compiled.ok)
    assert.equal(compiled.reason, 'DataInvalid')
    return compiled.message
  }
  assert.match(
    refused({ data: { redact: ['spec/params'] } }),
    /^data\.redact: "spec\/params" is no JSON Pointer: it begins with \//,
  )
  assert.match(refused({ data: { include: ['/a~2'] } }), /^data\.include: "\/a~2" is no JSON Pointer/)
  for (const [pointer, mistake] of [
    ['/spec/params/*/value', 'there are no wildcards'],
    ['/spec/params/-', 'there are no wildcards'],
    ['/spec/params[0]', 'named by its number, as in /spec/params/0'],
    ['/metadata/labels/example.com/team', 'is written ~1, as in /metadata/labels/example.com~1team'],
  ] as const) {
    for (const field of ['include', 'redact'] as const) {
      const message = refused({ data: { [field]: ['/status', pointer] } })
      assert.ok(message.startsWith(`data.${field}: "${pointer}" names nothing: `) && message.includes(mistake), message)
    }
  }
  for (const pointer of [
    '',
    '/metadata',
    '/metadata/name',
    '/metadata/namespace',
    '/metadata/uid',
    '/kind',
    '/apiVersion',
  ])
    assert.match(
      refused({ data: { redact: ['/spec', pointer] } }),
      /^data\.redact: ".*" would take \/\w+.* away, which every event is made of/,
    )
  assert.match(refused({ data: { content: 'none', include: ['/spec'] } }), /with content none there is none/)
  assert.match(
    refused({ formats: ['tektonv1', 'tektonv2'], data: { include: ['/spec'] } }),
    /always hold the whole object/,
  )
  emitter('fine', {
    formats: ['tektonv1', 'cdevents'],
    data: { content: 'full', include: ['/spec'], redact: ['/metadata/labels'] },
  })
})

test('a body has to compile, and is made of one format', () => {
  const refused = (spec: Partial<SubscriptionSpec>) => {
    const compiled = compileSubscription(subscription(spec), context())
    assert.ok(!compiled.ok)
    return [compiled.reason, compiled.message]
  }
  assert.deepEqual(refused({ body: '{"a": }' }), ['BodyInvalid', 'body: line 1, column 7: unexpected token: RBRACE'])
  assert.deepEqual(refused({ body: '1', formats: ['cdevents', 'cloudevents'] }), [
    'BodyInvalid',
    "body is made of one format's event: leave one in formats, or make a subscription for each",
  ])
})

test('user events that CDEvents does not have are refused, by name', () => {
  const of = (...types: string[]) =>
    compileSubscription(subscription({ formats: ['cdevents'], userEvents: { types } }), context())
  assert.ok(of('dev.cdevents.artifact.published', 'dev.cdeventsx.shop-report.written').ok)
  const refused = of('dev.cdevents.artifact.published', 'dev.cdevents.artifact.lost')
  assert.ok(!refused.ok)
  assert.equal(refused.reason, 'UserEventsInvalid')
  assert.match(refused.message, /dev\.cdevents\.artifact\.lost/)
})

test('what authors declare is read, and remembered, once for all subscriptions', () => {
  const readDeclarations = rememberingReader()
  const userEvents = { types: ['dev.cdevents.artifact.published'] }
  const read = [false, true].map((only) => {
    const spec = { formats: ['cdevents' as const], userEvents: { ...userEvents, only } }
    return emitter('builds', spec, { readDeclarations }).options.cdevents.userEvents?.read
  })
  assert.deepEqual(read, [readDeclarations, readDeclarations])
})
