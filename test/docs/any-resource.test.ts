import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import type { KubeObject } from '../../src/api/object.ts'
import { route } from '../../src/operator/judging/route.ts'
import type { ObjectRecord } from '../../src/outbox/outbox.ts'
import { sourcesOf } from '../../src/sources/index.ts'
import { at, cluster, emitter, ms, type SubscriptionSpec, sinceOf, stored } from '../operator/scene.ts'
import { blocksOf } from './markdown.ts'

type Entry = NonNullable<SubscriptionSpec['events']>[number]

const page = readFileSync(new URL('../../docs/any-resource.md', import.meta.url), 'utf8')
const blocks = blocksOf(page).filter(({ language }) => language === 'yaml')
const entries: Entry[] = blocks.flatMap(({ info, code }) =>
  info[0] === 'entry'
    ? [parse(code)]
    : info.length === 0
      ? ((parse(code) as { spec: SubscriptionSpec }).spec.events ?? [])
      : [],
)

/** By the first name that a recipe defines: states of an object, and what of the recipe is told at each. */
const lives: Record<string, [state: object, told: string[]][]> = {
  renewed: [
    [{}, []],
    [{ status: { revision: 1 } }, []],
    [{ status: { revision: 2 } }, ['renewed']],
    [{ status: { revision: 2, conditions: [] } }, []],
    [{ status: { revision: 3 } }, ['renewed']],
  ],
  'issue-failed': [
    [{}, []],
    [{ status: { lastFailureTime: at(1) } }, ['issue-failed']],
    [{ status: { lastFailureTime: at(1), revision: 1 } }, []],
    [{ status: { lastFailureTime: at(9) } }, ['issue-failed']],
  ],
  synced: [
    [{}, []],
    [{ status: { sync: { status: 'OutOfSync', revision: 'a' }, health: { status: 'Healthy' } } }, []],
    [{ status: { sync: { status: 'Synced', revision: 'a' }, health: { status: 'Degraded' } } }, ['synced', 'degraded']],
    [{ status: { sync: { status: 'Synced', revision: 'a' }, health: { status: 'Healthy' } } }, []],
    [{ status: { sync: { status: 'Synced', revision: 'b' }, health: { status: 'Degraded' } } }, ['synced', 'degraded']],
  ],
  'rolled-out': [
    [{ spec: { replicas: 2 } }, []],
    [{ spec: { replicas: 2 }, status: { observedGeneration: 1, updatedReplicas: 2 } }, []],
    [
      { spec: { replicas: 2 }, status: { observedGeneration: 1, updatedReplicas: 2, availableReplicas: 2 } },
      ['rolled-out'],
    ],
    [{ spec: { replicas: 2 }, status: { observedGeneration: 1, updatedReplicas: 2, availableReplicas: 1 } }, []],
    [{ spec: { replicas: 2 }, status: { observedGeneration: 1, updatedReplicas: 2, availableReplicas: 2 } }, []],
  ],
  restarted: [
    [{}, []],
    [{ status: { containerStatuses: [{ restartCount: 0 }, { restartCount: 0 }] } }, []],
    [{ status: { containerStatuses: [{ restartCount: 0 }, { restartCount: 1 }] } }, ['restarted']],
    [{ status: { containerStatuses: [{ restartCount: 1 }, { restartCount: 1 }] } }, ['restarted']],
  ],
  bound: [
    [{ spec: {}, status: { phase: 'Pending' } }, []],
    [{ spec: { volumeName: 'pv-1' }, status: { phase: 'Bound' } }, ['bound']],
  ],
  held: [
    [{ spec: { status: 'PipelineRunPending' } }, ['held']],
    [{ spec: {} }, []],
    [{ spec: { status: 'PipelineRunPending' } }, ['held']],
  ],
}

/** What the entry alone defines is told at each state, and errors of it. */
function play(entry: Entry, states: readonly object[]) {
  const [source] = sourcesOf(entry.kind, entry.group)
  assert.ok(source)
  const { define = [], kind, group } = entry
  const events = [{ kind, ...(group !== undefined && { group }), define }]
  const one = emitter('a', { events }, { namespace: 'admin' })
  let record: ObjectRecord | undefined
  return states.map((state, second) => {
    const metadata = {
      name: 'a',
      namespace: 'admin',
      uid: 'u',
      resourceVersion: String(second),
      generation: 1,
      creationTimestamp: at(0),
      managedFields: [{ time: at(second) }],
    }
    const object = { apiVersion: `${group ?? 'v1'}/v1`, kind, metadata, ...state } as KubeObject
    const given = {
      source,
      object,
      phase: 'watch' as const,
      record,
      emitters: [one],
      since: sinceOf(),
      cluster,
      now: ms(second),
    }
    const { rows, filterErrors, record: next } = route(given)
    record = stored(next) ?? record
    assert.deepEqual(
      filterErrors.map(({ message }) => message),
      [],
    )
    return rows.map(({ event }) => event.type.split('.').at(-2) ?? '')
  })
}

for (const entry of entries) {
  const name = entry.define?.[0]?.name ?? ''
  test(`${name} of a ${entry.kind} is told as the page says`, () => {
    const life = lives[name] ?? assert.fail(`give ${name} a life here`)
    const states = life.map(([state]) => state)
    assert.deepEqual(
      play(entry, states),
      life.map(([, told]) => told),
    )
  })
}

test('every recipe is there', () => assert.equal(entries.length, Object.keys(lives).length))
