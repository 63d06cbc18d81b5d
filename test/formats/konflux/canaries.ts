import type { KubeObject } from '../../../src/api/object.ts'

/** No event may hold this text. */
export const canary = 'CANARY'

/** What summaries may be made of, by path: `*` stands for any index or key. All else of an object is of no concern to anybody outside. */
const common = [
  'apiVersion',
  'kind',
  ...['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp'].map(
    (name) => `metadata.${name}`,
  ),
  ...['kind', 'name', 'uid', 'apiVersion'].map((name) => `metadata.ownerReferences.*.${name}`),
  ...['type', 'status', 'reason', 'message', 'lastTransitionTime'].map((name) => `status.conditions.*.${name}`),
]

const runs = [
  ...['apiVersion', 'kind', 'name', 'resolver'].flatMap((name) => [`spec.pipelineRef.${name}`, `spec.taskRef.${name}`]),
  'spec.params.*.name',
  'status.results.*.name',
  'status.startTime',
  'status.completionTime',
  'status.skippedTasks.*.name',
  'status.skippedTasks.*.reason',
]

const belongs = ['spec.application', 'spec.componentGroup']
const promotion = ['name', 'version', 'url', 'lastPromotedImage', 'lastPromotedCommit'].map(
  (name) => `status.globalCandidateList.*.${name}`,
)
const version = ['name', 'revision', 'onboarding-status', 'onboarding-time', 'message'].map(
  (name) => `status.versions.*.${name}`,
)
const phases = ['tenantProcessing', 'managedProcessing', 'finalProcessing', 'managedPipelineAttempts.*'].concat(
  ['tenantCollectorsProcessing', 'managedCollectorsProcessing'].map((name) => `collectorsProcessing.${name}`),
)

const ofKind: Readonly<Record<string, readonly string[]>> = {
  PipelineRun: runs,
  TaskRun: runs,
  Component: [
    ...belongs,
    'spec.componentName',
    'spec.containerImage',
    'spec.source.url',
    'spec.source.git.url',
    'spec.source.versions.*.name',
    'spec.source.versions.*.revision',
    'status.lastBuiltCommit',
    'status.lastPromotedImage',
    'status.message',
    ...version,
  ],
  ImageRepository: [
    ...belongs,
    'spec.image.visibility',
    'status.state',
    'status.message',
    'status.image.url',
    'status.image.visibility',
  ],
  Snapshot: [
    ...belongs,
    ...['name', 'version', 'containerImage', 'source.git.url', 'source.git.revision'].map(
      (name) => `spec.components.*.${name}`,
    ),
  ],
  IntegrationTestScenario: [...belongs, 'spec.contexts.*.name', 'spec.resolverRef.resolver'],
  ComponentGroup: [
    ...['name', 'kind', 'componentVersion.name'].map((name) => `spec.components.*.${name}`),
    ...promotion,
  ],
  Release: [
    ...belongs,
    'spec.snapshot',
    'spec.releasePlan',
    'status.target',
    'status.startTime',
    'status.completionTime',
    'status.validation.time',
    'status.artifacts.advisory.url',
    ...['name', 'arches.*', 'oses.*', 'shasum', 'urls.*'].map((name) => `status.artifacts.images.*.${name}`),
    ...phases.flatMap((phase) =>
      ['pipelineRun', 'startTime', 'completionTime'].map((name) => `status.${phase}.${name}`),
    ),
    ...['status', 'failureReason', 'lastTask', 'lastStep'].map((name) => `status.managedPipelineAttempts.*.${name}`),
  ],
  ReleasePlan: [...belongs, 'spec.target', 'status.releasePlanAdmission.name'],
  ReleasePlanAdmission: [
    'spec.applications.*',
    'spec.componentGroups.*',
    'spec.origin',
    'spec.policy',
    'spec.environment',
    'status.releasePlans.*.name',
  ],
  InternalRequest: ['status.startTime', 'status.completionTime'],
  EnterpriseContractPolicy: [],
  ProjectDevelopmentStream: ['spec.project', 'spec.template.name'],
  DependencyUpdateCheck: [],
}

const shown =
  /^(pipelinesascode\.tekton\.dev|pac\.test\.appstudio\.openshift\.io)\/(branch|event-type|repo-url|sha|pull-request)$/
const annotations: ReadonlySet<string> = new Set([
  'tekton.dev/pipelinerunSpanContext',
  'chains.tekton.dev/signed',
  'appstudio.openshift.io/snapshot',
  'mintmaker.appstudio.redhat.com/processed',
  'test.appstudio.openshift.io/kind',
  'test.appstudio.openshift.io/status',
  'test.appstudio.openshift.io/integration-workflow',
  'build.appstudio.openshift.io/status',
  'build.appstudio.openshift.io/repo',
  'test.appstudio.openshift.io/create-snapshot-status',
  'operator-sdk/primary-resource',
  'operator-sdk/primary-resource-type',
  ...['component', 'version', 'context', 'application', 'component-group'].map(
    (name) => `appstudio.openshift.io/${name}`,
  ),
  ...['build.konflux-ci.dev', 'build.appstudio.redhat.com'].flatMap((prefix) =>
    ['component', 'version', 'context', 'commit_sha', 'repo', 'target_branch', 'pull_request_number'].map(
      (name) => `${prefix}/${name}`,
    ),
  ),
])
// Of MintMaker's the two that its own milestones tell.
const hiddenLabels =
  /\/(sender|author|installation-id|git-auth-secret|controller-info|on-cel-expression)$|^mintmaker\.(?!appstudio\.redhat\.com\/(component|namespace)$)/
// Images and verdicts are read from these; no value of another result is.
const readResults: ReadonlySet<unknown> = new Set(['IMAGE_URL', 'IMAGE_DIGEST', 'TEST_OUTPUT'])

/** The object with the canary in every text that is not on the list; names of fields stay, and so do numbers. */
export function withCanaries(object: KubeObject): KubeObject {
  const allowed = new Set([...common, ...(ofKind[object.kind] ?? [])])
  return walk(object, []) as KubeObject

  function walk(value: unknown, path: readonly string[]): unknown {
    if (typeof value === 'string') return isAllowed(value, path) ? value : canary
    if (Array.isArray(value)) return value.map((item) => walk(item, [...path, '*']))
    if (typeof value !== 'object' || value === null) return value
    const { name } = value as { name?: unknown }
    if (path.join('.') === 'status.results.*' && readResults.has(name)) return value
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, walk(member, [...path, key])]))
  }

  function isAllowed(value: string, path: readonly string[]): boolean {
    const [top, second, name = ''] = path
    if (top === 'metadata' && second === 'labels') return !hiddenLabels.test(name)
    if (top === 'metadata' && second === 'annotations') return annotations.has(name) || shown.test(name)
    return value === '' || allowed.has(path.join('.'))
  }
}

type Schema = {
  type?: string
  properties?: Record<string, Schema>
  items?: Schema
  additionalProperties?: Schema
  'x-kubernetes-preserve-unknown-fields'?: boolean
}

/** The value, and in it each field of the schema that it lacks: with a text, or of a list or map with one entry. */
export function filled(value: unknown, schema: Schema): unknown {
  if (schema.type === 'array') {
    const items = Array.isArray(value) && value.length > 0 ? value : [undefined]
    return items.map((item) => filled(item, schema.items ?? {}))
  }
  if (schema.type === 'string') return value ?? 'filled'
  if (schema.type !== 'object') return value
  const given = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  const free = schema['x-kubernetes-preserve-unknown-fields'] ? { filled: { filled: 'filled', list: ['filled'] } } : {}
  const map = schema.additionalProperties ? { filled: 'filled' } : {}
  const properties = Object.entries(schema.properties ?? {}).map(([name, member]) => [
    name,
    filled(given[name], member),
  ])
  return { ...free, ...map, ...given, ...Object.fromEntries(properties) }
}
