import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileSubscription } from '../../src/operator/subscription.ts'
import { context, emitter, type SubscriptionSpec, subscription } from '../operator/scene.ts'

type Entry = NonNullable<SubscriptionSpec['events']>[number]

const widget = (more: Partial<Entry>): Entry => ({ kind: 'Widget', group: 'example.com', ...more })
const big = { name: 'big', when: 'object.spec.size > 3' }
const many = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ ...big, name: `n${from + index}` }))

const refused: [what: string, spec: Partial<SubscriptionSpec>, message: RegExp][] = [
  [
    'when does not parse',
    { events: [widget({ define: [{ ...big, when: 'object.' }] })] },
    /^define big of Widget: when: /,
  ],
  [
    'when gives no bool',
    { events: [widget({ define: [{ ...big, when: 'object.spec.size + 1' }] })] },
    /^define big of Widget: when: the expression must give true or false/,
  ],
  [
    'when speaks of what is not there',
    { events: [widget({ define: [{ ...big, when: '\n  milestone.name == "a"' }] })] },
    /^define big of Widget: when: line 2, column 3: unknown variable: milestone; the variables are object$/,
  ],
  ['key does not parse', { events: [widget({ define: [{ ...big, key: '(' }] })] }, /^define big of Widget: key: /],
  [
    'key gives what JSON has not',
    { events: [widget({ define: [{ ...big, key: 'duration("1h")' }] })] },
    /^define big of Widget: key: line 1, column 1: it gives a duration, which JSON has not: make a string of it$/,
  ],
  [
    'a name that the kind has',
    { events: [widget({ define: [{ ...big, name: 'ready' }] })] },
    /^define ready of Widget: Widget has a milestone of this name already; take another name$/,
  ],
  [
    'a name that a kind with a catalogue has',
    { events: [{ kind: 'TaskRun', define: [{ ...big, name: 'finished' }] }] },
    /^define finished of TaskRun: TaskRun has a milestone of this name already/,
  ],
  [
    'a name twice for a kind',
    { events: [widget({ define: [big] }), widget({ define: [big] })] },
    /^define big of Widget\.example\.com: a name is defined once for a kind$/,
  ],
  [
    'a name that milestones have, too',
    { events: [widget({ milestones: ['big'], define: [big] })] },
    /^define big of Widget: what is defined counts without being named in milestones$/,
  ],
  [
    'formats that have no event for it',
    { formats: ['tektonv1', 'tektonv2'], events: [{ kind: 'TaskRun', define: [big] }] },
    /^define big of TaskRun: the formats of this subscription have no event for it; cloudevents and cdevents do$/,
  ],
  [
    'more than 32',
    { events: [0, 16, 32].map((from) => widget({ define: many(from, from === 32 ? 1 : 16) })) },
    /^33 milestones are defined, and 32 are allowed: make several subscriptions$/,
  ],
]

for (const [what, spec, message] of refused)
  test(`refused: ${what}`, () => {
    const compiled = compileSubscription(subscription(spec), context())
    assert.ok(!compiled.ok)
    assert.equal(compiled.reason, 'DefineInvalid')
    assert.match(compiled.message, message)
  })

test('32 are taken, and the same name for two kinds', () => {
  const spec = { events: [widget({ define: many(0, 16) }), { kind: 'TaskRun', define: many(0, 16) } as Entry] }
  assert.equal(compileSubscription(subscription(spec), context()).ok, true)
})

test('with a define and no milestones nothing else is selected', () => {
  const kinds = (events: Entry[], more: object = {}) =>
    [...emitter('a', { events, ...more }).selection.kinds].map(([kind, names]) => [kind, ...names])
  assert.deepEqual(kinds([widget({ define: [big] })]), [['Widget.example.com', 'big']])
  assert.deepEqual(kinds([widget({ milestones: ['created'], define: [big] })]), [
    ['Widget.example.com', 'created', 'big'],
  ])
  assert.deepEqual(kinds([widget({})]), [['Widget.example.com', 'ready', 'failed']])
  const eachChange = { formats: ['cloudevents', 'tektonv1'], tekton: { mode: 'eachChange' } }
  assert.deepEqual(kinds([{ kind: 'TaskRun', define: [big] }], eachChange), [['TaskRun', 'big']])
})

test('a kind of several groups has it in each', () => {
  const { defined } = emitter('a', { events: [{ kind: 'Component', define: [big] }] }).selection
  assert.deepEqual([...(defined?.keys() ?? [])].toSorted(), ['Component', 'Component.konflux-ci.dev'])
})

test('a definition that is written otherwise has another revision, by whatever name', () => {
  const revisionOf = (more: object) =>
    emitter('a', { events: [widget({ define: [{ ...big, ...more }] })] }).selection.defined?.get(
      'Widget.example.com',
    )?.[0]?.revision
  assert.equal(revisionOf({}), revisionOf({ name: 'large' }))
  const all = [revisionOf({}), revisionOf({ when: 'object.spec.size > 4' }), revisionOf({ key: 'object.spec.size' })]
  assert.equal(new Set(all).size, 3)
})
