import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KubeObject } from '../../src/api/object.ts'
import { projectionBefore } from '../../src/catalogue/sample.ts'
import type { Content } from '../../src/formats/format.ts'
import { formats } from '../../src/formats/index.ts'
import { defaultOptions } from '../../src/formats/options.ts'
import { sourceFor } from '../../src/sources/index.ts'
import { input } from './runs.ts'

const folder = join(import.meta.dirname, '../sources/golden')
type Sample = Parameters<typeof projectionBefore>[1]
const widget: Sample = {
  object: {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: {
      name: 'a',
      namespace: 'team-a',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: '2026-11-22T11:00:00Z',
    },
    spec: { size: 1 },
    status: {
      conditions: [
        { type: 'Ready', status: 'True', reason: 'Fine', message: 'm', lastTransitionTime: '2026-11-22T12:00:00Z' },
      ],
    },
  },
} as unknown as Sample

const samples: Sample[] = [
  widget,
  ...readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Sample),
].filter((sample) => sample.object?.kind !== undefined && sourceFor(sample.object) !== undefined)

const long = 'x'.repeat(65_536)
const deep = () => Array.from({ length: 2000 }).reduce<unknown>((inner) => ({ a: [inner] }), 1)
const junk = [
  null,
  true,
  7,
  -1,
  1.5,
  1e300,
  '',
  'a',
  'a\nb\r\nc: d',
  '\ud800',
  'a\u0000\u007f\uffff',
  '__proto__',
  'constructor',
  long,
  `${long}@${long}`,
  'https://jane:s3cret@h/a?b#c',
  '[',
  '{}',
  '[{"scenario":"\\ud800","status":"Pending","lastUpdateTime":"2026-11-22T12:00:00Z"}]',
  '2026-11-22T12:00:00Z',
  '9999-12-31T23:59:59Z',
  [],
  {},
  [null],
  [[]],
  { a: 1 },
  { __proto__: null, constructor: 1, name: {} },
  deep,
] as const

/** A value of its own: what is put into it later is nowhere else. */
const fresh = (value: unknown): unknown => (value === deep ? deep() : structuredClone(value))

/** Paths of all members, but for those without which no API server stores an object. */
function pathsOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null || path.length > 12) return []
  return Object.entries(value).flatMap(([key, member]) => {
    const at = [...path, key]
    const isIdentity = [
      'apiVersion',
      'kind',
      'metadata',
      'metadata.name',
      'metadata.namespace',
      'metadata.uid',
      'metadata.resourceVersion',
    ].includes(at.join('.'))
    return [...(isIdentity ? [] : [at]), ...pathsOf(member, at)]
  })
}

function put(object: KubeObject, path: readonly string[], value: unknown): void {
  let place = object as unknown as Record<string, unknown>
  for (const key of path.slice(0, -1)) {
    const next = place[key]
    if (typeof next !== 'object' || next === null) return
    place = next as Record<string, unknown>
  }
  place[path.at(-1) ?? ''] = value
}

const base = defaultOptions
const variants = [
  base,
  {
    ...base,
    cdevents: { ...base.cdevents, specVersion: '0.5.1' as const, profile: 'sdk-go' as const },
    flux: { profile: 'rfc' as const },
  },
  { ...base, data: { ...base.data, include: [['metadata'], ['spec'], ['status', 'conditions', '0']] } },
] as (typeof base)[]
const contents: Content[] = ['summary', 'full', 'none']
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it is about
const illegal = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff\ufffe\uffff]/

function encodeAll(sample: Sample, object: KubeObject): void {
  const source = sourceFor(object) ?? assert.fail()
  const gone = source.deletion(object, { at: Date.UTC(2026, 10, 23), missed: false })
  const told = [
    ...source.milestones(object),
    ...source.transitions(projectionBefore(source, sample), object),
    ...(gone ? [gone] : []),
  ]
  source.unreadable?.(object)
  for (const milestone of told)
    for (const options of variants)
      for (const content of contents)
        for (const format of Object.values(formats)) {
          if (!format.knows(source, milestone.name, options)) continue
          const { events, problems } = format.encode(input(object, milestone, { source, content, options }))
          for (const { message } of problems) assert.ok(message.length < 2048 && !message.includes('s3cret'), message)
          for (const event of events) {
            const attributes = JSON.parse(event.attributes) as Record<string, string>
            for (const [name, value] of Object.entries(attributes)) {
              assert.equal(typeof value, 'string', name)
              assert.ok(!illegal.test(value.replace(/[\ud800-\udbff][\udc00-\udfff]/g, '')), `${name} of ${event.type}`)
            }
            if (event.data !== undefined) JSON.parse(event.data)
          }
        }
}

const params = { numRuns: 300, seed: Number(process.env.SEED ?? Date.now() & 0x7fffffff) }

test('whatever stands where in an object of any kind, all formats write what can be read, as legal attributes and JSON', () => {
  const changes = fc.array(fc.record({ at: fc.nat(), to: fc.nat(junk.length - 1) }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(fc.nat(samples.length - 1), changes, (which, changes) => {
      const sample = samples[which] ?? widget
      const object = structuredClone(sample.object) as KubeObject
      for (const { at, to } of changes) {
        const paths = pathsOf(object)
        put(object, paths[at % paths.length] ?? [], fresh(junk[to]))
      }
      encodeAll(sample, object)
    }),
    params,
  )
})

test('each member of each kind is taken for an object, a list, a number and a long text in turn', () => {
  const seen = new Set<string>()
  for (const sample of samples) {
    const { kind, apiVersion } = sample.object
    for (const path of pathsOf(sample.object)) {
      const place = `${apiVersion} ${kind} ${path.map((key) => (/^\d+$/.test(key) ? '*' : key)).join('.')}`
      if (seen.has(place) || path.length > 6) continue
      seen.add(place)
      for (const value of [{}, [], 7, long]) {
        const object = structuredClone(sample.object) as KubeObject
        put(object, path, value)
        encodeAll(sample, object)
      }
    }
  }
  assert.ok(seen.size > 500, String(seen.size))
})
