import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReflectorState } from '../../src/kube/reflector.ts'
import { subscriptionReadiness } from '../../src/operator/readiness.ts'
import type { SinkState, SubscriptionState } from '../../src/operator/state.ts'
import type { Readiness } from '../../src/status/summarise.ts'
import { emitter, type SubscriptionSpec, sink, subscription } from './scene.ts'

const ready: Readiness = { kind: 'ready', reason: 'Ready', message: 'ready to deliver' }
const suspended: Readiness = { kind: 'ready', reason: 'Suspended', message: 'suspended: deliveries wait' }
const noSecret: Readiness = { kind: 'waiting', reason: 'SecretNotFound', message: 'Secret qe is not there' }

const sinks = (states: Record<string, Readiness>): Map<string, SinkState> =>
  new Map(
    Object.entries(states).map(([name, readiness]) => [
      `team-a/${name}`,
      {
        object: sink({}, { name }),
        readiness,
        runtime: undefined,
        maxEventBytes: 1,
        maxPending: { rows: 1, bytes: 1 },
        deadLetters: { retention: 1, max: 1 },
      },
    ]),
  )

const state = (spec: Partial<SubscriptionSpec> = {}): SubscriptionState => ({
  object: subscription(spec),
  stalled: undefined,
  emitter: emitter('builds', spec),
})

const kinds = (states: Record<string, ReflectorState>) =>
  Object.entries(states).map(([kind, at]) => ({ kind, state: at }))
const watching = kinds({ TaskRun: 'watching' })

const brief = ({ kind, reason, message }: Readiness) => [kind, reason, message]

test('a subscription is as ready as what it refers to', () => {
  const two = { sinks: [{ name: 'qe' }, { name: 'audit' }] }
  const cases: [name: string, state: SubscriptionState, sinks: Record<string, Readiness>, readiness: string[]][] = [
    ['all is there', state(), { qe: ready }, ['ready', 'Watching', 'watching TaskRun']],
    [
      'no sink',
      state(),
      {},
      ['waiting', 'SinkNotFound', "EventSink team-a/qe doesn't exist; matching events wait for it"],
    ],
    [
      'one of two sinks',
      state(two),
      { qe: ready },
      ['waiting', 'SinkNotFound', "EventSink team-a/audit doesn't exist; matching events wait for it"],
    ],
    [
      'a sink without its Secret',
      state(two),
      { qe: ready, audit: noSecret },
      ['waiting', 'SinkNotReady', "EventSink team-a/audit isn't ready: SecretNotFound: Secret qe is not there"],
    ],
    ['a suspended sink', state(), { qe: suspended }, ['ready', 'Watching', 'watching TaskRun']],
    ['suspended', state({ suspend: true }), { qe: ready }, ['ready', 'Suspended', 'suspended: nothing is matched']],
    [
      'suspended, and no sink',
      state({ suspend: true }),
      {},
      ['waiting', 'SinkNotFound', "EventSink team-a/qe doesn't exist; matching events wait for it"],
    ],
    [
      'stalled',
      {
        ...state(),
        stalled: { kind: 'stalled', reason: 'FilterInvalid', message: 'filter, line 1' },
        emitter: undefined,
      },
      {},
      ['stalled', 'FilterInvalid', 'filter, line 1'],
    ],
    ['not looked at', { ...state(), emitter: undefined }, {}, ['waiting', 'Progressing', 'not looked at yet']],
  ]
  for (const [name, subject, there, readiness] of cases)
    assert.deepEqual(brief(subscriptionReadiness(subject, sinks(there), watching)), readiness, name)
})

test('a kind that can not be watched is named; one that the cluster lacks holds up nothing but itself', () => {
  const events = [{ kind: 'TaskRun' }]
  const cases: [states: Record<string, ReflectorState>, readiness: string[]][] = [
    [{ TaskRun: 'watching', PipelineRun: 'watching' }, ['ready', 'Watching', 'watching TaskRun, PipelineRun']],
    [
      { TaskRun: 'watching', CustomRun: 'absent' },
      ['ready', 'Watching', "watching TaskRun; the cluster doesn't serve CustomRun yet"],
    ],
    [
      { TaskRun: 'absent', CustomRun: 'absent' },
      ['waiting', 'KindNotServed', "the cluster doesn't serve TaskRun, CustomRun, which is waited for"],
    ],
    [{ TaskRun: 'watching', PipelineRun: 'listing' }, ['waiting', 'Progressing', 'reading PipelineRun']],
    [{ TaskRun: 'starting' }, ['waiting', 'Progressing', 'reading TaskRun']],
    [
      { TaskRun: 'forbidden', PipelineRun: 'listing', CustomRun: 'absent' },
      ['waiting', 'Forbidden', 'the operator may not list and watch TaskRun; its ClusterRole or Role lacks the right'],
    ],
    [
      { TaskRun: 'clusterScoped', PipelineRun: 'watching' },
      [
        'waiting',
        'Forbidden',
        'TaskRun live in no namespace, and the operator watches only the namespaces of --watch-namespace',
      ],
    ],
  ]
  for (const [states, readiness] of cases)
    assert.deepEqual(brief(subscriptionReadiness(state({ events }), sinks({ qe: ready }), kinds(states))), readiness)
})

test('kinds that the cluster lacks are counted, and those that may not be watched named, where the subscription names none', () => {
  const of = (states: Record<string, ReflectorState>) =>
    brief(subscriptionReadiness(state(), sinks({ qe: ready }), kinds(states)))
  const some = of({ TaskRun: 'watching', Snapshot: 'absent', Release: 'absent' })
  assert.deepEqual(some, ['ready', 'Watching', "watching TaskRun; 2 more that the cluster doesn't serve yet"])
  assert.deepEqual(of({ TaskRun: 'watching' }), ['ready', 'Watching', 'watching TaskRun'])
  const lacking = 'the operator may not list and watch Release; its ClusterRole or Role lacks the right'
  const allowed = of({ TaskRun: 'watching', Snapshot: 'absent', Release: 'forbidden' })
  assert.deepEqual(allowed, [
    ...['ready', 'Watching'],
    `watching TaskRun; 1 more that the cluster doesn't serve yet; ${lacking}`,
  ])
  assert.deepEqual(of({ Snapshot: 'absent', Release: 'forbidden' }), ['waiting', 'Forbidden', lacking])
  assert.deepEqual(of({ TaskRun: 'absent', Snapshot: 'absent' }), [
    ...['waiting', 'KindNotServed'],
    'the cluster serves none of the 2 kinds that a subscription without events is of; they are waited for',
  ])
})

test('a kind that is read in two groups is missed where it is in neither, or where the group is named', () => {
  const there: Record<string, ReflectorState> = { Component: 'watching', 'Component.konflux-ci.dev': 'absent' }
  const missing: Record<string, ReflectorState> = { ...there, Component: 'absent', TaskRun: 'watching' }
  const group = 'konflux-ci.dev'
  const cases: [events: { kind: string; group?: string }[], states: typeof there, message: string][] = [
    [[{ kind: 'Component' }], there, 'watching Component'],
    [
      [{ kind: 'Component' }, { kind: 'TaskRun' }],
      missing,
      "watching TaskRun; the cluster doesn't serve Component, Component.konflux-ci.dev yet",
    ],
    [
      [{ kind: 'Component' }, { kind: 'Component', group }],
      there,
      "watching Component; the cluster doesn't serve Component.konflux-ci.dev yet",
    ],
  ]
  for (const [events, states, message] of cases) {
    const subject = { ...state(), object: subscription({ events } as Partial<SubscriptionSpec>) }
    assert.equal(subscriptionReadiness(subject, sinks({ qe: ready }), kinds(states)).message, message)
  }
})

test('a watch that fails for a while leaves a subscription ready', () => {
  const failing = subscriptionReadiness(state(), sinks({ qe: ready }), kinds({ TaskRun: 'failing' }))
  assert.equal(failing.kind, 'ready')
})

test('kinds that live in no namespace are for cluster-wide subscriptions alone', () => {
  const nodes = [{ kind: 'Node.core', state: 'watching' as const, clusterScoped: true as const }]
  const own = subscriptionReadiness(state(), sinks({ qe: ready }), nodes)
  assert.deepEqual(brief(own), [
    'waiting',
    'KindNotAllowed',
    'Node.core live in no namespace: only a subscription of an admin namespace, with a namespaceSelector, reaches them',
  ])
  const spec = { namespaceSelector: {} }
  const wide = { ...state(), emitter: emitter('builds', spec, { namespace: 'admin' }) }
  const there = new Map([['admin/qe', [...sinks({ qe: ready }).values()][0] as SinkState]])
  assert.equal(subscriptionReadiness(wide, there, nodes).kind, 'ready')
})
