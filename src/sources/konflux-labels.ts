import type { KubeObject } from '../api/object.ts'
import { type Fields, fields, text } from './read.ts'

/** What a PipelineRun is for, by the label that Konflux gives it; `nudge` and `update` (MintMaker) have labels of their own. */
export const runTypes = [
  'build',
  'test',
  'managed',
  'tenant',
  'final',
  'managed-collectors',
  'tenant-collectors',
  'release',
  'nudge',
  'update',
] as const
export type RunType = (typeof runTypes)[number]

/** Where Konflux writes one thing about an object: keys of labels and of annotations, those of the new model first. */
export type Mark = { labels: readonly string[]; annotations: readonly string[] }

/** The operator SDK's: by them release-service finds the Release that a run of another namespace works for. */
const primaryResource = 'operator-sdk/primary-resource'
const primaryResourceType = 'operator-sdk/primary-resource-type'
const releaseAnnotations = [primaryResource, primaryResourceType]

/**
 * Both vintages (build-service, integration-service, release-service, mintmaker). Pipelines as Code writes the commit of what it creates,
 * and Konflux copies that on under `pac.test.appstudio.openshift.io`.
 */
export const konfluxMarks = {
  type: {
    labels: ['pipelines.konflux-ci.dev/type', 'pipelines.appstudio.openshift.io/type'],
    annotations: [],
  },
  component: {
    labels: ['build.konflux-ci.dev/component', 'appstudio.openshift.io/component'],
    annotations: ['build.konflux-ci.dev/component', 'appstudio.openshift.io/component'],
  },
  version: {
    labels: [],
    annotations: ['build.konflux-ci.dev/version', 'appstudio.openshift.io/version'],
  },
  context: {
    labels: [],
    annotations: ['build.konflux-ci.dev/context', 'appstudio.openshift.io/context'],
  },
  application: {
    labels: ['appstudio.openshift.io/application'],
    annotations: ['appstudio.openshift.io/application'],
  },
  componentGroup: {
    labels: ['appstudio.openshift.io/component-group'],
    annotations: ['appstudio.openshift.io/component-group'],
  },
  commit: {
    labels: ['pipelinesascode.tekton.dev/sha', 'pac.test.appstudio.openshift.io/sha'],
    annotations: [
      'build.konflux-ci.dev/commit_sha',
      'build.appstudio.redhat.com/commit_sha',
      'pipelinesascode.tekton.dev/sha',
      'pac.test.appstudio.openshift.io/sha',
    ],
  },
  snapshot: {
    labels: ['appstudio.openshift.io/snapshot'],
    annotations: ['appstudio.openshift.io/snapshot'],
  },
  snapshotType: { labels: ['test.appstudio.openshift.io/type'], annotations: [] },
  scenario: {
    labels: ['test.appstudio.openshift.io/scenario'],
    annotations: ['test.appstudio.openshift.io/scenario'],
  },
  optional: { labels: ['test.appstudio.openshift.io/optional'], annotations: [] },
  /** Of a scenario, and of the runs that are made for it. */
  testKind: { labels: [], annotations: ['test.appstudio.openshift.io/kind'] },
  release: { labels: ['release.appstudio.openshift.io/name'], annotations: [] },
  releaseNamespace: { labels: ['release.appstudio.openshift.io/namespace'], annotations: [] },
  releaseAttempt: { labels: ['release.appstudio.openshift.io/attempt'], annotations: [] },
  nudge: { labels: ['build.appstudio.redhat.com/type'], annotations: [] },
  nudgingComponent: { labels: [], annotations: ['build.appstudio.redhat.com/nudging-component'] },
  updatedComponent: { labels: ['mintmaker.appstudio.redhat.com/component'], annotations: [] },
  updatedNamespace: { labels: ['mintmaker.appstudio.redhat.com/namespace'], annotations: [] },
} as const satisfies Readonly<Record<string, Mark>>

const marks: readonly Mark[] = Object.values(konfluxMarks)

/** All keys of labels, and of annotations, that say what an object belongs to. */
export const konfluxLabels: readonly string[] = [...new Set(marks.flatMap(({ labels }) => labels))]
export const konfluxAnnotations: readonly string[] = [
  ...new Set([...marks.flatMap(({ annotations }) => annotations), ...releaseAnnotations]),
]

const updateLabels = [...konfluxMarks.updatedComponent.labels, ...konfluxMarks.updatedNamespace.labels]

/** What says to what an object of Konflux belongs, when it is gone. */
export const konfluxIdentity: { annotations: readonly string[]; spec: readonly string[] } = {
  annotations: konfluxAnnotations,
  spec: ['application', 'componentGroup'],
}

const known: ReadonlySet<string> = new Set(runTypes.filter((type) => type !== 'nudge' && type !== 'update'))

/**
 * What a run is for. The label of its type goes before all else: whatever else Konflux wrote may have been copied from another object.
 * Undefined of a run that is not Konflux's, and of a type that is not known.
 */
export function runTypeOf(object: KubeObject): RunType | undefined {
  const labels = fields(fields(object.metadata).labels)
  const type = firstOf(labels, konfluxMarks.type.labels)
  if (type !== undefined) return known.has(type) ? (type as RunType) : undefined
  if (firstOf(labels, konfluxMarks.nudge.labels) === 'nudge') return 'nudge'
  return firstOf(labels, updateLabels) === undefined ? undefined : 'update'
}

/** The Component that a run builds, tests or updates; none where a snapshot is of several. */
export function componentOf(object: KubeObject): string | undefined {
  if (isOfSeveral(object)) return undefined
  return nameOf(object, konfluxMarks.component) ?? nameOf(object, konfluxMarks.updatedComponent)
}

/** The Application: by `spec.application` of a Konflux object, else by label. One object has this or a ComponentGroup. */
export const applicationOf = (object: KubeObject): string | undefined =>
  name(fields(object.spec).application) ?? nameOf(object, konfluxMarks.application)

/** The ComponentGroup: by `spec.componentGroup` of a Konflux object, else by label. */
export const componentGroupOf = (object: KubeObject): string | undefined =>
  name(fields(object.spec).componentGroup) ?? nameOf(object, konfluxMarks.componentGroup)

/** What the object belongs to in either model; an Application goes first where it says both, as while it is moved. */
export function applicationOrGroupOf(
  object: KubeObject,
): { kind: 'Application' | 'ComponentGroup'; name: string } | undefined {
  const application = applicationOf(object)
  if (application !== undefined) return { kind: 'Application', name: application }
  const componentGroup = componentGroupOf(object)
  return componentGroup === undefined ? undefined : { kind: 'ComponentGroup', name: componentGroup }
}

/** The version of the Component (a branch, as a rule). */
export const versionOf = (object: KubeObject): string | undefined =>
  short(firstOf(annotationsOf(object), konfluxMarks.version.annotations))

/** The folder of the repository that is built. */
export const contextOf = (object: KubeObject): string | undefined =>
  short(firstOf(annotationsOf(object), konfluxMarks.context.annotations))

const wholeSha = /^([0-9a-f]{40}|[0-9a-f]{64})$/i

/** The commit that was built, whole and in small letters; none where a snapshot is of several. */
export function commitOf(object: KubeObject): string | undefined {
  if (isOfSeveral(object)) return undefined
  const { annotations, labels } = konfluxMarks.commit
  const commit = firstOf(annotationsOf(object), annotations) ?? firstOf(labelsOf(object), labels)
  return commit !== undefined && wholeSha.test(commit) ? commit.toLowerCase() : undefined
}

/**
 * The Snapshot that a build made, or that a run tests or releases; of a Release the one that it releases. A build has it as an annotation,
 * which is copied on: on a run of another type it counts for nothing without the label.
 */
export function snapshotOf(object: KubeObject): string | undefined {
  const { labels, annotations } = konfluxMarks.snapshot
  const type = runTypeOf(object)
  const isOwn = type === undefined || type === 'build' || firstOf(labelsOf(object), labels) !== undefined
  return name(fields(object.spec).snapshot) ?? nameOf(object, { labels, annotations: isOwn ? annotations : [] })
}

/** `component`, `group` or `override`: of a Snapshot, and of the runs that test one. */
export const snapshotTypeOf = (object: KubeObject): string | undefined =>
  firstOf(labelsOf(object), konfluxMarks.snapshotType.labels)

/** The IntegrationTestScenario that a run is of. */
export const scenarioOf = (object: KubeObject): string | undefined => nameOf(object, konfluxMarks.scenario)

/** Whether a verdict need not be good for a release; undefined where nothing says. */
export function isOptional(object: KubeObject): boolean | undefined {
  const optional = firstOf(labelsOf(object), konfluxMarks.optional.labels)
  return optional === undefined ? undefined : optional === 'true'
}

/** The Release that a run works for; `namespace` is the tenant's, which may be another than the run's. */
export function releaseOf(object: KubeObject): { name: string; namespace: string | undefined } | undefined {
  const primary = primaryRelease(object)
  const labelled = nameOf(object, konfluxMarks.release)
  if (labelled === undefined) return primary
  if (primary?.name.startsWith(labelled)) return primary
  return { name: labelled, namespace: nameOf(object, konfluxMarks.releaseNamespace) }
}

/** By the annotation that the operator SDK owns objects of other namespaces with: of labels no more than 63 characters are left. */
function primaryRelease(object: KubeObject): { name: string; namespace: string } | undefined {
  const annotations = annotationsOf(object)
  if (annotations[primaryResourceType] !== 'Release.appstudio.redhat.com') return undefined
  const [namespace, own, ...rest] = (text(annotations[primaryResource]) ?? '').split('/')
  const [whose, which] = [name(namespace), name(own)]
  return whose === undefined || which === undefined || rest.length > 0 ? undefined : { name: which, namespace: whose }
}

/** Of several Components, and of no single commit: whatever says otherwise was copied from one of their builds. */
const isOfSeveral = (object: KubeObject): boolean => {
  const type = snapshotTypeOf(object)
  return type === 'group' || type === 'override'
}

const labelsOf = (object: KubeObject): Fields => fields(fields(object.metadata).labels)
const annotationsOf = (object: KubeObject): Fields => fields(fields(object.metadata).annotations)

/** What a mark says of an object by this metadata. */
export const nameIn = (metadata: Fields, mark: Mark): string | undefined =>
  nameOf({ metadata } as unknown as KubeObject, mark)

/**
 * The label's text; where an annotation begins with it, the annotation's, as a label is cut at 63 characters. An annotation that says
 * something else was copied from another object; without a label it counts by itself.
 */
function nameOf(object: KubeObject, { labels, annotations }: Mark): string | undefined {
  const label = name(firstOf(labelsOf(object), labels))
  if (annotations.length === 0) return label
  const annotation = name(firstOf(annotationsOf(object), annotations))
  if (label === undefined) return annotation
  return annotation?.startsWith(label) ? annotation : label
}

function firstOf(map: Fields, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = text(map[key])
    if (value !== undefined) return value
  }
  return undefined
}

// Names of objects: RFC 1123 subdomains. Labels take capitals and underscores, too.
const namePattern = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/

/** The value where it may be a name: annotations hold anything. */
function name(value: unknown): string | undefined {
  const found = text(value)
  return found !== undefined && found.length <= 253 && namePattern.test(found) ? found : undefined
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it must not have
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

/** A text of one short line, as versions and folders are. */
const short = (value: string | undefined): string | undefined =>
  value !== undefined && value.length <= 253 && value.isWellFormed() && !control.test(value) ? value : undefined
