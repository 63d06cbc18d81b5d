import { tests } from '@bufbuild/cel-spec/testdata/conformance.js'
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'

/** The JSON form of protobuf messages of cel-spec (cel/expr/value.proto, cel/expr/conformance/test/simple.proto). */
export type SpecValue = {
  int64Value?: string
  uint64Value?: string
  doubleValue?: number | string
  stringValue?: string
  bytesValue?: string
  boolValue?: boolean
  nullValue?: null
  typeValue?: string
  listValue?: { values?: SpecValue[] }
  mapValue?: { entries?: { key: SpecValue; value: SpecValue }[] }
  objectValue?: { '@type': string; value?: string }
}

export type SpecCase = {
  section: string
  /** `section/suite/name`. */
  id: string
  expr: string
  /** Undefined where an error is expected. */
  value: SpecValue | undefined
  container: string | undefined
  bindings: Record<string, SpecValue>
  types: Record<string, string>
}

/** What of cel-spec speaks of JSON: everything but protobuf messages and the extensions that no one promises. */
export const coreSections: ReadonlySet<string> = new Set([
  'basic',
  'comparisons',
  'conversions',
  'fields',
  'fp_math',
  'integer_math',
  'lists',
  'logic',
  'macros',
  'namespace',
  'parse',
  'plumbing',
  'string',
  'timestamps',
])

type Suite = { name: string; suites?: Suite[]; tests?: { original: Original }[] }

type Original = {
  name: string
  expr: string
  container?: string
  value?: SpecValue
  evalError?: unknown
  typedResult?: unknown
  checkOnly?: boolean
  bindings?: Record<string, { value: SpecValue }>
  typeEnv?: { name: string; ident?: { type: SpecType }; function?: unknown }[]
}

export function coreCases(): { cases: SpecCase[]; withMessages: number } {
  const all = (tests as unknown as Suite).suites?.filter(({ name }) => coreSections.has(name)) ?? []
  const found = all.flatMap((suite) => casesOf(suite, suite.name, suite.name))
  const cases = found.filter((one) => !one.speaksOfMessages).map(({ speaksOfMessages: _, ...one }) => one)
  return { cases, withMessages: found.length - cases.length }
}

const messages =
  /TestAllTypes|google\.protobuf\.(?!Timestamp|Duration)|GlobalEnum|NestedEnum|cel\.expr\.conformance\.proto/

function casesOf(suite: Suite, section: string, path: string): (SpecCase & { speaksOfMessages: boolean })[] {
  const own = (suite.tests ?? []).map(({ original }) => ({
    section,
    id: `${path}/${original.name}`,
    expr: original.expr,
    value: original.evalError ? undefined : (original.value ?? { boolValue: true }),
    container: original.container,
    bindings: Object.fromEntries(Object.entries(original.bindings ?? {}).map(([name, bound]) => [name, bound.value])),
    types: Object.fromEntries((original.typeEnv ?? []).map((entry) => [entry.name, typeName(entry.ident?.type)])),
    speaksOfMessages: messages.test(JSON.stringify(original)),
  }))
  return [...own, ...(suite.suites ?? []).flatMap((inner) => casesOf(inner, section, `${path}/${inner.name}`))]
}

type SpecType = {
  primitive?: string
  listType?: { elemType?: SpecType }
  mapType?: { keyType?: SpecType; valueType?: SpecType }
  wellKnown?: string
}

const primitives: Record<string, string> = {
  BOOL: 'bool',
  INT64: 'int',
  UINT64: 'uint',
  DOUBLE: 'double',
  STRING: 'string',
  BYTES: 'bytes',
}

function typeName(type: SpecType | undefined): string {
  if (type?.primitive) return primitives[type.primitive] ?? 'dyn'
  if (type?.listType) return `list<${typeName(type.listType.elemType)}>`
  if (type?.mapType) return `map<${typeName(type.mapType.keyType)}, ${typeName(type.mapType.valueType)}>`
  if (type?.wellKnown === 'TIMESTAMP') return 'timestamp'
  if (type?.wellKnown === 'DURATION') return 'duration'
  return 'dyn'
}

/** A binding's value as cel-js takes it. */
export function toCel(value: SpecValue): unknown {
  if (value.int64Value !== undefined) return BigInt(value.int64Value)
  if (value.uint64Value !== undefined) return new UnsignedInt(BigInt(value.uint64Value))
  if (value.doubleValue !== undefined) return Number(value.doubleValue)
  if (value.stringValue !== undefined) return value.stringValue
  if (value.boolValue !== undefined) return value.boolValue
  if (value.bytesValue !== undefined) return Buffer.from(value.bytesValue, 'base64')
  if (value.listValue) return (value.listValue.values ?? []).map(toCel)
  if (value.mapValue)
    return new Map((value.mapValue.entries ?? []).map((entry) => [toCel(entry.key), toCel(entry.value)]))
  if (value.objectValue?.['@type'].endsWith('Timestamp')) return new Date(value.objectValue.value ?? 0)
  if (value.objectValue) return new Duration(0n, 0)
  return null
}

/** Whether a result is what the specification says. Keys of maps are compared as text: in literals cel-js keeps them so. */
export function equals(expected: SpecValue, actual: unknown): boolean {
  if (expected.int64Value !== undefined) return actual === BigInt(expected.int64Value)
  if (expected.uint64Value !== undefined)
    return actual instanceof UnsignedInt && actual.value === BigInt(expected.uint64Value)
  if (expected.doubleValue !== undefined) return Object.is(Number(expected.doubleValue) + 0, (actual as number) + 0)
  if (expected.stringValue !== undefined) return actual === expected.stringValue
  if (expected.boolValue !== undefined) return actual === expected.boolValue
  if (expected.nullValue !== undefined) return actual === null
  if (expected.typeValue !== undefined) return String((actual as { name?: string })?.name) === expected.typeValue
  if (expected.bytesValue !== undefined) {
    return actual instanceof Uint8Array && Buffer.from(actual).equals(Buffer.from(expected.bytesValue, 'base64'))
  }
  if (expected.listValue) {
    const values = expected.listValue.values ?? []
    return (
      Array.isArray(actual) && actual.length === values.length && values.every((value, i) => equals(value, actual[i]))
    )
  }
  if (expected.mapValue) return equalsMap(expected.mapValue.entries ?? [], actual)
  return equalsTime(expected.objectValue, actual)
}

function equalsMap(entries: readonly { key: SpecValue; value: SpecValue }[], actual: unknown): boolean {
  if (typeof actual !== 'object' || actual === null) return false
  const found = new Map(
    [...(actual instanceof Map ? actual : Object.entries(actual))].map(([key, value]) => [String(key), value]),
  )
  return (
    found.size === entries.length && entries.every(({ key, value }) => equals(value, found.get(String(toCel(key)))))
  )
}

function equalsTime(expected: SpecValue['objectValue'], actual: unknown): boolean {
  if (actual instanceof Date) return actual.getTime() === new Date(expected?.value ?? 0).getTime()
  if (!(actual instanceof Duration)) return false
  const [seconds = '0', fraction = ''] = (expected?.value ?? '0s').slice(0, -1).split('.')
  const sign = seconds.startsWith('-') ? -1 : 1
  return actual.seconds === BigInt(seconds) && actual.nanos === sign * Number(fraction.padEnd(9, '0'))
}
