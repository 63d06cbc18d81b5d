import type { MilestoneKind } from './source.ts'

const annotation = 'the annotation test.appstudio.openshift.io/status'

/** Facts of one scenario's test. */
const ofTest = {
  scenario: { type: 'string', about: 'the IntegrationTestScenario', always: true },
  optional: { type: 'boolean', about: 'whether the Snapshot may pass without it', always: true },
} as const

const run = { type: 'string', about: 'the PipelineRun that tests it' } as const

const testRow = (predicate: string, of: Omit<MilestoneKind, 'name' | 'class' | 'event'>): MilestoneKind => ({
  name: `test-${predicate}`,
  class: 'derived',
  event: { family: 'konflux', subject: 'test', predicate },
  ...of,
})

const testQueued = testRow('queued', {
  default: false,
  key: 'test-queued/<scenario>/<lastUpdateTime in ms>',
  time: 'lastUpdateTime of the scenario',
  when: `${annotation} has the scenario as Pending; again when it is to run once more`,
  until: 'the test starts',
  details: ofTest,
})

const testStarted = testRow('started', {
  default: true,
  key: 'test-started/<scenario>/<startTime in ms>',
  time: 'startTime of the scenario',
  when: `${annotation} has a startTime for the scenario; again each time that it runs once more`,
  until: 'it is to run once more',
  details: { ...ofTest, run },
})

const testFinished = testRow('finished', {
  default: true,
  key: 'test-finished/<scenario>/<startTime in ms>/<status>',
  time: 'completionTime of the scenario, else its lastUpdateTime; in the key, too, where it never started',
  when: `${annotation} has the scenario as TestPassed, TestWarning (both are success), TestFail (failure), TestInvalid (error) or Deleted (cancelled: the run was, before its end); what it says of builds tells nothing`,
  until: 'it is to run once more, or the scenario is gone',
  outcome: true,
  reason: `the scenario’s status in ${annotation}; message is its details`,
  details: { ...ofTest, run },
})

const verdict = (name: 'passed' | 'failed', status: 'True' | 'False'): MilestoneKind => ({
  name,
  class: 'derived',
  default: true,
  key: `${name}/<lastTransitionTime in ms>`,
  time: 'lastTransitionTime of the condition, which is in whole seconds; where a test ended within that second, its end',
  when: `the condition AppStudioTestSucceeded (in older versions HACBSStudioTestSucceeded) is ${status}; one Snapshot may come to several verdicts`,
  until: 'tests are run once more',
  reason: 'the condition',
})

const state = (name: string, isDefault: boolean, when: string): MilestoneKind => ({
  name,
  class: 'derived',
  default: isDefault,
  key: `${name}/<lastTransitionTime in ms>`,
  time: 'lastTransitionTime of the condition AppStudioIntegrationStatus (in older versions HACBSIntegrationStatus)',
  when: `the condition AppStudioIntegrationStatus is ${when}`,
  until: 'the condition changes',
  reason: 'the condition',
})

const rerunRequested: MilestoneKind = {
  name: 'rerun-requested',
  class: 'observed',
  default: false,
  key: 'rerun-requested/<lastTransitionTime in ms>',
  time: 'lastTransitionTime of the condition that is Unknown again',
  when: 'the Snapshot had its verdict, and the condition AppStudioIntegrationStatus or AppStudioTestSucceeded is Unknown again',
  reason: 'that condition',
  details: {
    scenario: {
      type: 'string',
      about:
        'what the label test.appstudio.openshift.io/run asks for: a scenario, or all; absent where it is gone already',
    },
  },
}

/** Besides created and deleted. */
export const snapshotRows: readonly MilestoneKind[] = [
  state('invalid', true, 'False with reason Invalid: it is no Snapshot that could be tested'),
  testQueued,
  testStarted,
  testFinished,
  verdict('passed', 'True'),
  verdict('failed', 'False'),
  state('canceled', true, 'True with reason Canceled: a newer Snapshot has taken its place'),
  state('errored', false, 'False with reason ErrorOccured: integration-service could not run the tests'),
  rerunRequested,
]

const ranks = {
  invalid: 5,
  'test-queued': 10,
  'test-started': 20,
  'test-finished': 30,
  passed: 40,
  failed: 40,
  canceled: 50,
  errored: 50,
  'rerun-requested': 60,
} as const

/** Place in a Snapshot's life: the times of its conditions are whole seconds. */
export const snapshotRank = (milestoneName: keyof typeof ranks): number => ranks[milestoneName]
