import type { KubeObject } from '../../api/object.ts'
import { fields, shortText, text } from '../../sources/read.ts'
import { imageReference, repositoryAddress } from './address.ts'
import { bounded, nameText } from './bounds.ts'

const commits = /^([0-9a-f]{40}|[0-9a-f]{64})$/i

const commitText = (value: unknown): string | undefined =>
  typeof value === 'string' && commits.test(value) ? value.toLowerCase() : undefined

/** Of a Component in either group: where its source and its image are, what was promoted last, and its versions. */
export function componentFacts({ metadata, spec, status }: KubeObject): Record<string, unknown> {
  const { source, containerImage, componentName } = fields(spec)
  const { url, git, versions } = fields(source)
  const { lastPromotedImage, lastBuiltCommit, versions: onboarded } = fields(status)
  return defined({
    component: nameText(componentName) ?? nameText(metadata.name),
    repository: repositoryAddress(text(fields(git).url) ?? text(url)),
    image: imageReference(containerImage),
    promotedImage: imageReference(lastPromotedImage),
    builtCommit: commitText(lastBuiltCommit),
    versions: some(bounded(onboarded ?? versions, versionFacts)),
  })
}

const onboardings: ReadonlySet<unknown> = new Set(['succeeded', 'failed'])

function versionFacts(entry: unknown): Record<string, unknown> | undefined {
  const { name, revision, 'onboarding-status': onboarding } = fields(entry)
  const version = shortText(name, 253)
  if (version === undefined) return undefined
  return defined({
    name: version,
    revision: shortText(revision, 253),
    onboarding: onboardings.has(onboarding) ? onboarding : undefined,
  })
}

/** Of an ImageRepository its place and who may read it. Not its accounts, secrets and notifications. */
export function imageRepositoryFacts({ metadata, spec, status }: KubeObject): Record<string, unknown> {
  const image = fields(fields(status).image)
  const labels = fields(metadata.labels)
  const visibility = text(image.visibility) ?? text(fields(fields(spec).image).visibility)
  return defined({
    component: nameText(labels['appstudio.redhat.com/component']),
    image: imageReference(image.url),
    visibility: visibility === 'public' || visibility === 'private' ? visibility : undefined,
  })
}

/** Of a ComponentGroup what is in it, and what was promoted of it last. */
export function componentGroupFacts({ spec, status }: KubeObject): Record<string, unknown> {
  return defined({
    members: some(bounded(fields(spec).components, memberFacts)),
    promoted: some(bounded(fields(status).globalCandidateList, promotedFacts)),
  })
}

function memberFacts(entry: unknown): Record<string, unknown> | undefined {
  const { name, kind, componentVersion } = fields(entry)
  const member = nameText(name)
  const group = text(kind)?.toLowerCase() === 'componentgroup'
  return member === undefined
    ? undefined
    : defined({
        kind: group ? 'ComponentGroup' : 'Component',
        name: member,
        version: shortText(fields(componentVersion).name, 253),
      })
}

function promotedFacts(entry: unknown): Record<string, unknown> | undefined {
  const { name, version, lastPromotedImage, lastPromotedCommit, url } = fields(entry)
  const image = imageReference(lastPromotedImage)
  return image === undefined
    ? undefined
    : defined({
        name: nameText(name),
        version: shortText(version, 253),
        image,
        repository: repositoryAddress(text(url)),
        commit: commitText(lastPromotedCommit),
      })
}

/** What a Snapshot is made of: each image, by digest, and the source that it was built from. */
export function snapshotComponent(entry: unknown): Record<string, unknown> | undefined {
  const { name, version, containerImage, source } = fields(entry)
  const git = fields(fields(source).git)
  const found = defined({
    name: nameText(name),
    version: shortText(version, 253),
    image: imageReference(containerImage),
    repository: repositoryAddress(text(git.url)),
    commit: commitText(git.revision),
  })
  return found.name === undefined ? undefined : found
}

/** Without those members that are undefined. */
export const defined = (members: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))

export const some = <Item>(items: readonly Item[]): readonly Item[] | undefined =>
  items.length > 0 ? items : undefined
