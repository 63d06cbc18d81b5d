import { type Condition, whyOf as why } from './conditions.ts'
import { type Image, imagesOf } from './konflux-images.ts'
import { konfluxMarks, nameIn, type RunType } from './konflux-labels.ts'
import { konfluxRankOf } from './konflux-runs-catalogue.ts'
import { outcomeOfTest, type TestOutput, testOutputOf } from './konflux-test-output.ts'
import { annotationTime, type Fields, fields, list, plainText, text, time } from './read.ts'
import type { Milestone, Outcome, Unreadable } from './source.ts'
import { outcomeOf } from './tekton-conditions.ts'

/** A run that Konflux labelled, as its source took it apart. `ended`: ms, of one that has come to its end. */
export type KonfluxRun = {
  type: RunType
  metadata: Fields
  status: Fields
  condition: Condition | undefined
  ended: number | undefined
}

/** What Konflux made of a run besides what Tekton tells of it, and what of that nobody can read. */
export type Told = { milestones: readonly Milestone[]; unreadable: readonly Unreadable[] }

const nothing: Told = { milestones: [], unreadable: [] }

/** By the label of the type, before all else: annotations of a build are copied to the runs that test and release what it built. */
export function tellPipelineRun(run: KonfluxRun): Told {
  switch (run.type) {
    case 'build':
      return tellBuild(run)
    case 'test':
      return tellTest(run)
    case 'nudge':
      return { ...nothing, milestones: spanOf('nudge', run, nudgeDetails(run)) }
    case 'update':
      return { ...nothing, milestones: spanOf('update', run, updateDetails(run)) }
    default:
      return nothing
  }
}

/** A test case: a TaskRun that has TEST_OUTPUT among its results, in a run of any type. */
export function tellTaskRun({ status, condition, ended }: KonfluxRun): Told {
  if (ended === undefined) return nothing
  const output = testOutputOf(status.results)
  if (output === undefined) return nothing
  if (output === 'unreadable') return { milestones: [], unreadable: [noTestOutput('test-case-finished')] }
  const outcome = verdictOf(condition, output)
  return {
    milestones: [{ ...derived('test-case-finished', ended), outcome, ...why(condition), details: { ...output } }],
    unreadable: [],
  }
}

function tellBuild(run: KonfluxRun): Told {
  const { metadata, status, condition, ended } = run
  const created = time(metadata.creationTimestamp)
  const span = [...(created === undefined ? [] : [derived('build-queued', created)]), ...spanOf('build', run)]
  if (ended === undefined) return { milestones: span, unreadable: [] }
  const hasSucceeded = condition?.status === 'True'
  const { images, odd } = hasSucceeded ? imagesOf(status.results) : { images: [], odd: false }
  const snapshot = hasSucceeded ? tellSnapshot(run, ended) : nothing
  return {
    milestones: [
      ...span,
      ...images.map((image) => ofImage('artifact-published', image, ended)),
      ...signatures(run, ended, images),
      ...snapshot.milestones,
    ],
    unreadable: [...(odd ? [noImage] : []), ...snapshot.unreadable],
  }
}

const signedAnnotation = 'chains.tekton.dev/signed'

/** Chains writes it once, after the end: `true`, or `failed` where it gives up. */
function signatures({ metadata }: KonfluxRun, ended: number, images: readonly Image[]): Milestone[] {
  const signed = fields(metadata.annotations)[signedAnnotation]
  if (signed !== 'true' && signed !== 'failed') return []
  const at = annotationTime(metadata, signedAnnotation) ?? ended
  if (signed === 'failed') return [derived('signing-failed', at)]
  return images.map((image) => ofImage('artifact-signed', image, at))
}

const snapshotStatus = 'test.appstudio.openshift.io/create-snapshot-status'
const integrationFinalizer = 'test.appstudio.openshift.io/pipelinerun'

/**
 * integration-service says `failed` of a healthy build that Chains has not signed yet, and of whatever it will try again; only where it
 * gives up does it take its finalizer away without naming a snapshot (internal/controller/buildpipeline/buildpipeline_adapter.go).
 * A run that had ended before it was seen never had that finalizer: so the wait for a signature is known by its text, too.
 */
function tellSnapshot({ metadata }: KonfluxRun, ended: number): Told {
  const annotations = fields(metadata.annotations)
  const raw = text(annotations[snapshotStatus])
  if (raw === undefined) return nothing
  const found = parse(raw)
  if (found === undefined) return { milestones: [], unreadable: [noSnapshotStatus] }
  const message = plainText(found.message, 1024)
  const isWaiting = text(annotations[signedAnnotation]) === undefined || /not yet signed/i.test(message ?? '')
  const hasSnapshot = konfluxMarks.snapshot.annotations.some((key) => text(annotations[key]) !== undefined)
  const triesOn = list(metadata.finalizers).includes(integrationFinalizer)
  if (found.status !== 'failed' || isWaiting || hasSnapshot || triesOn) return nothing
  const at = annotationTime(metadata, snapshotStatus) ?? ended
  return { milestones: [{ ...derived('snapshot-failed', at), ...(message && { message }) }], unreadable: [] }
}

const kindAnnotation = konfluxMarks.testKind.annotations[0]

/** Of test runs those that evaluate a policy. */
function tellTest({ metadata, status, condition, ended }: KonfluxRun): Told {
  if (ended === undefined || fields(metadata.annotations)[kindAnnotation] !== 'enterprise-contract') return nothing
  const output = testOutputOf(status.results)
  const isRead = output !== undefined && output !== 'unreadable'
  const outcome = isRead ? verdictOf(condition, output) : outcomeOfFailed(condition)
  const evaluated = {
    ...derived('policy-evaluated', ended),
    ...(outcome && { outcome }),
    ...why(condition),
    ...(isRead && { details: { ...output } }),
  }
  return {
    milestones: [evaluated],
    unreadable: output === 'unreadable' ? [noTestOutput('policy-evaluated')] : [],
  }
}

/** What the test says of itself; but a run that failed has not succeeded, whatever it wrote before. */
function verdictOf(condition: Condition | undefined, { result }: TestOutput): Outcome {
  const said = outcomeOfTest[result]
  return said === 'success' ? (outcomeOfFailed(condition) ?? said) : said
}

/** That a run succeeded says nothing of what it tested. */
const outcomeOfFailed = (condition: Condition | undefined): Outcome | undefined =>
  condition?.status === 'False' ? outcomeOf(condition) : undefined

type Details = Record<string, string | number | boolean>

function spanOf(what: 'build' | 'nudge' | 'update', run: KonfluxRun, details?: Details): Milestone[] {
  const { status, condition, ended } = run
  const start = time(status.startTime)
  const outcome = condition && outcomeOf(condition)
  const more = details && Object.keys(details).length > 0 ? { details } : {}
  return [
    ...(start === undefined ? [] : [{ ...derived(`${what}-started`, start), ...more }]),
    ...(ended === undefined || outcome === undefined
      ? []
      : [{ ...derived(`${what}-finished`, ended), outcome, ...why(condition), ...more }]),
  ]
}

const nudgeDetails = ({ metadata }: KonfluxRun): Details =>
  some({ component: nameIn(metadata, konfluxMarks.nudgingComponent) })

const updateDetails = ({ metadata }: KonfluxRun): Details =>
  some({
    component: nameIn(metadata, konfluxMarks.updatedComponent),
    namespace: nameIn(metadata, konfluxMarks.updatedNamespace),
  })

const some = (details: Record<string, string | undefined>): Details =>
  Object.fromEntries(Object.entries(details).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))

const ofImage = (name: string, { image, digest, tag }: Image, at: number): Milestone => ({
  ...derived(name, at, `${name}/${digest}`),
  details: { image, digest, ...(tag !== undefined && { tag }) },
})

const derived = (name: string, at: number, key = name): Milestone => ({
  name,
  key,
  class: 'derived',
  time: at,
  rank: konfluxRankOf(name),
})

const noTestOutput = (milestone: string): Unreadable => ({
  key: 'test-output',
  milestone,
  message: 'the result TEST_OUTPUT is no JSON with a result SUCCESS, FAILURE, WARNING, SKIPPED or ERROR',
})

const noImage: Unreadable = {
  key: 'images',
  milestone: 'artifact-published',
  message: 'a result IMAGE_URL with its IMAGE_DIGEST, or one of IMAGES, is no image with a digest sha256:…',
}

const noSnapshotStatus: Unreadable = {
  key: 'create-snapshot-status',
  milestone: 'snapshot-failed',
  message: `the annotation ${snapshotStatus} is no JSON object`,
}

function parse(raw: string): Fields | undefined {
  if (raw.length > 65_536) return undefined
  try {
    const value: unknown = JSON.parse(raw)
    return fields(value) === value ? fields(value) : undefined
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined
    throw error
  }
}
