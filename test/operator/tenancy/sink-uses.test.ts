import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventSink, EventSubscription } from '../../../src/api/generated.ts'
import { keyOf } from '../../../src/api/object.ts'
import { letsIn } from '../../../src/operator/tenancy/lets-in.ts'
import { isDefault, namedSinks, ownSecret, sinkUses } from '../../../src/operator/tenancy/sink-uses.ts'
import { sink, subscription } from '../scene.ts'

type Spec = EventSink['spec']

const shared = (spec: Partial<Spec> = {}, labels: Record<string, string> = {}, name = 'shared') =>
  sink(spec, { name, namespace: 'platform', uid: `uid-${name}`, labels })

const labels: Record<string, Record<string, string>> = { 'team-a': { tier: 'gold' }, 'team-b': {}, platform: {} }
const labelsOf = (name: string) => labels[name]

/** What `team-a/builds` may use. */
function usesOf(spec: Partial<EventSubscription['spec']>, ...sinks: EventSink[]) {
  const byKey = new Map(sinks.map((one) => [keyOf(one), one]))
  return sinkUses(subscription(spec), {
    sink: (key) => byKey.get(key),
    labelsOf,
    defaults: () => sinks.filter(isDefault),
  })
}

/** The same for one that names none. */
function defaultOf(body: string | undefined, ...sinks: EventSink[]) {
  const { spec, ...rest } = subscription({ ...(body && { body }) })
  const { sinks: _sinks, ...none } = spec
  const facts = { sink: () => undefined, labelsOf, defaults: () => sinks.filter(isDefault) }
  return sinkUses({ ...rest, spec: none }, facts)
}

const foreign = { sinks: [{ name: 'shared', namespace: 'platform' }] }
const gold = { matchLabels: { tier: 'gold' } }

test('who is let in', () => {
  const rows: [from: Spec['allowedNamespaces'], namespace: string, isLetIn: boolean][] = [
    [undefined, 'platform', true],
    [undefined, 'team-a', false],
    [{}, 'team-a', false],
    [{ from: 'Same' }, 'team-a', false],
    [{ from: 'Same' }, 'platform', true],
    [{ from: 'All' }, 'team-b', true],
    [{ from: 'Selector', selector: gold }, 'team-a', true],
    [{ from: 'Selector', selector: gold }, 'team-b', false],
    [{ from: 'Selector', selector: gold }, 'platform', true],
    [{ from: 'Selector', selector: {} }, 'team-b', true],
    // Nobody knows its labels, or whether it is there at all.
    [{ from: 'Selector', selector: {} }, 'unknown', false],
    [{ from: 'Selector', selector: { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] } }, 'team-b', true],
    [
      { from: 'Selector', selector: { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] } },
      'unknown',
      false,
    ],
    // Which the CRD refuses.
    [{ from: 'Selector' }, 'team-a', false],
    [{ from: 'Selector', selector: { matchLabels: { '-': '' } } }, 'team-a', false],
  ]
  for (const [allowedNamespaces, namespace, isLetIn] of rows) {
    const one = shared(allowedNamespaces && { allowedNamespaces })
    assert.equal(letsIn(one, namespace, labelsOf), isLetIn, JSON.stringify({ allowedNamespaces, namespace }))
  }
})

test('a sink of the own namespace needs no consent, and is waited for; one of another is closed until it lets in', () => {
  assert.deepEqual(usesOf({}), { open: ['team-a/qe'], closed: [] })
  assert.deepEqual(usesOf({ body: '1' }), { open: ['team-a/qe'], closed: [] })
  assert.deepEqual(usesOf({ sinks: [{ name: 'qe', namespace: 'team-a' }, { name: 'qe' }] }).open, ['team-a/qe'])
  assert.deepEqual(usesOf(foreign, shared({ allowedNamespaces: { from: 'All' } })).open, ['platform/shared'])
  const both = { sinks: [{ name: 'shared', namespace: 'platform' }, { name: 'qe' }] }
  const { open, closed } = usesOf(both, shared())
  assert.deepEqual([open, closed.map(({ key }) => key)], [['team-a/qe'], ['platform/shared']])
})

test('missing, not allowed, and not to be known read the same, to the letter', () => {
  const missing = usesOf(foreign)
  assert.deepEqual(missing.closed, [
    {
      key: 'platform/shared',
      reason: 'SinkNotFound',
      message: 'EventSink platform/shared was not found, or does not let namespace team-a in (allowedNamespaces)',
    },
  ])
  const silver = { from: 'Selector' as const, selector: { matchLabels: { tier: 'silver' } } }
  for (const one of [shared(), shared({ allowedNamespaces: silver }), shared({ allowBody: true })])
    for (const spec of [foreign, { ...foreign, body: '1' }]) assert.deepEqual(usesOf(spec, one), missing)
})

test('a body goes to another namespace’s sink only where that takes it, which is told only to whom it lets in', () => {
  const open = { allowedNamespaces: { from: 'All' as const } }
  const [refused] = usesOf({ ...foreign, body: '1' }, shared(open)).closed
  assert.equal(refused?.reason, 'BodyNotAllowed')
  assert.match(refused?.message ?? '', /EventSink platform\/shared takes no body .* allowBody: true/)
  assert.deepEqual(usesOf({ ...foreign, body: '1' }, shared({ ...open, allowBody: true })).closed, [])
  assert.deepEqual(usesOf(foreign, shared(open)).closed, [])
})

test('who names no sink uses the default that lets its namespace in: one, and no more', () => {
  const label = { 'carillon.dev/default': 'true' }
  const all = { allowedNamespaces: { from: 'All' as const } }
  const ofGold = { allowedNamespaces: { from: 'Selector' as const, selector: gold } }
  assert.deepEqual(defaultOf(undefined, shared(all, label)), { open: ['platform/shared'], closed: [] })
  assert.equal(defaultOf('1', shared(all, label)).closed[0]?.reason, 'BodyNotAllowed')
  for (const others of [[], [shared({}, label)], [shared(all, { 'carillon.dev/default': 'false' })]]) {
    const { open, closed, none } = defaultOf(undefined, ...others)
    assert.deepEqual([open, closed, none?.reason], [[], [], 'SinkNotFound'])
    assert.match(none?.message ?? '', /names no sink, and no default sink lets namespace team-a in/)
  }
  // One that doesn't let it in is not spoken of.
  assert.deepEqual(defaultOf(undefined, shared(ofGold, label), shared({}, label, 'hidden')).open, ['platform/shared'])
  const two = defaultOf(undefined, shared(ofGold, label, 'z'), shared(all, label, 'a'), shared({}, label, 'hidden'))
  assert.deepEqual([two.open, two.none?.reason], [[], 'AmbiguousDefault'])
  assert.match(two.none?.message ?? '', /2 default sinks for namespace team-a: platform\/a, platform\/z;/)
})

test('own credentials are of the reference to the very sink', () => {
  const one = subscription({
    sinks: [
      { name: 'shared', namespace: 'platform', secretRef: { name: 'mine' } },
      { name: 'shared' },
      { name: 'qe', secretRef: { name: 'other' } },
    ],
  })
  assert.deepEqual(namedSinks(one), ['platform/shared', 'team-a/shared', 'team-a/qe'])
  assert.deepEqual(
    [...namedSinks(one), 'platform/qe'].map((key) => ownSecret(one, key)),
    ['mine', undefined, 'other', undefined],
  )
})
