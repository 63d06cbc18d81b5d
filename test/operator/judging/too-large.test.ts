import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Format } from '../../../src/formats/format.ts'
import { formats } from '../../../src/formats/index.ts'
import { unlimited } from '../../../src/operator/overflow/admit.ts'
import { countsOf, of, see, told } from '../routing.ts'
import { emitter, succeeded, taskRun } from '../scene.ts'

const done = taskRun(succeeded())
const finishedOnly = { events: [{ kind: 'TaskRun' as const, milestones: ['finished' as const] }] }
const heavy = taskRun(succeeded(), { annotations: { notes: 'x'.repeat(5_000) } })
const withLimit = (limits: Record<string, number>) => ({
  maxEventBytes: (key: string) => limits[key.split('/')[1] ?? ''] ?? 65_536,
})

const dataOf = (event: { data: string | undefined } | undefined): Record<string, unknown> =>
  JSON.parse(event?.data ?? '{}')

test('an event too large for a sink goes there as a summary, and in full where it fits', () => {
  const full = emitter(
    'full',
    { data: { content: 'full' }, sinks: [{ name: 'small' }, { name: 'large' }] },
    withLimit({ small: 4_000 }),
  )
  const routed = see(heavy, of([full]))
  const bytes = routed.rows.map(({ event, sink }) => [sink.split('/')[1], (event.data?.length ?? 0) > 5_000])
  assert.deepEqual(bytes, [
    ['small', false],
    ['large', true],
    ['small', false],
    ['large', true],
  ])
  assert.equal(routed.dead.length, 0)
})

test('an event in full has with it what stands in for it, once for all sinks; others have none', () => {
  const two = { sinks: [{ name: 'qe' }, { name: 'audit' }], ...finishedOnly }
  const { rows } = see(heavy, of([emitter('full', { data: { content: 'full' }, ...two }), emitter('summary', two)]))
  const [first, second, third, fourth] = rows.map(({ event }) => event)
  assert.equal(first, second)
  assert.equal(third, fourth)
  const objectRef = {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    namespace: 'team-a',
    name: 'build',
    uid: 'uid-run',
    resourceVersion: '1',
    url: 'https://api.example.com/taskruns/build',
  }
  assert.equal(first?.summary?.attributes, third?.attributes)
  assert.deepEqual(dataOf(first?.summary), { ...dataOf(third), truncated: true, objectRef })
  assert.equal(third?.summary, undefined)
  const tekton = emitter('tekton', { formats: ['tektonv1'], data: { content: 'full' }, ...finishedOnly })
  assert.equal(see(heavy, of([tekton])).rows[0]?.event.summary, undefined)
})

test('what stands in for the whole object holds the parts that are asked for, where they fit, and is never taken for a summary', () => {
  const include = ['/metadata/annotations', '/spec/taskRef']
  const sinks = ['large', 'middle', 'small', 'tiny'].map((name) => ({ name }))
  const limits = withLimit({ large: 20_000, middle: 8_000, small: 1_500, tiny: 100 })
  const heavier = { ...heavy, status: { ...heavy.status, results: ['y'.repeat(5_000)] } }
  const shown = (content: 'full' | 'summary') => {
    const { rows, dead } = see(
      heavier,
      of([emitter('parts', { data: { content, include }, sinks, ...finishedOnly }, limits)]),
    )
    return [...rows, ...dead].map(({ sink, event }) => {
      const { object, include: parts, truncated } = dataOf(event)
      const next = dataOf(event.summary)
      return [
        sink.split('/')[1],
        object !== undefined,
        Object.keys(parts ?? {}),
        truncated,
        Object.keys(next.include ?? {}),
      ]
    })
  }
  assert.deepEqual(shown('full'), [
    ['large', true, [], undefined, include],
    ['middle', false, include, true, []],
    ['small', false, [], true, []],
    ['tiny', false, [], true, []],
  ])
  assert.deepEqual(shown('summary'), [
    ['large', false, include, undefined, []],
    ['middle', false, include, undefined, []],
    ['small', false, [], true, []],
    ['tiny', false, [], true, []],
  ])
})

test('of several events of one milestone only those that are too large go as summaries', () => {
  const pair: Format = {
    ...formats.cloudevents,
    encode: ({ content }) => ({
      problems: [],
      events: ['small', 'large'].map((id) => {
        const data = id === 'large' && content === 'full' ? 'x'.repeat(200) : content
        return { id, type: 'dev.carillon.tekton.taskrun.finished.v1', subject: '', attributes: '{}', data }
      }),
    }),
  }
  const limited = { ...withLimit({ qe: 100 }), formats: { ...formats, cloudevents: pair } }
  const full = emitter('full', { data: { content: 'full' }, ...finishedOnly }, limited)
  assert.deepEqual(
    see(done, of([full])).rows.map(({ event }) => [event.id, event.data]),
    [
      ['small', 'full'],
      ['large', 'summary'],
    ],
  )
})

test('an event that is too large in every form is a dead letter from the start', () => {
  const emitters = [
    emitter('full', { data: { content: 'full' } }, withLimit({ qe: 100 })),
    emitter('summary', {}, withLimit({ qe: 100 })),
  ]
  const routed = see(heavy, of(emitters))
  assert.deepEqual(told(routed), [])
  assert.equal(routed.dead.length, 4)
  for (const { reason, message } of routed.dead) {
    assert.equal(reason, 'TooLarge')
    assert.match(message, /^event of \d+ bytes, limit 100$/)
  }
  const small = Number(/\d+/.exec(routed.dead[0]?.message ?? ''))
  assert.ok(small < 2_000, 'what is kept is the summary, the least that there is')
  assert.equal(countsOf(routed, 'deadLettered'), 4)
  assert.equal(countsOf(routed, 'matched'), 4)
})

test('a dead letter from the start is parked, unless it is too large there, too', () => {
  const parking = { parking: () => 'team-a/parking' }
  for (const [limit, parked] of [
    [4_000, true],
    [90, false],
  ] as const) {
    const context = { ...withLimit({ qe: 100, parking: limit }), ...parking }
    const { rows, dead } = see(heavy, of([emitter('builds', finishedOnly, context)]))
    assert.deepEqual(
      rows.map((row) => [row.sink, row.subscription, row.parked, row.event === dead[0]?.event]),
      parked ? [['team-a/parking', 'team-a/builds', { sink: 'team-a/qe', reason: 'TooLarge' }, true]] : [],
    )
    assert.equal(dead.length, 1)
  }
  const full = { ...withLimit({ qe: 100, parking: 4_000 }), ...parking }
  const owed = see(heavy, of([emitter('builds', {}, full)], { room: { ...unlimited, take: () => false } }))
  assert.deepEqual([owed.rows, owed.dead], [[], []], 'nothing is parked of what is judged again later')
  const itself = { ...withLimit({ qe: 100 }), parking: () => 'team-a/qe' }
  assert.equal(see(heavy, of([emitter('builds', finishedOnly, itself)])).rows.length, 0)
})

test('the limit is in bytes, and reached but not passed is fine', () => {
  const wide = taskRun(succeeded(), { labels: { type: 'ö' } })
  const spec = { extensions: { team: 'ü' }, ...finishedOnly }
  const [row] = see(wide, of([emitter('builds', spec)])).rows
  const bytes = Buffer.byteLength(row?.event.attributes ?? '') + Buffer.byteLength(row?.event.data ?? '')
  assert.equal(see(wide, of([emitter('builds', spec, withLimit({ qe: bytes }))])).rows[0]?.event.id, row?.event.id)
  const refused = see(wide, of([emitter('builds', spec, withLimit({ qe: bytes - 1 }))])).dead
  assert.equal(refused[0]?.message, `event of ${bytes} bytes, limit ${bytes - 1}`)
})

test("a format with a limit of its own keeps to that, not to the sink's", () => {
  const tekton = emitter('tekton', { formats: ['tektonv1'] }, withLimit({ qe: 100 }))
  assert.equal(see(heavy, of([tekton])).rows.length, 2)
  const huge = taskRun(succeeded(), { annotations: { notes: 'x'.repeat(1_100_000) } })
  const { rows, dead } = see(huge, of([tekton]))
  assert.equal(rows.length, 0)
  assert.match(dead[0]?.message ?? '', /limit 1048576$/)
})
