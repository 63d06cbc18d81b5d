import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { projectionBefore } from '../../src/catalogue/sample.ts'
import { sourceFor } from '../../src/sources/index.ts'
import type { Milestone, Projection, Source } from '../../src/sources/source.ts'

const goldenDir = join(import.meta.dirname, 'golden')

const sourceOf = (object: KubeObject): Source => sourceFor(object) ?? assert.fail(object.kind)

const pinned = (milestone: Milestone) =>
  JSON.parse(
    JSON.stringify({
      name: milestone.name,
      key: milestone.key,
      class: milestone.class,
      time: new Date(milestone.time).toISOString(),
      outcome: milestone.outcome,
      reason: milestone.reason,
      details: milestone.details,
    }),
  )

for (const file of readdirSync(goldenDir)) {
  const golden = JSON.parse(readFileSync(join(goldenDir, file), 'utf8'))
  test(`golden milestones and keys: ${file.replace('.json', '').replaceAll('-', ' ')}`, () => {
    const source = sourceOf(golden.object)
    assert.deepEqual(source.milestones(golden.object).map(pinned), golden.milestones)
    const before = projectionBefore(source, golden)
    assert.deepEqual(source.transitions(before, golden.object).map(pinned), golden.transitions)
    const deletion = source.deletion(golden.object, { at: Date.parse('2026-03-04T08:00:00Z'), missed: false })
    assert.deepEqual(deletion && pinned(deletion), golden.deletion)
    const finished = golden.milestones.find((milestone: { name: string }) => milestone.name === 'finished')
    assert.equal(source.endedAt(golden.object), source.lasts ? undefined : finished && Date.parse(finished.time))
  })
}

const at = (clock: string) => `2026-03-04T07:${clock}Z`

const condition = (status: string, reason: string, clock: string, message = '') => ({
  conditions: [{ type: 'Succeeded', status, reason, message, lastTransitionTime: at(clock) }],
})

function run(kind: string, status?: Record<string, unknown>, metadata: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: 'tekton.dev/v1',
    kind,
    metadata: {
      name: 'a',
      namespace: 'team-a',
      uid: 'u-1',
      resourceVersion: '1',
      creationTimestamp: at('46:28'),
      ...metadata,
    },
    ...(status && { status }),
  }
}

const failedAttempt = { startTime: at('46:29'), completionTime: at('47:05'), ...condition('False', 'Failed', '47:05') }
const skip = { skippedTasks: [{ name: 'deploy', reason: 'When Expressions evaluated to false' }] }

/** Whole lives, state by state, each with the observed keys that show on the way. */
const lives: { name: string; states: KubeObject[]; derived: string[]; observed: string[] }[] = [
  {
    name: 'a retried TaskRun',
    states: [
      run('TaskRun'),
      run('TaskRun', { startTime: at('46:29'), ...condition('Unknown', 'Started', '46:29') }),
      run('TaskRun', { startTime: at('46:29'), ...condition('Unknown', 'Pending', '46:30') }),
      run('TaskRun', { startTime: at('46:29'), ...condition('Unknown', 'Running', '46:33') }),
      run('TaskRun', { startTime: at('46:29'), ...condition('False', 'Failed', '47:04') }),
      run('TaskRun', { retriesStatus: [failedAttempt], ...condition('Unknown', 'ToBeRetried', '47:05') }),
      run('TaskRun', {
        retriesStatus: [failedAttempt],
        startTime: at('47:06'),
        ...condition('Unknown', 'Running', '47:08'),
      }),
      run('TaskRun', {
        retriesStatus: [failedAttempt],
        startTime: at('47:06'),
        completionTime: at('47:30'),
        ...condition('True', 'Succeeded', '47:30'),
      }),
    ],
    derived: ['queued', 'started', 'retried/1', 'finished'],
    observed: ['unknown/Pending/1772610390000', 'running/1', 'unknown/ToBeRetried/1772610425000', 'running/2'],
  },
  {
    name: 'a PipelineRun that skips a task half-way and is signed',
    states: [
      run('PipelineRun'),
      run('PipelineRun', { startTime: at('46:29'), ...condition('Unknown', 'Running', '46:30', 'Incomplete: 2') }),
      run('PipelineRun', {
        startTime: at('46:29'),
        ...skip,
        ...condition('Unknown', 'Running', '47:00', 'Incomplete: 1, Skipped: 1'),
      }),
      run('PipelineRun', {
        startTime: at('46:29'),
        completionTime: at('48:00'),
        ...skip,
        ...condition('True', 'Completed', '48:00'),
      }),
      run(
        'PipelineRun',
        { startTime: at('46:29'), completionTime: at('48:00'), ...skip, ...condition('True', 'Completed', '48:00') },
        { annotations: { 'chains.tekton.dev/signed': 'true' } },
      ),
    ],
    derived: ['queued', 'started', 'skipped/deploy', 'finished', 'signed'],
    observed: ['running/1', 'changed/1772610420000/7c735f23'],
  },
  {
    name: 'a CustomRun',
    states: [
      run('CustomRun'),
      run('CustomRun', { startTime: at('46:29'), ...condition('Unknown', 'Waiting', '46:29') }),
      run('CustomRun', { startTime: at('46:29'), ...condition('False', 'CustomRunCancelled', '46:59') }),
    ],
    derived: ['queued', 'started', 'finished'],
    observed: ['unknown/Waiting/1772610389000'],
  },
]

for (const { name, states, derived, observed } of lives) {
  test(`${name}: the last state alone tells the derived milestones of the whole life`, () => {
    const source = sourceOf(states[0] as KubeObject)
    const seen = new Map<string, Milestone>()
    for (const state of states) {
      for (const milestone of source.milestones(state)) {
        const before = seen.get(milestone.key)
        if (before === undefined) seen.set(milestone.key, milestone)
        // Tekton writes no time for a skip: the latest possible one moves until the end.
        else if (milestone.name !== 'skipped') assert.equal(milestone.time, before.time, milestone.key)
      }
    }
    const last = source.milestones(states.at(-1) as KubeObject)
    assert.deepEqual(
      last.map((milestone) => milestone.key),
      derived,
    )
    assert.deepEqual(new Set(seen.keys()), new Set(derived))
  })

  test(`${name}: transitions tell what was observed, once, also from a projection that was stored as JSON`, () => {
    const source = sourceOf(states[0] as KubeObject)
    const keys: string[] = []
    let previous: Projection | undefined
    for (const state of [...states, states.at(-1) as KubeObject]) {
      for (const milestone of source.transitions(previous, state)) {
        assert.equal(milestone.class, 'observed')
        keys.push(milestone.key)
      }
      previous = JSON.parse(JSON.stringify(source.project(state, { wants: () => true, previous })))
    }
    assert.deepEqual(keys, observed)
  })
}

const keep = (previous?: Projection) => ({ wants: () => true, previous })
const runningAt = (clock: string, message: string, attempts = 0) =>
  run('TaskRun', {
    ...condition('Unknown', 'Running', clock, message),
    retriesStatus: Array.from({ length: attempts }, () => condition('False', 'Failed', '46:29')),
  })

/** Keys of what each of the states tells after those before it, from projections that were stored as JSON. */
function seenInTurn(states: KubeObject[], wants = true): string[] {
  const source = sourceOf(states[0] as KubeObject)
  let previous: Projection | undefined
  return states.flatMap((state) => {
    const told = source.transitions(previous, state)
    previous = JSON.parse(JSON.stringify(source.project(state, { wants: () => wants, previous })))
    return told.map(({ key }) => key)
  })
}

test('a run whose message moves while it runs is running once, and changed each time', () => {
  const states = [
    runningAt('46:30', 'of 3'),
    runningAt('46:50', 'of 2'),
    runningAt('46:50', 'of 2'),
    runningAt('47:10', 'of 1'),
  ]
  assert.deepEqual(seenInTurn(states), [
    'running/1',
    'changed/1772610410000/617ee9f5',
    'changed/1772610430000/982141be',
  ])
})

test('changes within one second are told apart by their messages', () => {
  const keys = seenInTurn(['a', 'b', 'c', 'b'].map((message) => runningAt('46:30', message)))
  assert.equal(keys.length, 4)
  assert.deepEqual(
    keys.map((key) => key.split('/').slice(0, 2).join('/')),
    ['running/1', ...Array(3).fill('changed/1772610390000')],
  )
  assert.equal(keys[1], keys[3], 'what is as it was in the same second has no other key')
})

test('a run that waits while it runs is changed when it runs on; its next attempt is running anew', () => {
  const waiting = run('TaskRun', condition('Unknown', 'Pending', '46:40', 'evicted'))
  const keys = seenInTurn([runningAt('46:30', 'a'), waiting, runningAt('46:50', 'a'), runningAt('47:00', 'a', 1)])
  assert.deepEqual(
    keys.map((key) => key.replace(/\/[^/]*$/, '')),
    ['running', 'unknown/Pending', 'changed/1772610410000', 'running'],
  )
  assert.equal(keys[3], 'running/2')
})

test('where nobody wants changes nothing is kept for them, and none are told', () => {
  const states = [runningAt('46:30', 'of 3'), runningAt('46:50', 'of 2')]
  assert.deepEqual(seenInTurn(states, false), ['running/1'])
  const source = sourceOf(runningAt('46:30', ''))
  const kept = states.map((state) => source.project(state, { wants: () => false, previous: undefined }))
  assert.deepEqual(kept, [{ ongoing: 'running/1' }, { ongoing: 'running/1' }])
})

test('changes are not told from the last state alone, nor of what was not watched for them', () => {
  const source = sourceOf(runningAt('46:30', ''))
  const last = runningAt('46:50', 'of 2')
  assert.deepEqual(
    source.transitions(undefined, last).map(({ key }) => key),
    ['running/1'],
  )
  assert.deepEqual(source.transitions({ ongoing: 'running/1' }, last), [])
  assert.deepEqual(
    source.transitions(source.project(last, keep()), last),
    [],
    'a list after a restart tells nothing twice',
  )
})

test('unknown is told again when its condition changes, and not when it does not', () => {
  const source = sourceOf(run('TaskRun'))
  const first = run('TaskRun', condition('Unknown', 'Pending', '46:30', 'unschedulable'))
  const second = run('TaskRun', condition('Unknown', 'Pending', '46:50', 'pulling image'))
  assert.deepEqual(source.transitions(source.project(first), first), [])
  assert.equal(source.transitions(source.project(first), second)[0]?.message, 'pulling image')
})

test('an end without any time of its own takes the last write, and is not kept back', () => {
  const bare = { conditions: [{ type: 'Succeeded', status: 'True' }] }
  const written = { managedFields: [{ time: at('50:00') }] }
  for (const kind of ['TaskRun', 'PipelineRun', 'CustomRun']) {
    assert.equal(sourceOf(run(kind)).endedAt(run(kind, bare, written)), Date.parse(at('50:00')), kind)
    assert.equal(sourceOf(run(kind)).endedAt(run(kind, bare)), Date.parse(at('46:28')), kind)
  }
})

test('False without completionTime: a TaskRun still runs, a PipelineRun and a CustomRun have ended', () => {
  const status = condition('False', 'Failed', '47:00')
  assert.equal(sourceOf(run('TaskRun')).endedAt(run('TaskRun', status)), undefined)
  assert.equal(sourceOf(run('PipelineRun')).endedAt(run('PipelineRun', status)), Date.parse(at('47:00')))
  assert.equal(sourceOf(run('CustomRun')).endedAt(run('CustomRun', status)), Date.parse(at('47:00')))
})

test('a signature counts only on a run that is done', () => {
  const annotations = { 'chains.tekton.dev/signed': 'true' }
  const running = run('TaskRun', condition('Unknown', 'Running', '47:00'), { annotations })
  assert.deepEqual(
    sourceOf(running)
      .milestones(running)
      .map((milestone) => milestone.key),
    ['queued'],
  )
})
