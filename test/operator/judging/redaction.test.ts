import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KubeObject } from '../../../src/api/object.ts'
import { pointerText, valueAt } from '../../../src/formats/pointers.ts'
import type { Routed } from '../../../src/operator/judging/routing.ts'
import { oddRuns, run, runNames } from '../../formats/runs.ts'
import { of, see, told } from '../routing.ts'
import { emitter, running, type SubscriptionSpec, sourceOf, start, succeeded, taskRun } from '../scene.ts'

const canary = 'canary-3f1b'

/** Declared by the run's author, with what is redacted in it. */
const declarations = [
  {
    on: { kind: 'TaskRun', task: 'build' },
    type: 'dev.cdevents.service.deployed',
    subject: { id: '$(params.password)' },
  },
  {
    on: { kind: 'TaskRun', task: 'build' },
    type: 'dev.cdevents.service.removed',
    subject: { id: 'shop' },
    customData: { said: { cel: 'milestone.message + object.metadata.?labels.?team.orValue("")' } },
  },
]

const done = taskRun(succeeded(), {
  labels: { team: canary, 'tekton.dev/pipelineTask': canary, kept: 'yes' },
  annotations: {
    note: canary,
    'example.com/api-token': 'canary-token',
    'carillon.dev/events': JSON.stringify(declarations),
  },
})
const withSecrets: KubeObject = {
  ...done,
  spec: { params: [{ name: 'password', value: canary }], taskRef: { name: 'build' } },
  status: { ...done.status, conditions: [{ ...succeeded().conditions[0], message: `failed on ${canary}` }] },
}

const redact = [
  '/metadata/labels/team',
  '/metadata/labels/tekton.dev~1pipelineTask',
  '/metadata/annotations/note',
  '/spec/params/0/value',
  '/status/conditions/0/message',
]

const everything: Partial<SubscriptionSpec>[] = [
  ...(['cloudevents', 'cdevents', 'tektonv1', 'tektonv2'] as const).flatMap((format) =>
    (['summary', 'full', 'none'] as const).map((content) => ({ formats: [format], data: { content } })),
  ),
  { data: { include: ['/metadata/labels', '/metadata/annotations', '/metadata/managedFields', '/spec', '/status'] } },
  { formats: ['cdevents'], data: { include: ['/metadata', '/spec/params/0/value', '/status/conditions/0'] } },
  { formats: ['cdevents'], userEvents: { types: ['dev.cdevents.service.deployed', 'dev.cdevents.service.removed'] } },
  { body: '{"object": object, "milestone": milestone, "event": event}', data: { content: 'full' } },
  { body: '[object, milestone, event]', formats: ['tektonv1'] },
]

const emittersOf = (pointers: readonly string[]) =>
  everything.map((spec, n) => emitter(`e${n}`, { ...spec, data: { ...spec.data, redact: [...pointers] } }))

/** Every byte that may come to a sink, a file or a status of what was encoded. */
const bytesOf = ({ rows, dead, formatErrors }: Routed): string =>
  JSON.stringify([
    ...rows.map(({ event }) => event),
    ...dead.map(({ event, message }) => [event, message]),
    ...formatErrors.flatMap(({ problems }) => problems),
  ])

test('what is redacted is in no event, whatever its format, content, included parts and body', () => {
  const before = structuredClone(withSecrets)
  const routed = see(withSecrets, of(emittersOf(redact)))
  assert.ok(routed.rows.length >= 2 * everything.length, `${routed.rows.length} rows`)
  assert.ok(!bytesOf(routed).includes('canary'))
  assert.deepEqual(withSecrets, before)
  assert.ok(bytesOf(see(withSecrets, of(emittersOf(['/nothing'])))).includes(canary))
})

test('labels, filters and selectors see the object whole', () => {
  const selected = emitter('selected', {
    events: [{ kind: 'TaskRun', milestones: ['finished'], selector: { matchLabels: { team: canary } } }],
    filter: `object.spec.params[0].value == "${canary}" && milestone.reason == "Succeeded"`,
    data: { redact: ['/metadata/labels', '/spec', '/status/conditions'] },
  })
  const routed = see(withSecrets, of([selected]))
  assert.deepEqual(told(routed), ['finished → qe'])
  const { milestone, labels } = JSON.parse(routed.rows[0]?.event.data ?? '')
  assert.equal(labels, undefined)
  assert.deepEqual(milestone, { name: 'finished', time: '2026-11-22T12:01:00.000Z', outcome: 'success' })
})

test('the message of a milestone that is only observed, and of a delete, goes with what it was read from', () => {
  const going = taskRun(running(), {})
  const object = { ...going, status: { ...running(), conditions: [{ ...running().conditions[0], message: canary }] } }
  const spec = { events: [{ kind: 'TaskRun' as const, milestones: ['running' as const, 'deleted' as const] }] }
  const messages = (pointer: string) => {
    const emitters = of([emitter('builds', { ...spec, data: { redact: [pointer] } })])
    const gone = see(object, { ...emitters, gone: { at: start + 90_000, missed: false } })
    return gone.rows.map(({ event }) => JSON.parse(event.data ?? '').milestone.message)
  }
  assert.deepEqual(messages('/status/conditions/0/message'), [undefined, undefined])
  assert.deepEqual(messages('/spec'), [canary, canary])
})

test('the message of a change goes with what it was read from, and stays where something else goes', () => {
  const state = (message: string, second: number) =>
    taskRun({ ...running(), conditions: [{ ...running(second).conditions[0], message }] })
  const spec = { events: [{ kind: 'TaskRun' as const, milestones: ['changed' as const] }] }
  const messages = (pointer: string) => {
    const emitters = of([emitter('builds', { ...spec, data: { redact: [pointer] } })])
    const { record } = see(state('of 2', 1), emitters)
    const { rows } = see(state(canary, 5), { ...emitters, record })
    return rows.map(({ event }) => JSON.parse(event.data ?? '').milestone.message)
  }
  assert.deepEqual(messages('/spec'), [canary])
  assert.deepEqual(messages('/status/conditions/0/message'), [undefined])
})

test('ids are the same with and without a redaction', () => {
  const ids = (pointers: string[]) => see(withSecrets, of(emittersOf(pointers))).rows.map(({ event }) => event.id)
  assert.deepEqual(ids(redact), ids(['/nothing']))
})

test('it is encoded once for all who redact the same', () => {
  const data = { content: 'full' as const }
  const emitters = [redact, [...redact], [...redact].reverse(), ['/spec']].map((pointers, n) =>
    emitter(`e${n}`, { data: { ...data, redact: pointers }, events: [{ kind: 'TaskRun', milestones: ['finished'] }] }),
  )
  const events = see(withSecrets, of(emitters)).rows.map(({ event }) => event)
  assert.equal(events[0], events[1])
  assert.notEqual(events[0]?.data, events[3]?.data)
})

/** Pointers that are refused, as in no object of a cluster there is anything. */
const mistaken = /\/[*-](\/|$)|\](\/|$)|^\/metadata\/(labels|annotations)\/[^/]*\//

/** Where something other than identity stands in an object. */
function placesIn(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, below]) => {
    const place = [...path, key]
    const text = pointerText(place)
    const mayGo = !/^\/(apiVersion|kind|metadata(\/(name|namespace|uid))?)$/.test(text) && !mistaken.test(text)
    return [...(mayGo ? [place] : []), ...placesIn(below, place)]
  })
}

const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value))

function plant(object: KubeObject, place: readonly string[], value: unknown): void {
  // Own members alone: a list planted in the place of a map has a __proto__ that all lists share.
  const parent = valueAt(object, place.slice(0, -1))
  if (typeof parent !== 'object' || parent === null) return
  const key = place.at(-1) ?? ''
  // JSON has no lists with holes.
  if (Array.isArray(parent) && !(Number(key) <= parent.length)) return
  Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true })
}

test('whatever is redacted of whatever run is nowhere in the bytes, and nothing throws', () => {
  const seed = Date.now() % 2 ** 31
  const odd = oddRuns().map((value) => {
    const { metadata, ...rest } = Object(value) as KubeObject
    return { ...taskRun(), ...rest, metadata: { ...Object(metadata), ...taskRun().metadata } } as KubeObject
  })
  const real = fc.constantFrom(...runNames).map(run)
  const value = fc.constantFrom<unknown>(canary, [canary], { [canary]: { value: canary } }, [
    { name: canary, value: canary },
  ])
  fc.assert(
    fc.property(
      fc.oneof(odd, real),
      fc.array(fc.tuple(fc.nat(), value), { minLength: 1, maxLength: 4 }),
      (given, picks) => {
        // What is planted into is this run's own.
        const object: KubeObject = copyOf(given)
        const places = placesIn(object)
        const planted = picks.flatMap(([n, what]) => {
          const place = places[n % places.length]
          return place ? [{ place, what }] : []
        })
        // The outer ones first: what is planted within them has to be there in the end.
        for (const { place, what } of planted.sort((a, b) => a.place.length - b.place.length))
          plant(object, place, copyOf(what))
        const pointers = planted.map(({ place }) => pointerText(place))
        const routed = see(object, { ...of(emittersOf(pointers)), source: sourceOf(object.kind), now: start })
        assert.ok(!bytesOf(routed).includes(canary), pointers.join(' '))
      },
    ),
    { numRuns: 150, seed, verbose: 1 },
  )
})
