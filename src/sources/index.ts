import type { KubeObject } from '../api/object.ts'
import { bucket, gitRepository, helmChart, helmRepository, ociRepository } from './flux-artifacts.ts'
import { helmRelease } from './flux-helmrelease.ts'
import { kustomization } from './flux-kustomization.ts'
import { genericSource, readGenericName } from './generic.ts'
import { component } from './konflux-component.ts'
import { componentGroup } from './konflux-component-group.ts'
import { versionedComponent } from './konflux-component-versions.ts'
import { imageRepository, newImageRepository } from './konflux-image-repository.ts'
import { internalRequest } from './konflux-internal-request.ts'
import { enterpriseContractPolicy } from './konflux-policy.ts'
import { release } from './konflux-release.ts'
import { releasePlan, releasePlanAdmission } from './konflux-release-plan.ts'
import { integrationTestScenario } from './konflux-scenario.ts'
import { snapshot } from './konflux-snapshot.ts'
import { projectDevelopmentStream } from './konflux-stream.ts'
import { dependencyUpdateCheck } from './konflux-update-check.ts'
import { groupOf } from './read.ts'
import type { Family, Source } from './source.ts'
import { customRun, pipelineRun, taskRun } from './tekton.ts'

/** Every kind that has a catalogue, by the source's name. */
export const sources: Readonly<Record<string, Source>> = byName([
  taskRun,
  pipelineRun,
  customRun,
  component,
  versionedComponent,
  imageRepository,
  newImageRepository,
  snapshot,
  integrationTestScenario,
  componentGroup,
  release,
  releasePlan,
  releasePlanAdmission,
  internalRequest,
  enterpriseContractPolicy,
  projectDevelopmentStream,
  dependencyUpdateCheck,
  helmRelease,
  kustomization,
  gitRepository,
  ociRepository,
  helmChart,
  bucket,
  helmRepository,
])

function byName(all: readonly Source[]): Record<string, Source> {
  return Object.fromEntries(all.map((source) => [source.name, source]))
}

/** What selections are compiled with. */
export const knownSources = {
  all: Object.values(sources),
  of: (kind: string, group: string | undefined) => sourcesOf(kind, group),
}

/** The same for an install that reads the kinds of some families only: who names another kind is told so. */
export const sourcesOfFamilies = (families: ReadonlySet<Family>) => ({
  ...knownSources,
  all: knownSources.all.filter(({ family }) => families.has(family)),
  families,
})

/** The source by its name, as cursors, records and activations have it; undefined where this version has none. */
export function sourceNamed(name: string): Source | undefined {
  if (Object.hasOwn(sources, name)) return sources[name]
  const { kind, group } = readGenericName(name) ?? {}
  return kind === undefined || group === undefined || catalogued(kind, group).length > 0
    ? undefined
    : genericSource(kind, group)
}

/**
 * The sources that an entry of a subscription's `events` speaks of: without a group, those of every group that the kind is read in. Where
 * one is given and the kind has no catalogue there, that of any kind.
 */
export function sourcesOf(kind: string, group?: string): readonly Source[] {
  const found = catalogued(kind, group)
  return found.length === 0 && group !== undefined ? [genericSource(kind, group)] : found
}

const catalogued = (kind: string, group: string | undefined): readonly Source[] =>
  Object.values(sources).filter((source) => source.kind === kind && (group === undefined || source.group === group))

/** The source that reads an object, whatever its version; undefined where it does not say of what kind it is. */
export const sourceFor = (object: Pick<KubeObject, 'apiVersion' | 'kind'>): Source | undefined =>
  object.kind ? sourcesOf(object.kind, groupOf(object))[0] : undefined
