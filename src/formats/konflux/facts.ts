import type { KubeObject } from '../../api/object.ts'
import {
  applicationOrGroupOf,
  componentOf,
  isOptional,
  releaseOf,
  runTypeOf,
  scenarioOf,
  snapshotOf,
  snapshotTypeOf,
  versionOf,
} from '../../sources/konflux-labels.ts'
import { fields, list, shortText, text } from '../../sources/read.ts'
import type { Source } from '../../sources/source.ts'
import { bounded, nameText } from './bounds.ts'
import { changeOf } from './change.ts'
import {
  componentFacts,
  componentGroupFacts,
  defined,
  imageRepositoryFacts,
  snapshotComponent,
  some,
} from './components.ts'
import { releaseFacts } from './release.ts'

/** What a kind's events tell of an object, of itself: an allow-list. */
type Reader = (object: KubeObject) => Record<string, unknown>

const readers: Readonly<Record<string, Reader>> = {
  PipelineRun: runFacts,
  TaskRun: runFacts,
  CustomRun: runFacts,
  Snapshot: snapshotFacts,
  Component: (object) => ({ ...belongs(object), ...componentFacts(object) }),
  ImageRepository: (object) => ({ ...ownerOf(object), ...imageRepositoryFacts(object) }),
  IntegrationTestScenario: scenarioFacts,
  ComponentGroup: (object) => ({
    group: { kind: 'ComponentGroup', name: object.metadata.name },
    ...componentGroupFacts(object),
  }),
  Release: (object) => ({
    ...belongs(object),
    ...built(object),
    snapshot: nameText(fields(object.spec).snapshot),
    release: { name: object.metadata.name },
    ...releaseFacts(object),
  }),
  ReleasePlan: planFacts,
  ReleasePlanAdmission: admissionFacts,
  ProjectDevelopmentStream: ({ spec }) => ({
    project: nameText(fields(spec).project),
    template: nameText(fields(fields(spec).template).name),
  }),
}

// An object is asked by each of its events, and is never changed.
const told = new WeakMap<KubeObject, Record<string, unknown>>()

/**
 * What Konflux says of an object and its events may tell: who and what it belongs to, names, images, commits. Never a value of a param or
 * result, nor free JSON, credentials, accounts or people. Empty where there is nothing, as of a run that is not Konflux's.
 */
export function konfluxFacts({ kind }: Source, object: KubeObject): Record<string, unknown> {
  const known = told.get(object)
  if (known) return known
  const reader = Object.hasOwn(readers, kind) ? readers[kind] : undefined
  const facts = reader ? defined(reader(object)) : {}
  told.set(object, facts)
  return facts
}

/** Of a run of MintMaker, in a namespace for all, nothing but what it is: whom it works for is another tenant's matter. */
function runFacts(object: KubeObject): Record<string, unknown> {
  const pipelineType = runTypeOf(object)
  if (pipelineType === 'update') return { pipelineType }
  const group = applicationOrGroupOf(object)
  const component = componentOf(object)
  // Pipelines as Code alone makes no run Konflux's.
  if (pipelineType === undefined && group === undefined && component === undefined) return {}
  return {
    pipelineType,
    group,
    ...built(object),
    snapshot: snapshotOf(object),
    scenario: scenarioOf(object),
    optional: isOptional(object),
    release: releaseOf(object),
  }
}

function snapshotFacts(object: KubeObject): Record<string, unknown> {
  const components = list(fields(object.spec).components)
  const workflow = text(fields(object.metadata.annotations)['test.appstudio.openshift.io/integration-workflow'])
  const type = snapshotTypeOf(object)
  const buildRun = fields(object.metadata.labels)['appstudio.openshift.io/build-pipelinerun']
  return {
    ...belongs(object),
    ...built(object),
    snapshot: object.metadata.name,
    type,
    workflow: shortText(workflow, 64),
    // Of a Snapshot of several builds it was copied from one of them.
    buildRun: type === 'group' || type === 'override' ? undefined : nameText(buildRun),
    components: some(bounded(components, snapshotComponent)),
    componentCount: components.length,
  }
}

function scenarioFacts(object: KubeObject): Record<string, unknown> {
  const { contexts, resolverRef } = fields(object.spec)
  const kind = text(fields(object.metadata.annotations)['test.appstudio.openshift.io/kind'])
  return {
    ...belongs(object),
    scenario: object.metadata.name,
    optional: isOptional(object),
    type: shortText(kind, 64),
    contexts: some(bounded(contexts, (context) => nameText(fields(context).name))),
    resolver: nameText(fields(resolverRef).resolver),
  }
}

function planFacts(object: KubeObject): Record<string, unknown> {
  const { active, name } = fields(fields(object.status).releasePlanAdmission)
  const automatic = fields(object.metadata.labels)['release.appstudio.openshift.io/auto-release']
  return {
    ...belongs(object),
    plan: object.metadata.name,
    target: nameText(fields(object.spec).target),
    admission: shortText(name, 320),
    ...(typeof active === 'boolean' && { active }),
    ...(typeof automatic === 'string' && { automated: automatic === 'true' }),
  }
}

/** Of an object in the managed namespace: whose releases it admits, by what policy. Not its data. */
function admissionFacts(object: KubeObject): Record<string, unknown> {
  const { applications, componentGroups, origin, policy, environment } = fields(object.spec)
  const named = (kind: string) => (entry: unknown) => {
    const name = nameText(entry)
    return name === undefined ? undefined : { kind, name }
  }
  const groups = [
    ...bounded(applications, named('Application')),
    ...bounded(componentGroups, named('ComponentGroup')),
  ].slice(0, 64)
  return {
    groups: some(groups),
    origin: nameText(origin),
    policy: nameText(policy),
    environment: nameText(environment),
  }
}

const belongs = (object: KubeObject): Record<string, unknown> => ({ group: applicationOrGroupOf(object) })

/** image-controller has labels of its own. */
function ownerOf(object: KubeObject): Record<string, unknown> {
  const name = nameText(fields(object.metadata.labels)['appstudio.redhat.com/application'])
  return name === undefined ? belongs(object) : { group: { kind: 'Application', name } }
}

const built = (object: KubeObject): Record<string, unknown> => ({
  component: componentOf(object),
  version: versionOf(object),
  change: changeOf(object),
})
