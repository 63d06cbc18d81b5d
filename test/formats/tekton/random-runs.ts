import fc from 'fast-check'
import type { KubeObject } from '../../../src/api/object.ts'
import type { GoStructs } from './oracle.ts'

type Kind = 'TaskRun' | 'PipelineRun' | 'CustomRun'

/** Runs with any of the fields that Tekton's types have, empty values among them, at most some levels deep. */
export function validRuns(structs: GoStructs, kind: Kind): fc.Arbitrary<KubeObject> {
  const made = new Map<string, fc.Arbitrary<unknown>>()
  const ofType = (type: string, depth: number): fc.Arbitrary<unknown> | undefined => {
    const known = made.get(`${type} ${depth}`) ?? leaves[type]
    if (known) return known
    const one = many(type, depth) ?? ofStruct(structs[type] ?? {}, depth)
    if (one) made.set(`${type} ${depth}`, one)
    return one
  }
  const many = (type: string, depth: number): fc.Arbitrary<unknown> | undefined => {
    const item = type.startsWith('[]') || type.startsWith('{}') ? ofType(type.slice(2), depth) : undefined
    if (!item) return undefined
    return type.startsWith('[]') ? fc.array(item, { maxLength: 2 }) : fc.dictionary(keys, item, { maxKeys: 2 })
  }
  const ofStruct = (fields: Record<string, string>, depth: number): fc.Arbitrary<unknown> | undefined => {
    if (depth === 0) return undefined
    const arbitraries = Object.entries(fields).flatMap(([name, type]): [string, fc.Arbitrary<unknown>][] => {
      const of = type === '[]Condition' ? conditions : ofType(type, depth - 1)
      return of ? [[name, of]] : []
    })
    return fc
      .subarray(arbitraries, { maxLength: Math.min(arbitraries.length, depth > 6 ? 12 : 5) })
      .chain((chosen) =>
        fc.record(Object.fromEntries([...chosen, ...arbitraries.filter(([name]) => name === 'value')])),
      )
  }
  const [spec, status] = ['spec', 'status'].map((name) => ofType(structs[kind]?.[name] ?? '', 8))
  return fc
    .record({ spec: spec ?? fc.constant({}), status: status ?? fc.constant({}) })
    .map((body) => ({ ...identity(kind), ...(body as Pick<KubeObject, 'spec' | 'status'>) }))
}

const identity = (kind: Kind): KubeObject => ({
  apiVersion: kind === 'CustomRun' ? 'tekton.dev/v1beta1' : 'tekton.dev/v1',
  kind,
  metadata: {
    name: 'random',
    namespace: 'team-a',
    uid: '0d3f6e63-0e54-4d67-8f0f-5a1c9c3b7f21',
    resourceVersion: '4711',
    creationTimestamp: '2026-03-02T09:00:00Z',
  },
})

const keys = fc.constantFrom('a', 'cpu', 'memory', 'example.com/x')
const strings = fc.constantFrom('', 'a', 'build', '$(params.x)', '<b> & "c"', 'ä')
const times = fc.constantFrom('2026-03-02T09:00:00Z', '2026-03-02T10:00:00+01:00', '2026-03-02T09:00:00.987654Z')
const integers = fc.constantFrom(0, 1, 8080)

const leaves: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  string: strings,
  bool: fc.boolean(),
  int: integers,
  int32: integers,
  int64: integers,
  Time: times,
  VolatileTime: times,
  Duration: fc.constantFrom(
    '0s',
    '1h',
    '90s',
    '1h30m0s',
    '0h5m1s',
    '0m9s',
    '59m60s',
    '2m3s',
    '1.5h',
    '100ms',
    '0.5s',
    '1m0.25s',
  ),
  IntOrString: fc.constantFrom(0, 8080, 'http', ''),
  Quantity: fc.constantFrom('0', '1', 2, 0.5, '0.5', '1000m', '1500m', '1.5Gi', '1024Mi', '64Mi', '1e3', '2E'),
  ParamValue: fc.constantFrom('', 'text', 5, [], ['a', ''], [1, 2], {}, { os: 'linux' }, { a: { b: 1 } }),
  RawExtension: fc.constantFrom({}, { from: 'somebody', depth: [1, { x: null }] }, 'text', []),
  FieldsV1: fc.constantFrom({}, { 'f:spec': {} }),
}

const conditions = fc.array(
  fc.record(
    {
      type: fc.constantFrom('Succeeded', 'Succeeded', 'Custom'),
      status: fc.constantFrom('True', 'False', 'Unknown'),
      reason: fc.constantFrom('', 'Running', 'Started', 'Pending', 'Succeeded', 'Failed'),
      message: strings,
      severity: fc.constantFrom('', 'Info', 'Warning'),
      lastTransitionTime: times,
    },
    { requiredKeys: ['type', 'status'] },
  ),
  { maxLength: 2 },
)
