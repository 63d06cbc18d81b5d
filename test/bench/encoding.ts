// What it costs to encode one event of a run of 10 kB, by format and options; a process of its own, with the flags that the image has.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { EventSubscription } from '../../src/api/generated.ts'
import type { KubeObject } from '../../src/api/object.ts'
import { defaultPolicy } from '../../src/api/policy.ts'
import { formats } from '../../src/formats/index.ts'
import { rememberingReader } from '../../src/formats/user-events/annotation.ts'
import type { Emitter } from '../../src/operator/emitter.ts'
import { ObjectEvents } from '../../src/operator/judging/object-events.ts'
import { compileSubscription } from '../../src/operator/subscription.ts'
import { knownSources, sources } from '../../src/sources/index.ts'
import type { Milestone, Source } from '../../src/sources/source.ts'
import { v8Flags } from '../operator/process.ts'
import { bigTaskRun } from './big-run.ts'

type Spec = Omit<EventSubscription['spec'], 'sinks'>

/** Every format, and what options may cost; the names are those of the figures. */
export const rows: Readonly<Record<string, Spec>> = {
  cloudevents: {},
  cloudeventsFull: { data: { content: 'full' } },
  cloudeventsRedacted: {
    data: { content: 'full', redact: ['/spec/params', '/metadata/annotations/example.com~1ticket'] },
  },
  cloudeventsIncluding: { data: { include: ['/status/results', '/spec/params'] } },
  cdevents: { formats: ['cdevents'] },
  cdevents051: { formats: ['cdevents'], cdevents: { specVersion: '0.5.1' } },
  cdeventsFull: { formats: ['cdevents'], cdevents: { profile: 'sdk-go' }, data: { content: 'full' } },
  cdeventsDeclared: {
    formats: ['cdevents'],
    userEvents: { types: ['dev.cdevents.artifact.published'], only: true },
  },
  tektonv1: { formats: ['tektonv1'] },
  tektonv2: { formats: ['tektonv2'] },
  body: {
    body: '{"text": object.metadata.name + " " + milestone.outcome, "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": event.type}}]}',
  },
}

function compiled(name: string, spec: Spec): Emitter {
  const subscription = {
    apiVersion: 'carillon.dev/v1alpha1',
    kind: 'EventSubscription',
    metadata: { name, namespace: 'team-a', uid: name, resourceVersion: '1', creationTimestamp: '2026-03-04T07:00:00Z' },
    spec: { sinks: [{ name: 'qe' }], ...spec },
  } as EventSubscription
  const emitter = compileSubscription(subscription, {
    sources: knownSources,
    formats,
    policy: defaultPolicy,
    maxEventBytes: () => 65_536,
    parking: () => undefined,
    readDeclarations: rememberingReader(),
  })
  if (!emitter.ok) throw new Error(`${name}: ${emitter.message}`)
  return emitter.value
}

const cluster = {
  uri: '/clusters/2f1c7a0e-6f53-4d0c-9a53-0d6c1f1b8e11',
  urlOf: ({ plural }: Source, { metadata }: KubeObject) => `https://dash.example.com/${plural}/${metadata.name}`,
}

/** Each run is met once, as one that has just been read; so many are read at once, which is half of what the operator reads of a list. */
const runsRead = 25
const readsARound = 8

function encodeAll(emitter: Emitter, runs: readonly [KubeObject, Milestone][], source: Source): number {
  const [sink] = emitter.sinks
  if (!sink) throw new Error('no sink')
  let events = 0
  for (const [object, milestone] of runs) {
    const made = new ObjectEvents({ source, object, cluster, phase: 'watch', record: undefined, gone: undefined }, 0)
    for (const format of emitter.formats) events += made.of(emitter, sink, milestone, format).length
  }
  return events
}

/** µs of CPU an event, by row: the median of `rounds`, in each of which every row has its turn. */
export function measureEncoding(rounds: number): Record<string, number> {
  const source = sources.TaskRun
  if (!source) throw new Error('no source for TaskRun')
  const text = JSON.stringify(bigTaskRun(10_000))
  const emitters = Object.entries(rows).map(([name, spec]) => [name, compiled(name, spec)] as const)
  const figures = new Map<string, number[]>()
  // The first rounds warm the code up.
  for (let round = -3; round < rounds; round += 1) {
    for (const [name, emitter] of emitters) {
      let cpu = 0
      for (let read = 0; read < readsARound; read += 1) {
        const runs = Array.from({ length: runsRead }, () => readRun(text, source))
        settleHeap()
        const before = process.cpuUsage()
        const events = encodeAll(emitter, runs, source)
        const { user, system } = process.cpuUsage(before)
        if (events !== runsRead) throw new Error(`${name}: ${events} events of ${runsRead} runs`)
        cpu += user + system
      }
      if (round >= 0) figures.set(name, [...(figures.get(name) ?? []), cpu / (runsRead * readsARound)])
    }
  }
  return Object.fromEntries([...figures].map(([name, all]) => [name, median(all)]))
}

/**
 * What was read leaves the young generation, by two collections of it, before the clock runs: what counts is encoding, with the garbage
 * that it makes, and not that of reading.
 */
function settleHeap(): void {
  if (globalThis.gc === undefined) throw new Error('run it with --expose-gc')
  globalThis.gc({ type: 'minor' })
  globalThis.gc({ type: 'minor' })
}

function readRun(text: string, source: Source): [KubeObject, Milestone] {
  const object: KubeObject = JSON.parse(text)
  const finished = source.milestones(object).find(({ name }) => name === 'finished')
  if (!finished) throw new Error('the run has not finished')
  return [object, finished]
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** `measureEncoding` in a process of its own. */
export function encodingFigures(rounds: number): Record<string, number> {
  const flags = [...v8Flags, '--expose-gc']
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...flags, fileURLToPath(import.meta.url), String(rounds)],
    { encoding: 'utf8', env: { ...process.env, MALLOC_ARENA_MAX: '2' } },
  )
  if (status !== 0) throw new Error(`the encoders could not be measured: ${stderr}`)
  return JSON.parse(stdout)
}

if (import.meta.main) console.log(JSON.stringify(measureEncoding(Number(process.argv[2]))))
