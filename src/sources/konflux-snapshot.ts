import type { KubeObject } from '../api/object.ts'
import { type Condition, conditionOf, whyOf } from './conditions.ts'
import { konfluxIdentity } from './konflux-labels.ts'
import { snapshotRank, snapshotRows } from './konflux-snapshot-rows.ts'
import { outcomesOfTests, readTestStatus, type ScenarioTest, testStatusAnnotation } from './konflux-test-status.ts'
import { type Fields, fields, lastWrite, plainText, time } from './read.ts'
import { derived, observed, resourceSource } from './resource-source.ts'
import type { Milestone, Projection, Unreadable } from './source.ts'

/** What is read of a Snapshot (integration-service, gitops/snapshot.go). */
type Snapshot = {
  metadata: Fields
  /** Its own tests alone. */
  tests: readonly ScenarioTest[]
  broken: boolean
  verdict: Condition | undefined
  integration: Condition | undefined
}

/** An annotation's times may be of another clock than the API server's: by so much (ms). */
const skewMs = 60_000

function takeApart(object: KubeObject): Snapshot {
  const metadata = fields(object.metadata)
  const status = fields(object.status)
  const { tests, broken } = readTestStatus(fields(metadata.annotations)[testStatusAnnotation])
  const born = (time(metadata.creationTimestamp) ?? 0) - skewMs
  return {
    metadata,
    // What is older than the Snapshot came with annotations copied from another.
    tests: tests.filter(
      ({ updated, started, completed }) => Math.max(updated ?? 0, started ?? 0, completed ?? 0) > born,
    ),
    broken,
    verdict: conditionOf(status, 'AppStudioTestSucceeded') ?? conditionOf(status, 'HACBSStudioTestSucceeded'),
    integration: conditionOf(status, 'AppStudioIntegrationStatus') ?? conditionOf(status, 'HACBSIntegrationStatus'),
  }
}

const milestones = (snapshot: Snapshot): Milestone[] => [
  ...snapshot.tests.flatMap(ofTest),
  ...ofVerdict(snapshot),
  ...ofIntegration(snapshot),
]

function ofTest(test: ScenarioTest): Milestone[] {
  const { scenario, status, updated, started, completed, run, optional } = test
  const queued = { scenario, optional }
  if (status === 'Pending')
    return updated === undefined ? [] : [{ ...told('test-queued', `${scenario}/${updated}`, updated), details: queued }]
  const details = { ...queued, ...(run !== undefined && { run }) }
  const outcome = outcomesOfTests.get(status)
  const ended = completed ?? updated ?? started
  return [
    ...(started === undefined ? [] : [{ ...told('test-started', `${scenario}/${started}`, started), details }]),
    ...(outcome === undefined || ended === undefined
      ? []
      : [
          {
            ...told('test-finished', `${scenario}/${started ?? ended}/${status}`, ended),
            outcome,
            reason: status,
            ...(test.details !== undefined && { message: test.details }),
            details,
          },
        ]),
  ]
}

function ofVerdict({ metadata, tests, verdict }: Snapshot): Milestone[] {
  if (verdict === undefined || verdict.status === 'Unknown') return []
  const name = verdict.status === 'True' ? 'passed' : 'failed'
  const { changed } = verdict
  if (changed === undefined) return undatedAt(name, lastWrite(metadata), verdict)
  // Conditions have whole seconds: the verdict is no earlier than the tests that it is of.
  const at = tests.reduce(
    (latest, { completed = 0 }) => (completed < changed + 1000 ? Math.max(latest, completed) : latest),
    changed,
  )
  return [{ ...told(name, String(changed), at), ...whyOf(verdict) }]
}

function ofIntegration({ metadata, integration }: Snapshot): Milestone[] {
  const name = integration && stateOf(integration)
  if (integration === undefined || name === undefined) return []
  const { changed } = integration
  if (changed === undefined) return undatedAt(name, lastWrite(metadata), integration)
  return [{ ...told(name, String(changed), changed), ...whyOf(integration) }]
}

function stateOf({ status, reason }: Condition) {
  if (status === 'True') return reason === 'Canceled' ? 'canceled' : undefined
  if (status === 'False' && reason === 'Invalid') return 'invalid'
  return status === 'False' && reason === 'ErrorOccured' ? 'errored' : undefined
}

type Name = Parameters<typeof snapshotRank>[0]

const told = (name: Name, rest: string, at: number): Milestone =>
  derived(name, `${name}/${rest}`, at, snapshotRank(name))

const undatedAt = (name: Name, at: number | undefined, condition: Condition): Milestone[] =>
  at === undefined ? [] : [{ ...told(name, '', at), key: name, undated: true, ...whyOf(condition) }]

/** Whether it has come to its verdict, and nothing runs any more. */
const isDecided = ({ verdict, integration }: Snapshot): boolean =>
  verdict !== undefined && verdict.status !== 'Unknown' && integration?.status !== 'Unknown'

const project = (snapshot: Snapshot): Projection => (isDecided(snapshot) ? { decided: true } : {})

function transitions(previous: Projection | undefined, snapshot: Snapshot): Milestone[] {
  const { metadata, verdict, integration } = snapshot
  if (previous?.decided !== true || isDecided(snapshot)) return []
  const again = [integration, verdict].find((condition) => condition?.status === 'Unknown')
  const at = again?.changed ?? lastWrite(metadata)
  if (again === undefined || at === undefined) return []
  const name = 'rerun-requested'
  const scenario = plainText(fields(metadata.labels)['test.appstudio.openshift.io/run'], 63)
  return [
    {
      ...observed(name, `${name}/${at}`, at, snapshotRank(name)),
      ...whyOf(again),
      ...(scenario !== undefined && { details: { scenario } }),
    },
  ]
}

const unreadable = ({ broken }: Snapshot): Unreadable[] =>
  broken
    ? [
        {
          key: 'tests',
          milestone: 'test-finished',
          others: ['test-queued', 'test-started'],
          message: `annotation ${testStatusAnnotation} is no JSON array of scenarios with their states and times: what can't be read of it is not told`,
        },
      ]
    : []

/** What was built, tested and released together (both models: of an Application, or of a ComponentGroup). */
export const snapshot = resourceSource({
  kind: 'Snapshot',
  family: 'konflux',
  group: 'appstudio.redhat.com',
  version: 'v1alpha1',
  plural: 'snapshots',
  rows: snapshotRows,
  defaults: ['created'],
  takeApart,
  milestones,
  project,
  transitions,
  unreadable,
  identity: konfluxIdentity,
  isLinkedTo: true,
})
