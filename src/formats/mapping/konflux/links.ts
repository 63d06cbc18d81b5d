import { releaseOf, runTypeOf, scenarioOf, snapshotOf } from '../../../sources/konflux-labels.ts'
import { list, text } from '../../../sources/read.ts'
import type { Milestone } from '../../../sources/source.ts'
import { eventId } from '../../attributes.ts'
import { path, relation } from '../../cdevents/build.ts'
import type { Link } from '../../cdevents/event.ts'
import type { EventName } from '../../cdevents/generated.ts'
import { type CustomName, typeOf } from '../../cdevents/vocabulary.ts'
import type { EncodeInput, KnownObject } from '../../format.ts'
import { konfluxFacts } from '../../konflux/facts.ts'
import { lastBefore, withDetail } from '../earlier.ts'
import { eventsOf, whatIs } from './events.ts'
import { customName } from './subjects.ts'

const snapshotCreated = customName('snapshot', 'created')
const snapshotPassed = customName('snapshot', 'passed')
const releaseCreated = customName('release', 'created')

/**
 * What came before: PATH within a build, a Snapshot or a release, and from one to the next; RELATION where chains meet. Of the same object
 * the milestones that it still shows; of others what is remembered of them, in the same namespace alone: who may label an object could else
 * ask for what is in another's. What can't be known is left out.
 */
export function linksOf(input: EncodeInput): Link[] {
  const what = whatIs(input)
  const link = Object.hasOwn(before, what) ? before[what] : undefined
  return link ? link(input) : pathFrom(latestOfSubject(input))
}

const before: Readonly<Record<string, (input: EncodeInput) => Link[]>> = {
  'artifact.published': (input) => pathFrom(ownId(input, 'build.finished')),
  'artifact.signed': (input) => pathFrom(publishedId(input)),
  'signing.failed': (input) => pathFrom(ownId(input, 'build.finished')),
  'snapshot.creation-failed': (input) => pathFrom(ownId(input, 'build.finished')),
  'snapshot.created': builtBy,
  'test.queued': (input) => pathFrom(ownId(input, 'snapshot.created')),
  'test.started': (input) => pathFrom(testId(input, 'test.queued') ?? ownId(input, 'snapshot.created')),
  'test.finished': (input) =>
    pathFrom(testId(input, 'test.started') ?? testId(input, 'test.queued') ?? ownId(input, 'snapshot.created')),
  'testcase.finished': (input) => pathFrom(taskRunId(input)),
  'policy.evaluated': (input) => pathFrom(suiteStartedId(input)),
  'release.created': (input) => pathFrom(passedId(input)),
}

const pathFrom = (id: string | undefined): Link[] => (id === undefined ? [] : [path(id)])

const idOf = ({ options }: EncodeInput, uid: string, key: string, name: EventName | CustomName, part?: string) =>
  eventId(uid, key, 'cdevents', typeOf(options.cdevents.specVersion, name), part)

/** The id of the milestone's first event. */
function idOfFirst(input: EncodeInput, milestone: Milestone | undefined): string | undefined {
  const [event] = milestone ? eventsOf({ ...input, milestone }) : []
  return milestone && event && idOf(input, input.object.metadata.uid, milestone.key, event.name, event.part)
}

/** Of the same object what comes last before this milestone, of what the event is of. */
function latestOfSubject(input: EncodeInput): string | undefined {
  const { source, object, milestone } = input
  const [subject] = whatIs(input).split('.')
  const isSame = (other: Milestone) => whatIs({ source, milestone: other }).startsWith(`${subject}.`)
  const earlier = lastBefore(source.milestones(object), milestone.rank, isSame)
  return idOfFirst(input, earlier)
}

/** The first event of the milestone of the same object that is `what`. */
function ownId(input: EncodeInput, what: string): string | undefined {
  const { source, object } = input
  return idOfFirst(
    input,
    source.milestones(object).find((milestone) => whatIs({ source, milestone }) === what),
  )
}

function publishedId(input: EncodeInput): string | undefined {
  const { source, object, milestone } = input
  const ofImage = withDetail(source.milestones(object), 'digest', milestone.details?.digest)
  const published = ofImage.find(({ name }) => name === 'artifact-published')
  return published && idOf(input, object.metadata.uid, published.key, 'artifact.published')
}

function testId(input: EncodeInput, what: string): string | undefined {
  const { source, object, milestone } = input
  const ofTest = withDetail(source.milestones(object), 'scenario', milestone.details?.scenario)
  return idOfFirst(
    input,
    ofTest.find((other) => whatIs({ source, milestone: other }) === what),
  )
}

/** A TaskRun that says what it tested has finished. */
function taskRunId(input: EncodeInput): string | undefined {
  const { source, object } = input
  const ended = source.milestones(object).find(({ name }) => name === 'finished')
  return ended && idOf(input, object.metadata.uid, ended.key, 'taskrun.finished')
}

const knownOf = ({ known, object }: EncodeInput, source: string, name: string | undefined): KnownObject | undefined =>
  name === undefined ? undefined : known?.(source, object.metadata.namespace ?? '', name)

/** The one key that begins so: of several nobody knows which it was. */
function onlyKey({ keys }: KnownObject, start: string): string | undefined {
  const found = keys.filter((key) => key.startsWith(start))
  return found.length === 1 ? found[0] : undefined
}

/** The images of a Snapshot that the build it names has published. */
function builtBy(input: EncodeInput): Link[] {
  const { buildRun, components } = konfluxFacts(input.source, input.object)
  const build = knownOf(input, 'PipelineRun', text(buildRun))
  if (build === undefined) return []
  const digests = list(components).map((component) => String(Object(component).image).split('@')[1])
  const keys = new Set(digests.map((digest) => `artifact-published/${digest}`))
  return [...keys]
    .filter((key) => build.keys.includes(key))
    .map((key) => relation('ARTIFACT', idOf(input, build.uid, key, 'artifact.published')))
}

function suiteStartedId(input: EncodeInput): string | undefined {
  const [snapshot, scenario] = [snapshotOf(input.object), scenarioOf(input.object)]
  const known = knownOf(input, 'Snapshot', snapshot)
  const key = known && scenario !== undefined ? onlyKey(known, `test-started/${scenario}/`) : undefined
  return known && key !== undefined ? idOf(input, known.uid, key, 'testsuiterun.started') : undefined
}

/** A release follows the verdict on its Snapshot; one that is asked for by hand may do without. */
function passedId(input: EncodeInput): string | undefined {
  const known = knownOf(input, 'Snapshot', snapshotOf(input.object))
  if (known === undefined) return undefined
  const passed = onlyKey(known, 'passed/')
  if (passed !== undefined) return idOf(input, known.uid, passed, snapshotPassed)
  return known.keys.includes('created') ? idOf(input, known.uid, 'created', snapshotCreated) : undefined
}

/** What a run of Konflux, by its first event, was made for: the Snapshot that it tests, the Release that it is part of. */
export function causeOf(input: EncodeInput): Link[] {
  const { object } = input
  if (input.known === undefined) return []
  const type = runTypeOf(object)
  if (type === 'test') return cause(input, knownOf(input, 'Snapshot', snapshotOf(object)), snapshotCreated)
  const release = type === 'build' ? undefined : releaseOf(object)
  const isHere = release?.namespace === undefined || release.namespace === object.metadata.namespace
  return isHere ? cause(input, knownOf(input, 'Release', release?.name), releaseCreated) : []
}

const cause = (input: EncodeInput, known: KnownObject | undefined, name: CustomName): Link[] =>
  known?.keys.includes('created') ? [relation('TRIGGER', idOf(input, known.uid, 'created', name))] : []
