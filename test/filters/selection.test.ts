import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { compileSelection, inputsOf, type KnownSources, type SelectionSpec } from '../../src/filters/selection.ts'
import type { Milestone, Source } from '../../src/sources/source.ts'

/** A source of which only the catalogue matters here. */
function source(kind: string, names: Record<string, boolean>): Source {
  return {
    name: kind,
    kind,
    family: 'tekton',
    group: 'tekton.dev',
    version: 'v1',
    plural: `${kind.toLowerCase()}s`,
    catalogue: Object.entries(names).map(([name, isDefault]) => ({
      name,
      class: 'derived',
      default: isDefault,
      key: name,
      time: '',
      when: '',
    })),
    milestones: () => [],
    transitions: () => [],
    project: () => ({}),
    endedAt: () => undefined,
    deletion: () => undefined,
    remains: () => undefined,
  }
}

const taskRun = source('TaskRun', { queued: false, started: true, finished: true, retried: false })
const pipelineRun = source('PipelineRun', { started: true, finished: true, skipped: false })
const customRun = source('CustomRun', { finished: true })
const sources = { TaskRun: taskRun, PipelineRun: pipelineRun, CustomRun: customRun }
const knows = (of: Source, name: string) => of.kind !== 'CustomRun' && name !== 'queued'

const object = (labels?: Record<string, string>, status: Record<string, unknown> = {}): KubeObject => ({
  apiVersion: 'tekton.dev/v1',
  kind: 'TaskRun',
  metadata: {
    name: 'a',
    namespace: 'n',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...(labels && { labels }),
  },
  status,
})

const asking = (subscriptions: string): KubeObject => {
  const plain = object()
  const annotations = { 'carillon.dev/subscriptions': subscriptions }
  return { ...plain, metadata: { ...plain.metadata, annotations } }
}

const milestone = (name: string, more: Partial<Milestone> = {}): Milestone => ({
  name,
  key: name,
  class: 'derived',
  time: Date.UTC(2026, 0, 1),
  rank: 1,
  ...more,
})

const known: KnownSources = {
  all: Object.values(sources),
  of: (kind) => Object.values(sources).filter((one) => one.kind === kind),
}

function selection(spec: SelectionSpec) {
  const compiled = compileSelection(spec, known, knows)
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.message)
  return compiled.value
}

function judge(spec: SelectionSpec, of: KubeObject, at: Milestone, by = taskRun) {
  return selection(spec).judge(by, of, at, inputsOf(by, of))
}

describe('kinds and milestones', () => {
  const table: [name: string, spec: SelectionSpec, kinds: Record<string, string[]>][] = [
    [
      'left out: the default tier that the formats know',
      {},
      { TaskRun: ['started', 'finished'], PipelineRun: ['started', 'finished'] },
    ],
    ['a kind alone: its default tier', { events: [{ kind: 'TaskRun' }] }, { TaskRun: ['started', 'finished'] }],
    ['named', { events: [{ kind: 'TaskRun', milestones: ['retried'] }] }, { TaskRun: ['retried'] }],
    [
      'several entries of one kind: all that any of them names',
      {
        events: [
          { kind: 'TaskRun', milestones: ['retried'] },
          { kind: 'PipelineRun' },
          { kind: 'TaskRun', milestones: ['started'] },
        ],
      },
      { TaskRun: ['retried', 'started'], PipelineRun: ['started', 'finished'] },
    ],
  ]
  for (const [name, spec, kinds] of table) {
    test(name, () =>
      assert.deepEqual(Object.fromEntries([...selection(spec).kinds].map(([kind, of]) => [kind, [...of]])), kinds),
    )
  }
})

describe('judges', () => {
  const build = { app: 'build' }
  const labelled: SelectionSpec = {
    events: [
      { kind: 'TaskRun', selector: { matchLabels: build } },
      { kind: 'TaskRun', milestones: ['retried'] },
    ],
  }
  const failed: SelectionSpec = { filter: 'milestone.outcome != "success" && object.status.retries > 2' }
  const match = { kind: 'match' }
  const unselected = { kind: 'unselected' }
  const table: [name: string, judged: unknown, judgement: unknown][] = [
    ['another kind', judge({ events: [{ kind: 'PipelineRun' }] }, object(), milestone('finished')), unselected],
    ['another milestone', judge({}, object(), milestone('retried')), unselected],
    ['kind and milestone', judge({}, object(), milestone('finished')), match],
    ['labels', judge(labelled, object(build), milestone('finished')), match],
    ['other labels', judge(labelled, object({ app: 'x' }), milestone('finished')), unselected],
    ['no labels', judge(labelled, object(), milestone('finished')), unselected],
    ['the other entry of the kind', judge(labelled, object(), milestone('retried')), match],
    ['labels of one entry, milestone of the other', judge(labelled, object(build), milestone('retried')), match],
    ['asked for by none', judge({ onRequest: 'n/mine' }, object(), milestone('finished')), unselected],
    ['asked for', judge({ onRequest: 'n/mine' }, asking('other, mine'), milestone('finished')), match],
    ['asked for, of another namespace', judge({ onRequest: 'm/mine' }, asking('m/mine'), milestone('finished')), match],
    [
      'another of the name is asked for',
      judge({ onRequest: 'm/mine' }, asking('mine'), milestone('finished')),
      unselected,
    ],
    [
      'asked for, and the filter says no',
      judge({ ...failed, onRequest: 'n/mine' }, asking('mine'), milestone('finished', { outcome: 'success' })),
      { kind: 'filtered' },
    ],
    ['the filter says yes', judge(failed, object({}, { retries: 3 }), milestone('finished')), match],
    ['the filter says no', judge(failed, object({}, { retries: 2 }), milestone('finished')), { kind: 'filtered' }],
    [
      'the filter says no at once',
      judge(failed, object(), milestone('finished', { outcome: 'success' })),
      { kind: 'filtered' },
    ],
    [
      'the filter fails',
      judge(failed, object(), milestone('finished')),
      { kind: 'error', message: 'no such key: object.status.retries' },
    ],
    ['the filter is not asked', judge(failed, object(), milestone('queued')), unselected],
    [
      'kind, outcome and reason',
      judge({ filter: 'milestone.kind == "TaskRun" && milestone.reason == ""' }, object(), milestone('started')),
      match,
    ],
  ]
  for (const [name, judged, judgement] of table) test(name, () => assert.deepEqual(judged, judgement))

  test('one object at several milestones, for several filters', () => {
    const of = object({}, { retries: 1 })
    const inputs = inputsOf(taskRun, of)
    const first = selection({ filter: 'milestone.name == "finished" && object.status.retries + 1 == 2' })
    const second = selection({
      filter: 'milestone.time == timestamp("2026-01-01T00:00:00Z") && object.status == {"retries": 1}',
    })
    assert.equal(first.judge(taskRun, of, milestone('started'), inputs).kind, 'filtered')
    assert.equal(first.judge(taskRun, of, milestone('finished'), inputs).kind, 'match')
    assert.equal(second.judge(taskRun, of, milestone('finished'), inputs).kind, 'match')
    assert.equal(second.judge(taskRun, of, milestone('finished', { time: 0 }), inputs).kind, 'filtered')
    assert.deepEqual(of.status, { retries: 1 })
  })
})

test('namespaces: all, of which nothing has to be known, or by their labels', () => {
  assert.equal(selection({}).namespaces, undefined)
  assert.equal(selection({ namespaceSelector: {} }).namespaces, undefined)
  assert.equal(selection({ namespaceSelector: { matchLabels: {}, matchExpressions: [] } }).namespaces, undefined)
  const tenants = selection({ namespaceSelector: { matchLabels: { tenant: 'yes' } } })
  assert.equal(tenants.namespaces?.({ tenant: 'yes' }), true)
  assert.equal(tenants.namespaces?.({}), false)
})

describe('refuses', () => {
  const table: [name: string, spec: SelectionSpec, reason: string, message: RegExp][] = [
    [
      'an unknown kind',
      { events: [{ kind: 'Pod' }] },
      'EventsInvalid',
      /^unknown kind Pod; the kinds are TaskRun, PipelineRun, CustomRun$/,
    ],
    ['a name of Object.prototype', { events: [{ kind: 'constructor' }] }, 'EventsInvalid', /^unknown kind constructor/],
    [
      'an unknown milestone',
      { events: [{ kind: 'TaskRun', milestones: ['done'] }] },
      'EventsInvalid',
      /^TaskRun has no milestone done; there are started, finished, retried$/,
    ],
    [
      'a milestone that no format has an event for',
      { events: [{ kind: 'TaskRun', milestones: ['queued'] }] },
      'EventsInvalid',
      /^the formats of this subscription have no event for queued of TaskRun; there are started, finished, retried$/,
    ],
    [
      'a kind that no format has an event for',
      { events: [{ kind: 'CustomRun' }] },
      'EventsInvalid',
      /no event for the default milestones of CustomRun$/,
    ],
    [
      'a bad selector',
      { events: [{ kind: 'TaskRun', selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }] },
      'EventsInvalid',
      /^selector of TaskRun: matchExpressions: a: values must be given for In$/,
    ],
    [
      'a bad filter',
      { filter: 'milestone.nme == "x"' },
      'FilterInvalid',
      /^filter: line 1, column 11: milestone has no field nme/,
    ],
    ['a filter that gives no bool', { filter: 'milestone.name' }, 'FilterInvalid', /must give true or false/],
    [
      'a bad namespaceSelector',
      { namespaceSelector: { matchLabels: { 'a b': '' } } },
      'NamespaceSelectorInvalid',
      /"a b"/,
    ],
  ]
  for (const [name, spec, reason, message] of table) {
    test(name, () => {
      const compiled = compileSelection(spec, known, knows)
      assert.ok(!compiled.ok)
      assert.equal(compiled.reason, reason)
      assert.match(compiled.message, message)
    })
  }

  test('a kind that has no default milestones, with those that it has', () => {
    const plan = source('ReleasePlan', { created: false, matched: false })
    const compiled = compileSelection({ events: [{ kind: 'ReleasePlan' }] }, { all: [plan], of: () => [plan] }, knows)
    const message = 'ReleasePlan has no default milestones: name those that are wanted, of created, matched'
    assert.deepEqual(compiled, { ok: false, reason: 'EventsInvalid', message })
  })

  test('nothing that the formats know at all', () => {
    const compiled = compileSelection({}, known, () => false)
    assert.ok(!compiled.ok)
    assert.match(compiled.message, /no event for any kind/)
  })
})
