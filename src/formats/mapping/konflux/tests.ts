import { scenarioOf, snapshotOf } from '../../../sources/konflux-labels.ts'
import { fields, text } from '../../../sources/read.ts'
import type { EncodeInput } from '../../format.ts'
import type { CDEventsOutcome } from '../../options.ts'
import { outcomeOf } from '../outcomes.ts'
import { taskNameOf } from '../run.ts'
import type { Told } from './events.ts'
import { environmentOf, subjectId, suiteRunId } from './subjects.ts'

/** The scenario of a milestone of a Snapshot, and its Snapshot, as a run of a test suite. */
export function suiteEvent(input: EncodeInput, predicate: 'queued' | 'started' | 'finished'): Told[] {
  const { object, milestone } = input
  const scenario = text(milestone.details?.scenario)
  if (scenario === undefined) return []
  const about = { ...environmentOf(input), testSuite: { id: scenario, name: scenario } }
  const ended = predicate === 'finished' ? endOf(input, milestone.details?.optional === true ? 'low' : 'high') : {}
  const id = suiteRunId(object, object.metadata.name, scenario)
  return [{ name: `testsuiterun.${predicate}`, subject: { id, content: { ...about, ...ended } } }]
}

/** A TaskRun that says what it tested; SKIPPED, and not because it failed, is a test that was not run. */
export function caseEvents(input: EncodeInput): Told[] {
  const { object, milestone } = input
  const task = taskNameOf(object)
  const type = typeOfTask(task)
  const severity = type === 'security' || type === 'compliance' ? 'high' : 'medium'
  return [caseEvent(input, { id: task, name: task, type }, severity, milestone.details?.result === 'SKIPPED')]
}

/** The verdict on a policy: a test case of its scenario. None where the run told no outcome. */
export function policyEvents(input: EncodeInput): Told[] {
  if (input.milestone.outcome === undefined) return []
  const name = scenarioOf(input.object) ?? input.object.metadata.name
  return [caseEvent(input, { id: name, name, type: 'compliance' }, 'high', false)]
}

function caseEvent(input: EncodeInput, testCase: object, severity: string, isSkip: boolean): Told {
  const { object, milestone } = input
  const [snapshot, scenario] = [snapshotOf(object), scenarioOf(object)]
  const isSkipped = isSkip && milestone.outcome === 'success'
  const { reason, ...ended } = endOf(input, severity)
  // Of a run that succeeded its reason is Succeeded or Completed: nothing that says more of the test.
  const told = ended.outcome === 'success' && reason === milestone.reason ? undefined : reason
  const content = {
    ...environmentOf(input),
    testCase,
    ...(snapshot !== undefined &&
      scenario !== undefined && { testSuiteRun: { id: suiteRunId(object, snapshot, scenario) } }),
    ...(told !== undefined && { reason: told }),
    ...(!isSkipped && ended),
  }
  const id = subjectId(object, 'testcaserun', object.metadata.name)
  return { name: isSkipped ? 'testcaserun.skipped' : 'testcaserun.finished', subject: { id, content } }
}

type End = { outcome: CDEventsOutcome; severity?: string; reason?: string }

/** `severity` where it did not succeed. */
function endOf({ milestone, options }: EncodeInput, severity: string): End {
  const { outcome = 'error', errors } = outcomeOf(milestone, options.cdevents.outcomes)
  const said = resultText(milestone.details)
  const reason = said ?? errors ?? milestone.reason
  return {
    outcome,
    ...(outcome !== 'success' && outcome !== 'cancel' && { severity }),
    ...(reason !== undefined && { reason }),
  }
}

/** What a TEST_OUTPUT says, in a line; undefined of a plain success, and where there is none. */
function resultText(details: Record<string, unknown> | undefined): string | undefined {
  const { result, ...counts } = fields(details)
  const isPlain = result === 'SUCCESS' && counts.warnings !== undefined && !counts.failures && !counts.warnings
  if (typeof result !== 'string' || isPlain) return undefined
  const parts = ['failures', 'warnings', 'successes'].flatMap((name) =>
    typeof counts[name] === 'number' ? [`${name} ${counts[name]}`] : [],
  )
  return [result, ...(parts.length > 0 ? [parts.join(', ')] : [])].join(': ')
}

/** By the names of the tasks in Konflux' pipelines; what is none of these is `other`. */
const taskTypes: readonly [RegExp, string][] = [
  [/sast|snyk|clair|clamav|coverity|malware|vulnerab|secret|rpms-signature|scan/, 'security'],
  [/enterprise-contract|conforma|policy|cert-preflight|deprecated|verify/, 'compliance'],
  [/e2e|end-to-end/, 'e2e'],
  [/unit/, 'unit'],
  [/integration/, 'integration'],
  [/perf|load-test/, 'performance'],
  [/functional/, 'functional'],
]

const typeOfTask = (name: string): string => taskTypes.find(([pattern]) => pattern.test(name))?.[1] ?? 'other'
