import { eventOf } from '../../../sources/event-of.ts'
import { list, text } from '../../../sources/read.ts'
import type { Milestone } from '../../../sources/source.ts'
import type { EncodeInput } from '../../format.ts'
import { changeOf } from '../../konflux/change.ts'
import { konfluxFacts } from '../../konflux/facts.ts'
import type { EventParts } from '../encode.ts'
import { detailsOf, outcomeOf } from '../outcomes.ts'
import { link } from '../vocabulary.ts'
import { purlOf, signatureOf } from './artifact.ts'
import { buildId, customName, subjectId } from './subjects.ts'
import { caseEvents, policyEvents, suiteEvent } from './tests.ts'

/** An event but for its links. */
export type Told = Omit<EventParts, 'links'>

/** What a milestone is, by its event's subject and predicate: `build.finished`. */
export const whatIs = ({ source, milestone }: Pick<EncodeInput, 'source' | 'milestone'>): string => {
  const { subject, predicate } = eventOf(source, milestone.name)
  return `${subject}.${predicate}`
}

/** Those that the vocabulary has an event for; where that lacks what it must have, as for all others, a custom one is sent. */
const core: Readonly<Record<string, (input: EncodeInput) => readonly Told[]>> = {
  'build.queued': ({ object }) => [{ name: 'build.queued', subject: { id: buildId(object), content: {} } }],
  'build.started': ({ object }) => [{ name: 'build.started', subject: { id: buildId(object), content: {} } }],
  'build.finished': finished,
  'artifact.published': published,
  'artifact.signed': signed,
  'test.queued': (input) => suiteEvent(input, 'queued'),
  'test.started': (input) => suiteEvent(input, 'started'),
  'test.finished': (input) => suiteEvent(input, 'finished'),
  'testcase.finished': caseEvents,
  'policy.evaluated': policyEvents,
  'release.published': (input) => [custom(input), ...released(input)],
}

/** The events of a milestone, in the order in which they are sent; one at least. */
export function eventsOf(input: EncodeInput): readonly Told[] {
  const what = whatIs(input)
  const events = Object.hasOwn(core, what) ? (core[what]?.(input) ?? []) : []
  return events.length > 0 ? events : [custom(input)]
}

/**
 * The vocabulary has no outcome of a build: it stands in customData. The Go SDK takes none without the artifact, which a failed build has
 * not: its profile gets a custom event, so that an end is told in either.
 */
function finished(input: EncodeInput): readonly Told[] {
  const { object, milestone, options } = input
  const artifactId = firstImage(input)
  if (artifactId === undefined && options.cdevents.profile === 'sdk-go') return []
  const subject = { id: buildId(object), content: artifactId === undefined ? {} : { artifactId } }
  return [{ name: 'build.finished', subject, customData: outcomeOf(milestone, options.cdevents.outcomes) }]
}

/** The first is what IMAGE_URL and IMAGE_DIGEST name, or what else was built. */
function firstImage({ source, object }: EncodeInput): string | undefined {
  const image = source.milestones(object).find(({ name }) => name === 'artifact-published')
  return image && imageOf(image)
}

const imageOf = ({ details }: Milestone): string | undefined => purlOf(details?.image, details?.digest)

/** What was built was packaged, of the change where that is known, and put into a registry. */
function published({ object, milestone }: EncodeInput): readonly Told[] {
  const id = imageOf(milestone)
  if (id === undefined) return []
  const { commit, repository } = changeOf(object) ?? {}
  const change = commit && { id: commit, ...(repository !== undefined && { source: repository }) }
  return [
    ...(change ? [{ name: 'artifact.packaged', subject: { id, content: { change } } } as const] : []),
    { name: 'artifact.published', subject: { id, content: {} } },
  ]
}

function signed({ object, milestone }: EncodeInput): readonly Told[] {
  const id = imageOf(milestone)
  const signature = signatureOf(object, String(milestone.details?.digest ?? ''))
  if (id === undefined || signature === undefined) return []
  return [{ name: 'artifact.signed', subject: { id, content: { signature } } }]
}

/** Each image in each repository that it was released to, once. */
function released({ source, object }: EncodeInput): Told[] {
  const purls = new Set<string>()
  for (const { urls, digest } of list(konfluxFacts(source, object).images) as { urls?: string[]; digest?: string }[])
    for (const url of urls ?? []) {
      const purl = purlOf(url, digest)
      if (purl !== undefined) purls.add(purl)
    }
  return [...purls].map((id) => ({ name: 'artifact.published', subject: { id, content: {} }, part: id }))
}

/** An event of our own: the same in both versions of the specification, as its type is. */
function custom(input: EncodeInput): Told {
  const { source, object, milestone, options } = input
  const { subject, predicate } = eventOf(source, milestone.name)
  const { reason, message } = milestone
  const { outcome } = outcomeOf(milestone, options.cdevents.outcomes)
  const artifacts = subject === 'snapshot' ? artifactsOf(input) : []
  const artifactId = imageOf(milestone)
  const content = {
    ...link(input),
    ...(outcome !== undefined && { outcome }),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    ...(artifacts.length > 0 && { artifacts }),
    ...(artifactId !== undefined && { artifactId }),
    ...detailsOf(milestone, options.cdevents.outcomes),
  }
  const kind = subject === 'build' ? subject : source.kind.toLowerCase()
  // Whatever is told of an artifact, it is that which it is about.
  const id = (subject === 'artifact' ? artifactId : undefined) ?? subjectId(object, kind, object.metadata.name)
  return { name: customName(subject, predicate), subject: { id, content } }
}

/** Package URLs of what a Snapshot is made of. */
const artifactsOf = ({ source, object }: EncodeInput): string[] =>
  list(konfluxFacts(source, object).components).flatMap((component) => purlOf(text(Object(component).image)) ?? [])
