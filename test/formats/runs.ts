import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import type { KubeObject } from '../../src/api/object.ts'
import type { EncodedEvent, EncodeInput } from '../../src/formats/format.ts'
import { defaultOptions } from '../../src/formats/options.ts'
import { sources } from '../../src/sources/index.ts'
import type { Milestone, Source } from '../../src/sources/source.ts'

/** Run objects written for these tests, by file name; read anew at each call, so that no test sees another's changes. */
export const run = (name: string): KubeObject => golden(`runs/${name}`) as KubeObject

export const runNames = [
  'customrun-bare',
  'customrun-rich',
  'pipelinerun-bare',
  'pipelinerun-rich',
  'taskrun-bare',
  'taskrun-retried',
  'taskrun-rich',
]

export const golden = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`golden/${name}.json`, import.meta.url), 'utf8'))

export function sourceOf(kind: string): Source {
  const source = sources[kind]
  if (!source) throw new Error(`no source ${kind}`)
  return source
}

/** A milestone as one source or another could tell it. */
export const milestone = (name: string, more: Partial<Milestone> = {}): Milestone => ({
  name,
  key: name,
  class: 'derived',
  time: Date.UTC(2026, 2, 2, 9, 1, 30, 250),
  rank: 50,
  ...more,
})

/** The milestone that the run itself tells. */
export function toldBy(object: KubeObject, name: string): Milestone {
  const source = sourceOf(object.kind)
  const found = [...source.milestones(object), ...source.transitions(undefined, object)].find((m) => m.name === name)
  if (!found) throw new Error(`${object.metadata.name} tells no ${name}`)
  return found
}

export const input = (object: KubeObject, told: Milestone, more: Partial<EncodeInput> = {}): EncodeInput => ({
  source: more.source ?? sourceOf(object.kind),
  object,
  milestone: told,
  content: 'summary',
  options: defaultOptions,
  cluster: {
    uri: 'https://cluster.example.com',
    urlOf: ({ plural }, { metadata }) => `https://dash.example.com/${metadata.namespace}/${plural}/${metadata.name}`,
  },
  ...more,
})

export const attributesOf = (event: EncodedEvent): Record<string, string> => JSON.parse(event.attributes)

/** Any JSON where a run is expected: quite odd ones, and ones with Tekton's own field names in the wrong places. */
export function oddRuns(): fc.Arbitrary<unknown> {
  const names = ['spec', 'status', 'metadata', 'conditions', 'taskSpec', 'pipelineSpec', 'steps', 'params', 'value']
  names.push(
    'results',
    'retriesStatus',
    'annotations',
    'labels',
    'name',
    'taskRunTemplate',
    'timeout',
    'matrix',
    '__proto__',
    'computeResources',
    'limits',
    'podTemplate',
    'volumes',
    'workspaces',
    'volumeClaimTemplate',
    'startTime',
    'tasks',
    'tekton.dev/v1beta1.task-deprecations',
    'deprecatedSteps',
  )
  const { odd } = fc.letrec((tie) => ({
    odd: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.jsonValue({ maxDepth: 1 }),
      fc.array(tie('odd'), { maxLength: 3 }),
      fc.array(fc.tuple(fc.constantFrom(...names), tie('odd')), { maxLength: 4 }).map(toObject),
    ),
  }))
  const metadata = fc.record({
    name: fc.string(),
    uid: fc.string(),
    namespace: fc.string(),
    labels: odd,
    annotations: odd,
  })
  return fc.oneof(
    odd,
    fc.record({ metadata: fc.oneof(metadata, odd), spec: odd, status: odd }, { requiredKeys: ['metadata'] }),
  )
}

// JSON.parse makes an own property of __proto__, as it does of what an API server sends.
const toObject = (entries: [string, unknown][]): unknown =>
  JSON.parse(`{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`)
