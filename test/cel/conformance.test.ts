import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Limits } from '../../src/cel/limits.ts'
import { compile, fixed } from '../../src/cel/program.ts'
import { coreCases, equals, type SpecCase, toCel } from './cases.ts'

// cel-js computes some times in the process's own zone: the list of misses must not depend on it.
process.env.TZ = 'UTC'

const specLimits: Limits = {
  sourceLength: Number.POSITIVE_INFINITY,
  maxAstNodes: 100_000,
  maxDepth: 250,
  maxListElements: 1000,
  maxMapEntries: 1000,
  maxCallArguments: 32,
  maxMacroNesting: Number.POSITIVE_INFINITY,
  patternLength: Number.POSITIVE_INFINITY,
  patternSize: Number.POSITIVE_INFINITY,
  work: Number.POSITIVE_INFINITY,
}

function passes(one: SpecCase): boolean {
  const names = new Set([...Object.keys(one.types), ...Object.keys(one.bindings)])
  const variables = Object.fromEntries([...names].map((name) => [name, one.types[name] ?? 'dyn']))
  let program: ReturnType<typeof compile>
  try {
    program = compile(one.expr, { variables, result: 'dyn', limits: specLimits })
  } catch {
    // Names with dots can't be declared.
    return false
  }
  if (!program.ok) return one.value === undefined
  const bound = Object.fromEntries(Object.entries(one.bindings).map(([name, value]) => [name, toCel(value)]))
  const result = program.value.evaluate(fixed(bound))
  return result.ok ? one.value !== undefined && equals(one.value, result.value) : one.value === undefined
}

const knownMisses = readFileSync(new URL('known-misses.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))

test('cel-spec: every case of the core sections that speaks of JSON passes, but for the known misses', (t) => {
  const { cases, withMessages } = coreCases()
  const missed = cases.filter((one) => !passes(one)).map((one) => one.id)
  t.diagnostic(
    `cel-spec core: ${cases.length - missed.length} of ${cases.length} pass; ${withMessages} about protobuf messages left out`,
  )
  for (const section of new Set(cases.map((one) => one.section))) {
    const ids = cases.filter((one) => one.section === section).map((one) => one.id)
    t.diagnostic(`  ${section}: ${ids.filter((id) => !missed.includes(id)).length} of ${ids.length}`)
  }
  assert.equal(new Set(cases.map((one) => one.id)).size, cases.length, 'ids of cases must tell them apart')
  assert.deepEqual(
    missed.filter((id) => !knownMisses.includes(id)),
    [],
    'these fail and are not in known-misses.txt',
  )
  assert.deepEqual(
    knownMisses.filter((id) => !missed.includes(id)),
    [],
    'these pass, or are no cases: take them out of known-misses.txt',
  )
})
