import { list, parseJson, plainText, time } from './read.ts'
import type { Outcome } from './source.ts'

/** Where integration-service keeps the state of each scenario of a Snapshot. */
export const testStatusAnnotation = 'test.appstudio.openshift.io/status'

/** What one scenario has come to, as far as it says. Times are ms. */
export type ScenarioTest = {
  scenario: string
  /** pkg/integrationteststatus of integration-service; others there are of builds, or of versions to come. */
  status: string
  updated: number | undefined
  started: number | undefined
  completed: number | undefined
  run: string | undefined
  optional: boolean
  details: string | undefined
}

/** `broken`: it is not what it should be, as a whole or in an entry. The entries that can be read are there all the same. */
export type TestStatus = { tests: readonly ScenarioTest[]; broken: boolean }

/** How a test ended, by its status. One with warnings counts as passed; deleted means its run, before it came to an end. */
export const outcomesOfTests: ReadonlyMap<string, Outcome> = new Map([
  ['TestPassed', 'success'],
  ['TestWarning', 'success'],
  ['TestFail', 'failure'],
  ['TestInvalid', 'error'],
  ['Deleted', 'cancelled'],
])

const none: TestStatus = { tests: [], broken: false }
const unreadable: TestStatus = { tests: [], broken: true }

/** A JSON array in no order that means anything: the annotation is written from a Go map. Any value goes in, nothing throws. */
export function readTestStatus(annotation: unknown): TestStatus {
  if (annotation === undefined || annotation === '') return none
  const entries = typeof annotation === 'string' ? parseJson(annotation) : undefined
  if (entries === null) return none
  if (!Array.isArray(entries)) return unreadable
  const tests = list(entries).map(testOf)
  const read = tests.filter((test) => test !== undefined)
  return { tests: read, broken: read.length < tests.length }
}

function testOf(entry: unknown): ScenarioTest | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined
  const of = entry as Record<string, unknown>
  const scenario = plainText(of.scenario, 253)
  const status = plainText(of.status, 64)
  if (scenario === undefined || status === undefined) return undefined
  const test: ScenarioTest = {
    scenario,
    status,
    updated: time(of.lastUpdateTime),
    started: time(of.startTime),
    completed: time(of.completionTime),
    run: plainText(of.testPipelineRunName, 253),
    optional: of.isOptionalScenario === true,
    details: plainText(of.details, 1024),
  }
  return isTimed(test) ? test : undefined
}

/** Whether it has the time that its status needs: without, nothing could be told of it. */
function isTimed({ status, updated, started, completed }: ScenarioTest): boolean {
  if (status === 'Pending') return updated !== undefined
  if (status === 'InProgress') return started !== undefined
  return !outcomesOfTests.has(status) || (completed ?? updated ?? started) !== undefined
}
