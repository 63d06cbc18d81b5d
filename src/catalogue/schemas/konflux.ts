import { runTypes } from '../../sources/konflux-labels.ts'
import { releasePhases } from '../../sources/konflux-release-phases.ts'
import type { Source } from '../../sources/source.ts'
import { members, type Schema, text } from './schema.ts'

const commit = { pattern: '^([0-9a-f]{40}|[0-9a-f]{64})$' }
const list = (description: string, items: Schema): Schema => ({ type: 'array', description, items })
const texts = (description: string): Schema => list(description, { type: 'string', minLength: 1 })
const boolean = (description: string): Schema => ({ type: 'boolean', description })
const image = (description: string): Schema => text(`${description}, as registry, repository, tag and digest`)
const repository = text('address of the Git repository, without credentials and query')

const group = members('the Application or ComponentGroup that the object belongs to', {
  'kind!': { type: 'string', enum: ['Application', 'ComponentGroup'], description: 'which of the two models it is in' },
  'name!': text('its name'),
})

const change = members(
  'the change that was built, tested or released, as Pipelines as Code and Konflux wrote it; absent of a Snapshot of several builds and its tests',
  {
    repository,
    commit: text('the commit, whole', commit),
    branch: text('the branch that was pushed to, or that the pull request is for'),
    pullRequest: { type: 'integer', minimum: 0, description: 'its number; of a push, of the one that it merged' },
    event: text('as Pipelines as Code calls it: push, pull_request, …'),
  },
)

const version = text('of the Component, as a rule a branch')

/** `konfluxFacts` of src/formats/konflux/facts.ts: everything that any kind has. */
const facts = {
  pipelineType: { type: 'string', enum: runTypes, description: 'what the run is for' },
  group,
  groups: list('the Applications and ComponentGroups whose releases it admits', group),
  component: text('the Component; absent where several are meant'),
  version,
  change,
  snapshot: text('the Snapshot that was built, is tested or released'),
  scenario: text('the IntegrationTestScenario'),
  optional: boolean('whether the scenario need not pass for a release'),
  contexts: texts('for which Snapshots the scenario is run'),
  resolver: text('that fetches the Pipeline of the scenario'),
  release: members('the Release', {
    'name!': text('its name'),
    namespace: text('the namespace of the tenant, of a run elsewhere'),
  }),
  type: text('of a Snapshot component, group or override; of a scenario its kind, such as enterprise-contract'),
  workflow: text('push or pull-request'),
  buildRun: text('the PipelineRun that built it'),
  components: list(
    'what the Snapshot is made of, at most 64',
    members('a Component', {
      'name!': text('its name'),
      version,
      image: image('what was built'),
      repository,
      commit: text('that was built', commit),
    }),
  ),
  componentCount: { type: 'integer', minimum: 0, description: 'how many Components the Snapshot has' },
  plan: text('the ReleasePlan'),
  target: text('the namespace that is released to'),
  automated: boolean('whether it is, or leads to, a release that nobody asked for by hand'),
  attempts: { type: 'integer', minimum: 1, description: 'how many times the managed pipeline was started' },
  phases: list(
    'the phases that have begun or were skipped, in their order',
    members('a phase', {
      'name!': {
        type: 'string',
        enum: releasePhases,
        description: 'which',
      },
      'state!': {
        type: 'string',
        enum: ['Progressing', 'Succeeded', 'Failed', 'Skipped'],
        description: 'how far it is',
      },
      pipelineRun: text('namespace and name of its PipelineRun, with a slash between'),
    }),
  ),
  images: list(
    'what was released, at most 64: of status.artifacts that which is an image',
    members('an image', {
      name: text('of the Component'),
      arches: texts('architectures'),
      oses: texts('operating systems'),
      digest: text('its digest'),
      urls: texts('where it was published, as references of images'),
    }),
  ),
  advisory: text('address of the advisory’s page', { format: 'uri' }),
  admission: text('namespace and name of the ReleasePlanAdmission, with a slash between'),
  active: boolean('whether releases by this plan go on'),
  origin: text('the namespace whose releases it admits'),
  policy: text('the EnterpriseContractPolicy'),
  environment: text('that is released to'),
  repository,
  image: image('the image, where one has been named'),
  promotedImage: image('the image that was promoted last'),
  builtCommit: text('the commit that was built last', commit),
  visibility: { type: 'string', enum: ['public', 'private'], description: 'who may read it' },
  versions: list(
    'versions of the Component, at most 64',
    members('a version', {
      'name!': text('its name'),
      revision: text('its branch'),
      onboarding: { type: 'string', enum: ['succeeded', 'failed'], description: 'how its onboarding went' },
    }),
  ),
  members: list(
    'what the ComponentGroup is made of, at most 64',
    members('a member', {
      'kind!': { type: 'string', enum: ['Component', 'ComponentGroup'], description: 'what it is' },
      'name!': text('its name'),
      version,
    }),
  ),
  promoted: list(
    'what was promoted last of each member, at most 64',
    members('a member', {
      name: text('its name'),
      version,
      'image!': image('what was promoted'),
      repository,
      commit: text('that it was built from', commit),
    }),
  ),
  project: text('the Project'),
  template: text('the ProjectDevelopmentStreamTemplate'),
} satisfies Record<string, Schema>

type Name = keyof typeof facts

const run: readonly Name[] = [
  'pipelineType',
  'group',
  'component',
  'version',
  'change',
  'snapshot',
  'scenario',
  'optional',
  'release',
]
const built: readonly Name[] = ['group', 'component', 'version', 'change', 'snapshot']

const ofKind: Readonly<Record<string, readonly Name[]>> = {
  PipelineRun: run,
  TaskRun: run,
  CustomRun: run,
  Snapshot: [...built, 'type', 'workflow', 'buildRun', 'components', 'componentCount'],
  Component: ['group', 'component', 'repository', 'image', 'promotedImage', 'builtCommit', 'versions'],
  ImageRepository: ['group', 'component', 'image', 'visibility'],
  IntegrationTestScenario: ['group', 'scenario', 'optional', 'type', 'contexts', 'resolver'],
  ComponentGroup: ['group', 'members', 'promoted'],
  Release: [...built, 'release', 'plan', 'target', 'automated', 'attempts', 'phases', 'images', 'advisory'],
  ReleasePlan: ['group', 'plan', 'target', 'admission', 'active', 'automated'],
  ReleasePlanAdmission: ['groups', 'origin', 'policy', 'environment'],
  ProjectDevelopmentStream: ['project', 'template'],
}

const about = 'what Konflux says of the object, and of what it belongs to; absent where that is nothing'

/** The facts of a kind, as our own format has them. */
export function konfluxFactsOf({ kind }: Source): Record<string, Schema> {
  const names = Object.hasOwn(ofKind, kind) ? ofKind[kind] : undefined
  if (names === undefined) return {}
  return { konflux: members(about, Object.fromEntries(names.map((name) => [name, facts[name]]))) }
}

/** Those of all kinds: a CDEvent of one type may be of several. */
export const konfluxFacts: Readonly<Record<string, Schema>> = { konflux: members(about, facts) }

const extensions = {
  application: text('the Application that it belongs to'),
  componentgroup: text('the ComponentGroup that it belongs to'),
  component: text('the Component'),
  commit: text('the commit that was built, tested or released', commit),
  snapshot: text('the Snapshot'),
  release: text('the Release'),
  scenario: text('the IntegrationTestScenario'),
  pipelinetype: { type: 'string', enum: runTypes, description: 'what the run is for' },
} satisfies Record<string, Schema>

const traceparent = text(
  'of the trace that the build began, as Konflux copies it (annotation `tekton.dev/pipelinerunSpanContext`), where that is valid',
  {
    pattern: '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$',
  },
)

/** `konfluxExtensions` of src/formats/konflux/extensions.ts. A test of a Snapshot says its scenario, whatever the kind. */
export const konfluxExtensions = ({ kind }: Source): Record<string, Schema> =>
  Object.hasOwn(ofKind, kind)
    ? { ...extensions, ...((kind === 'Snapshot' || kind === 'Release') && { traceparent }) }
    : {}
