import { testResults } from './konflux-test-output.ts'
import type { DetailKind, EventOf, MilestoneKind } from './source.ts'

/** `konflux`, then the first word of the milestone's name and the rest. */
const event = (subject: string, predicate: string): EventOf => ({ family: 'konflux', subject, predicate })

const ended = 'status.completionTime, else lastTransitionTime of the condition Succeeded'
const succeeded = 'the condition Succeeded'

/** What begins and ends with a run of one type: build, nudge, update. */
function spanOf(what: string, runs: string, isDefault: boolean, details?: Record<string, DetailKind>): MilestoneKind[] {
  return [
    {
      name: `${what}-started`,
      class: 'derived',
      default: isDefault,
      event: event(what, 'started'),
      key: `${what}-started`,
      time: 'status.startTime',
      when: `${runs} has a startTime; one that ended without ever having one never started`,
      ...(details && { details }),
    },
    {
      name: `${what}-finished`,
      class: 'derived',
      default: isDefault,
      event: event(what, 'finished'),
      key: `${what}-finished`,
      time: ended,
      when: `the condition Succeeded of ${runs} is True or False; outcome as of finished`,
      outcome: true,
      reason: succeeded,
      ...(details && { details }),
    },
  ]
}

const image: Record<string, DetailKind> = {
  image: { type: 'string', about: 'registry and repository, without tag and digest', always: true },
  digest: { type: 'string', about: '`sha256:` and 64 hexadecimal digits', always: true },
  tag: { type: 'string', about: 'the tag that it was pushed under, where the build says one' },
}

const test: Record<string, DetailKind> = {
  result: { type: 'string', about: 'what the test says of itself', enum: testResults },
  successes: { type: 'integer', about: 'how many checks passed' },
  failures: { type: 'integer', about: 'how many failed' },
  warnings: { type: 'integer', about: 'how many warned' },
}

const build =
  'a build’s PipelineRun (label pipelines.appstudio.openshift.io/type or pipelines.konflux-ci.dev/type: build)'
const signature = 'the annotation chains.tekton.dev/signed'

export const konfluxPipelineRunCatalogue: readonly MilestoneKind[] = [
  {
    name: 'build-queued',
    class: 'derived',
    default: false,
    event: event('build', 'queued'),
    key: 'build-queued',
    time: 'metadata.creationTimestamp',
    when: `${build} was created, whether or not it had to wait`,
  },
  ...spanOf('build', build, true),
  {
    name: 'artifact-published',
    class: 'derived',
    default: true,
    event: event('artifact', 'published'),
    key: 'artifact-published/<digest>',
    time: ended,
    when: 'a build succeeded (Succeeded=True) and its results name an image: IMAGE_URL and IMAGE_DIGEST, or any other of the type hints for outputs of Tekton Chains; one for each digest',
    details: image,
  },
  {
    name: 'policy-evaluated',
    class: 'derived',
    default: true,
    event: event('policy', 'evaluated'),
    key: 'policy-evaluated',
    time: ended,
    when: 'a test’s PipelineRun (type: test) whose annotation test.appstudio.openshift.io/kind is enterprise-contract has ended. Outcome: of a run that failed, as of finished; else what its result TEST_OUTPUT says (SUCCESS, WARNING, SKIPPED: success; FAILURE: failure; ERROR: error); of a run that succeeded without one, none',
    outcome: 'sometimes',
    reason: succeeded,
    details: test,
  },
  {
    name: 'artifact-signed',
    class: 'derived',
    default: true,
    event: event('artifact', 'signed'),
    key: 'artifact-signed/<digest>',
    time: `the last write of the owner of ${signature} in metadata.managedFields, else as build-finished`,
    when: `${signature} of a build that succeeded is "true"; one for each image that artifact-published tells`,
    details: image,
  },
  {
    name: 'signing-failed',
    class: 'derived',
    default: true,
    event: event('signing', 'failed'),
    key: 'signing-failed',
    time: `the last write of the owner of ${signature} in metadata.managedFields, else as build-finished`,
    when: `${signature} of a build that has ended is "failed"`,
  },
  {
    name: 'snapshot-failed',
    class: 'derived',
    default: false,
    event: event('snapshot', 'creation-failed'),
    key: 'snapshot-failed',
    time: 'the last write of the owner of the annotation test.appstudio.openshift.io/create-snapshot-status in metadata.managedFields, else as build-finished',
    when: 'a build succeeded and Chains is done with it, test.appstudio.openshift.io/create-snapshot-status says failed for another reason than a signature to be waited for, there is no annotation appstudio.openshift.io/snapshot, and Konflux has taken its finalizer test.appstudio.openshift.io/pipelinerun away: it tries no more',
    until: 'a Snapshot comes of the build after all, as where a quota was raised within its life',
    reason: 'that annotation, which has a message alone',
  },
  ...spanOf('nudge', 'a PipelineRun that nudges (label build.appstudio.redhat.com/type: nudge)', false, {
    component: { type: 'string', about: 'the Component whose new image the others are told of' },
  }),
  ...spanOf('update', 'a PipelineRun of MintMaker (labels mintmaker.appstudio.redhat.com/…)', false, {
    component: { type: 'string', about: 'the Component whose dependencies are updated, as its label has it' },
    namespace: { type: 'string', about: 'the namespace of that Component' },
  }),
]

export const konfluxTaskRunCatalogue: readonly MilestoneKind[] = [
  {
    name: 'test-case-finished',
    class: 'derived',
    default: false,
    event: event('testcase', 'finished'),
    key: 'test-case-finished',
    time: ended,
    when: 'a TaskRun with the label of a Konflux type has ended with a result TEST_OUTPUT (HACBS_TEST_OUTPUT). Outcome: what that says (SUCCESS, WARNING, SKIPPED: success; FAILURE: failure; ERROR: error), but of a TaskRun that failed never success: then as of finished',
    outcome: true,
    reason: succeeded,
    details: test,
  },
]

const ranks: Readonly<Record<string, number>> = {
  'build-queued': 0,
  'build-started': 10,
  'nudge-started': 10,
  'update-started': 10,
  'artifact-signed': 95,
  'signing-failed': 95,
  'snapshot-failed': 97,
}

/**
 * Among those of src/sources/tekton-catalogue.ts. What is the same moment has the same place: an event of `finished` that carries the whole
 * run is not late because a build has finished with it.
 */
export const konfluxRankOf = (milestoneName: string): number => ranks[milestoneName] ?? 90
