import { type Fields, fields, list, text } from './read.ts'
import type { Outcome } from './source.ts'

/** What a test says of itself (Konflux ADR-0030). */
export const testResults = ['SUCCESS', 'FAILURE', 'WARNING', 'SKIPPED', 'ERROR'] as const
export type TestResult = (typeof testResults)[number]

/** Its free text, `note`, is not among it. */
export type TestOutput = { result: TestResult; successes?: number; failures?: number; warnings?: number }

/** undefined: there is none. */
export type TestOutputReading = TestOutput | 'unreadable' | undefined

/** Longer than any result that Tekton takes. */
const limit = 16_384

/** The result `TEST_OUTPUT` of a run, or as old tasks call it `HACBS_TEST_OUTPUT`: a text of JSON. */
export function testOutputOf(results: unknown): TestOutputReading {
  const all = list(results).map(fields)
  const raw = resultOf(all, 'TEST_OUTPUT') ?? resultOf(all, 'HACBS_TEST_OUTPUT')
  if (raw === undefined) return undefined
  const output = typeof raw === 'string' && raw.length <= limit ? parse(raw) : fields(raw)
  const result = testResults.find((one) => one === output.result)
  if (result === undefined) return 'unreadable'
  return { result, ...count(output, 'successes'), ...count(output, 'failures'), ...count(output, 'warnings') }
}

/** How what a test says counts: one that warns, or had nothing to do, keeps nothing from going on (integration-service). */
export const outcomeOfTest: Readonly<Record<TestResult, Outcome>> = {
  SUCCESS: 'success',
  WARNING: 'success',
  SKIPPED: 'success',
  FAILURE: 'failure',
  ERROR: 'error',
}

/** Empty is what a task leaves that did not come to it. */
function resultOf(results: readonly Fields[], name: string): unknown {
  const value = results.find((result) => result.name === name)?.value
  return typeof value === 'string' ? text(value.trim()) : (value ?? undefined)
}

function parse(raw: string): Fields {
  try {
    return fields(JSON.parse(raw))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return fields(undefined)
    throw error
  }
}

const count = (output: Fields, name: 'successes' | 'failures' | 'warnings'): Partial<TestOutput> => {
  const value = output[name]
  return Number.isSafeInteger(value) && Number(value) >= 0 ? { [name]: Number(value) } : {}
}
