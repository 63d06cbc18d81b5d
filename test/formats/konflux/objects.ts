import type { KubeObject } from '../../../src/api/object.ts'
import { knownSources } from '../../../src/sources/index.ts'
import { groupOf } from '../../../src/sources/read.ts'
import type { Source } from '../../../src/sources/source.ts'

/** Konflux objects written for these tests: one change of team-a's component `shop`, from the build to the release. */
export const sha = '6feccf53bf4a89e8293eadf3d69cfe49d3244f2d'
export const digest = `sha256:${'63f34887'.repeat(8)}`
export const otherDigest = `sha256:${'0a1b2c3d'.repeat(8)}`
export const repository = 'https://git.example.com/team-a/shop'
export const image = 'quay.io/team-a/shop'
export const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

const uid = (n: number) => `7d9c1d62-0000-4000-8000-${String(n).padStart(12, '0')}`

/** What Pipelines as Code writes under its own prefix, and Konflux copies on under another. */
export const pac = (prefix: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries({
      branch: 'main',
      'event-type': 'push',
      'repo-url': repository,
      sender: 'jane-doe',
      sha,
      'sha-title': 'Mend the till\n\nSigned-off-by: Jane Doe <jane@example.com>',
      'sha-url': `${repository}/commit/${sha}`,
      'pull-request': '4',
      'git-auth-secret': 'pac-gitauth-yrisvy',
      'installation-id': '113709859',
      'controller-info': '{"name":"default","secret":"pipelines-as-code-secret"}',
      'on-cel-expression': 'event == "push"',
    }).map(([name, value]) => [`${prefix}/${name}`, value]),
  )

type Given = {
  n: number
  name: string
  namespace?: string
  labels?: object
  annotations?: object
  spec?: object
  status?: object
  at?: string
}

const made = (apiVersion: string, kind: string, { n, name, spec = {}, status = {}, ...given }: Given): KubeObject =>
  ({
    apiVersion,
    kind,
    metadata: {
      name,
      namespace: given.namespace ?? 'team-a',
      uid: uid(n),
      resourceVersion: String(100 + n),
      generation: 1,
      creationTimestamp: given.at ?? '2026-03-04T07:40:00Z',
      labels: given.labels ?? {},
      annotations: given.annotations ?? {},
    },
    spec,
    status,
  }) as unknown as KubeObject

const application = { 'appstudio.openshift.io/application': 'till' }
const component = { 'appstudio.openshift.io/component': 'shop' }
const span = { 'tekton.dev/pipelinerunSpanContext': JSON.stringify({ traceparent: trace }) }
const snapshotName = 'till-20260304-074628-000'
export const releaseName = 'till-20260304-074628-000-6feccf5-pqjj7'

const succeeded = (at: string, reason = 'Completed') => ({
  completionTime: at,
  conditions: [
    {
      type: 'Succeeded',
      status: reason === 'Completed' ? 'True' : 'False',
      reason,
      message: 'Tasks',
      lastTransitionTime: at,
    },
  ],
})

export const build = (more: Partial<Given> = {}): KubeObject =>
  made('tekton.dev/v1', 'PipelineRun', {
    n: 1,
    name: 'shop-on-push-9kdpb',
    labels: {
      ...application,
      ...component,
      'pipelines.appstudio.openshift.io/type': 'build',
      'tekton.dev/pipeline': 'shop-on-push',
      'pipelinesascode.tekton.dev/sender': 'jane-doe',
    },
    annotations: {
      ...pac('pipelinesascode.tekton.dev'),
      ...span,
      'build.appstudio.redhat.com/target_branch': 'main',
      'chains.tekton.dev/signed': 'true',
      'appstudio.openshift.io/version': 'main',
      'appstudio.openshift.io/snapshot': snapshotName,
    },
    spec: { params: [{ name: 'output-image', value: `${image}:${sha}` }] },
    status: {
      startTime: '2026-03-04T07:40:05Z',
      ...succeeded('2026-03-04T07:46:00Z'),
      results: [
        { name: 'IMAGE_URL', value: `${image}:${sha}` },
        { name: 'IMAGE_DIGEST', value: digest },
        { name: 'CHAINS-GIT_COMMIT', value: sha },
      ],
    },
    ...more,
  })

export const failedBuild = (): KubeObject =>
  build({
    n: 2,
    name: 'shop-on-push-x',
    status: { startTime: '2026-03-04T07:40:05Z', ...succeeded('2026-03-04T07:46:00Z', 'Failed') },
  })

/** The same in the labels that are to come. */
export const newBuild = (): KubeObject =>
  build({
    n: 3,
    name: 'shop-on-push-new',
    labels: { 'pipelines.konflux-ci.dev/type': 'build', 'build.konflux-ci.dev/component': 'shop' },
    annotations: {
      'build.konflux-ci.dev/commit_sha': sha,
      'build.konflux-ci.dev/repo': `${repository}.git?rev=${sha}`,
      'build.konflux-ci.dev/target_branch': 'main',
      'build.konflux-ci.dev/version': 'v2',
    },
  })

const tested = {
  ...application,
  ...component,
  'appstudio.openshift.io/snapshot': snapshotName,
  'test.appstudio.openshift.io/scenario': 'policy',
  'test.appstudio.openshift.io/type': 'component',
}

const testOutput = JSON.stringify({
  result: 'SUCCESS',
  timestamp: '1772610588',
  successes: 20,
  failures: 0,
  warnings: 0,
  namespace: '',
  note: 'see jane-doe',
})

const copied = { ...pac('pac.test.appstudio.openshift.io'), ...span }

export const testRun = (): KubeObject =>
  made('tekton.dev/v1', 'PipelineRun', {
    n: 4,
    name: 'policy-ng6bf',
    at: '2026-03-04T07:49:27Z',
    labels: { ...tested, 'pipelines.appstudio.openshift.io/type': 'test' },
    annotations: { ...copied, 'test.appstudio.openshift.io/kind': 'enterprise-contract' },
    spec: { params: [{ name: 'SNAPSHOT', value: '{}' }] },
    status: {
      startTime: '2026-03-04T07:49:28Z',
      ...succeeded('2026-03-04T07:49:50Z'),
      results: [{ name: 'TEST_OUTPUT', value: testOutput }],
    },
  })

export const testTask = (output: string = testOutput, more: Partial<Given> = {}): KubeObject =>
  made('tekton.dev/v1', 'TaskRun', {
    n: 5,
    name: 'policy-ng6bf-verify',
    at: '2026-03-04T07:49:28Z',
    labels: {
      ...tested,
      'pipelines.appstudio.openshift.io/type': 'test',
      'tekton.dev/pipelineTask': 'verify',
      'tekton.dev/pipelineRun': 'policy-ng6bf',
      'tekton.dev/pipelineRunUID': uid(4),
    },
    annotations: copied,
    status: {
      startTime: '2026-03-04T07:49:29Z',
      ...succeeded('2026-03-04T07:49:49Z'),
      results: [{ name: 'TEST_OUTPUT', value: output }],
    },
    ...more,
  })

export const managedRun = (): KubeObject =>
  made('tekton.dev/v1', 'PipelineRun', {
    n: 6,
    name: 'managed-r8lm6',
    namespace: 'managed',
    at: '2026-03-04T07:49:52Z',
    labels: {
      ...application,
      'pipelines.appstudio.openshift.io/type': 'managed',
      'appstudio.openshift.io/snapshot': snapshotName,
      'release.appstudio.openshift.io/name': releaseName,
      'release.appstudio.openshift.io/namespace': 'team-a',
    },
    annotations: copied,
    spec: { params: [{ name: 'release', value: `team-a/${releaseName}` }] },
    status: { startTime: '2026-03-04T07:49:53Z', ...succeeded('2026-03-04T07:55:46Z') },
  })

export const tenantRun = (): KubeObject => {
  const run = managedRun()
  const labels = { ...run.metadata.labels, 'pipelines.appstudio.openshift.io/type': 'tenant' }
  return {
    ...run,
    metadata: { ...run.metadata, name: 'tenant-1', namespace: 'team-a', uid: uid(7), labels },
  } as KubeObject
}

const git = (url: string, revision: string) => ({ source: { git: { url, revision } } })

export const snapshot = (more: Partial<Given> = {}): KubeObject =>
  made('appstudio.redhat.com/v1alpha1', 'Snapshot', {
    n: 10,
    name: snapshotName,
    at: '2026-03-04T07:49:27Z',
    labels: {
      ...application,
      ...component,
      'appstudio.openshift.io/build-pipelinerun': 'shop-on-push-9kdpb',
      'test.appstudio.openshift.io/type': 'component',
    },
    annotations: {
      ...copied,
      'test.appstudio.openshift.io/integration-workflow': 'push',
      'test.appstudio.openshift.io/status': JSON.stringify([
        {
          scenario: 'policy',
          status: 'TestPassed',
          lastUpdateTime: '2026-03-04T07:49:50.723684492Z',
          details: 'Integration test passed',
          startTime: '2026-03-04T07:49:28.198389019Z',
          completionTime: '2026-03-04T07:49:50.723684492Z',
          testPipelineRunName: 'policy-ng6bf',
        },
        {
          scenario: 'e2e',
          status: 'TestFail',
          lastUpdateTime: '2026-03-04T07:49:50Z',
          details: 'Integration test failed',
          startTime: '2026-03-04T07:49:28Z',
          completionTime: '2026-03-04T07:49:50Z',
          testPipelineRunName: 'e2e-1',
          isOptionalScenario: true,
        },
      ]),
    },
    spec: {
      application: 'till',
      components: [
        { name: 'shop', containerImage: `${image}@${digest}`, ...git(repository, sha) },
        {
          name: 'desk',
          containerImage: `quay.io/team-a/desk@${otherDigest}`,
          ...git(`${repository}-desk`, sha.replace('6', '7')),
        },
      ],
    },
    status: {
      conditions: [
        {
          type: 'AppStudioIntegrationStatus',
          status: 'True',
          reason: 'Finished',
          message: 'done',
          lastTransitionTime: '2026-03-04T07:49:50Z',
        },
        {
          type: 'AppStudioTestSucceeded',
          status: 'True',
          reason: 'Passed',
          message: 'All passed',
          lastTransitionTime: '2026-03-04T07:49:50Z',
        },
      ],
    },
    ...more,
  })

export const groupSnapshot = (): KubeObject => {
  const object = snapshot({ n: 11, name: 'till-group-1' })
  const labels = { ...object.metadata.labels, 'test.appstudio.openshift.io/type': 'group' }
  return { ...object, metadata: { ...object.metadata, labels } } as KubeObject
}

export const release = (): KubeObject =>
  made('appstudio.redhat.com/v1alpha1', 'Release', {
    n: 20,
    name: releaseName,
    at: '2026-03-04T07:49:51Z',
    labels: {
      ...application,
      'release.appstudio.openshift.io/automated': 'true',
      'pac.test.appstudio.openshift.io/sha': sha,
    },
    annotations: copied,
    spec: {
      releasePlan: 'to-customers',
      snapshot: snapshotName,
      data: { releaseNotes: { cves: [{ key: 'CVE-2026-0001' }], synopsis: 'embargoed' } },
    },
    status: {
      automated: true,
      attribution: { author: 'jane-doe', standingAuthorization: true },
      startTime: '2026-03-04T07:49:51Z',
      completionTime: '2026-03-04T07:55:50Z',
      target: 'managed',
      artifacts: {
        images: [
          {
            name: 'shop',
            arches: ['amd64', 'arm64'],
            oses: ['linux'],
            shasum: digest,
            urls: [
              'registry.example.com/shop/shop:latest',
              'registry.example.com/shop/shop:1.4',
              `${image}-copy@${digest}`,
            ],
          },
        ],
        advisory: {
          url: 'https://errata.example.com/RHSA-1?token=abc',
          internal_url: 'https://errata.internal.example.com/1',
        },
      },
      collectors: { managed: { jira: { issues: ['SEC-1'] } } },
      managedPipelineAttempts: [
        {
          pipelineRun: 'managed/managed-a',
          status: 'Failed',
          failureReason: 'OOMKill',
          lastTask: 'push',
          startTime: '2026-03-04T07:49:52Z',
          completionTime: '2026-03-04T07:50:52Z',
        },
        {
          pipelineRun: 'managed/managed-r8lm6',
          status: 'Succeeded',
          startTime: '2026-03-04T07:51:52Z',
          completionTime: '2026-03-04T07:55:46Z',
        },
      ],
      managedProcessing: {
        pipelineRun: 'managed/managed-r8lm6',
        startTime: '2026-03-04T07:49:52Z',
        completionTime: '2026-03-04T07:55:46Z',
        roleBindings: { managedRoleBinding: 'managed/rb-1' },
      },
      validation: { time: '2026-03-04T07:49:52Z' },
      conditions: [
        {
          type: 'Validated',
          status: 'True',
          reason: 'Succeeded',
          message: '',
          lastTransitionTime: '2026-03-04T07:49:52Z',
        },
        {
          type: 'TenantPipelineProcessed',
          status: 'True',
          reason: 'Skipped',
          message: '',
          lastTransitionTime: '2026-03-04T07:49:52Z',
        },
        {
          type: 'ManagedPipelineProcessed',
          status: 'True',
          reason: 'Succeeded',
          message: '',
          lastTransitionTime: '2026-03-04T07:55:46Z',
        },
        {
          type: 'FinalPipelineProcessed',
          status: 'True',
          reason: 'Skipped',
          message: '',
          lastTransitionTime: '2026-03-04T07:55:47Z',
        },
        {
          type: 'Released',
          status: 'True',
          reason: 'Succeeded',
          message: '',
          lastTransitionTime: '2026-03-04T07:55:50Z',
        },
      ],
    },
  })

/** Failed in its managed phase; Released keeps the time at which it began. */
export const failedRelease = (): KubeObject => {
  const object = release()
  const failed = { status: 'False', reason: 'Failed', message: 'Release processing failed on <managed> pipelineRun' }
  const status = {
    startTime: '2026-03-04T07:49:51Z',
    completionTime: '2026-03-04T08:20:00Z',
    target: 'managed',
    conditions: [
      { type: 'ManagedPipelineProcessed', lastTransitionTime: '2026-03-04T07:49:52Z', ...failed },
      { type: 'Released', lastTransitionTime: '2026-03-04T07:49:51Z', ...failed },
    ],
  }
  return { ...object, metadata: { ...object.metadata, name: 'till-failed', uid: uid(21) }, status } as KubeObject
}

const conditions = (type: string, status: string, reason: string) => ({
  conditions: [{ type, status, reason, message: '', lastTransitionTime: '2026-03-04T07:41:00Z' }],
})

/** One of each kind that has no tests of its own here. */
export const others = (): KubeObject[] => [
  made('appstudio.redhat.com/v1alpha1', 'Component', {
    n: 30,
    name: 'shop',
    annotations: {
      'build.appstudio.openshift.io/status': JSON.stringify({
        pac: {
          state: 'enabled',
          'merge-url': `${repository}/pull/4`,
          'configuration-time': 'Tue, 03 Mar 2026 10:44:06 UTC',
        },
        message: 'done',
      }),
    },
    spec: {
      application: 'till',
      componentName: 'shop',
      containerImage: image,
      source: { git: { url: `${repository}.git` } },
      secret: 's',
    },
    status: { lastBuiltCommit: sha, lastPromotedImage: `${image}@${digest}` },
  }),
  made('konflux-ci.dev/v1alpha1', 'Component', {
    n: 31,
    name: 'shop',
    spec: {
      containerImage: image,
      source: { url: 'https://jane:pw@git.example.com/team-a/shop', versions: [{ name: 'v2', revision: 'main' }] },
    },
    status: {
      'pac-repository': 'shop',
      versions: [
        {
          name: 'v2',
          revision: 'main',
          'onboarding-status': 'succeeded',
          'onboarding-time': 'Tue, 03 Mar 2026 10:44:06 UTC',
        },
      ],
    },
  }),
  made('appstudio.redhat.com/v1alpha1', 'ImageRepository', {
    n: 32,
    name: 'shop-image',
    labels: { 'appstudio.redhat.com/application': 'till', 'appstudio.redhat.com/component': 'shop' },
    spec: {
      image: { name: 'team-a/shop', visibility: 'public' },
      notifications: [{ title: 'n', event: 'repo_push', method: 'email', config: { email: 'jane@example.com' } }],
    },
    status: {
      state: 'ready',
      image: { url: image, visibility: 'public' },
      credentials: { 'push-secret': 'shop-push' },
    },
  }),
  made('appstudio.redhat.com/v1beta2', 'IntegrationTestScenario', {
    n: 33,
    name: 'policy',
    labels: { 'test.appstudio.openshift.io/optional': 'false' },
    annotations: { 'test.appstudio.openshift.io/kind': 'enterprise-contract' },
    spec: {
      application: 'till',
      contexts: [{ name: 'push', description: 'd' }],
      resolverRef: { resolver: 'git', params: [{ name: 'url', value: repository }] },
      params: [{ name: 'TOKEN', value: 't' }],
    },
    status: conditions('IntegrationTestScenarioValid', 'True', 'Valid'),
  }),
  made('appstudio.redhat.com/v1beta2', 'ComponentGroup', {
    n: 34,
    name: 'till',
    spec: {
      components: [
        { name: 'shop', kind: 'component', componentVersion: { name: 'v2' } },
        { name: 'base', kind: 'componentgroup' },
      ],
    },
    status: {
      globalCandidateList: [
        {
          name: 'shop',
          version: 'v2',
          url: repository,
          lastPromotedImage: `${image}@${digest}`,
          lastPromotedCommit: sha,
          lastPromotedBuildTime: '2026-03-04T07:49:26Z',
        },
      ],
    },
  }),
  made('appstudio.redhat.com/v1alpha1', 'ReleasePlan', {
    n: 35,
    name: 'to-customers',
    labels: {
      'release.appstudio.openshift.io/auto-release': 'true',
      'release.appstudio.openshift.io/author': 'jane-doe',
    },
    spec: { application: 'till', target: 'managed', data: { releaseNotes: { synopsis: 'embargoed' } } },
    status: {
      ...conditions('Matched', 'True', 'Matched'),
      releasePlanAdmission: { name: 'managed/to-customers', active: true },
    },
  }),
  made('appstudio.redhat.com/v1alpha1', 'ReleasePlanAdmission', {
    n: 36,
    name: 'to-customers',
    namespace: 'managed',
    spec: {
      applications: ['till'],
      origin: 'team-a',
      policy: 'default',
      environment: 'production',
      data: { internal: 'https://internal.example.com' },
      pipeline: { serviceAccountName: 'release-pipeline' },
    },
    status: {
      ...conditions('Matched', 'True', 'Matched'),
      releasePlans: [{ name: 'team-a/to-customers', active: true }],
    },
  }),
  made('appstudio.redhat.com/v1alpha1', 'InternalRequest', {
    n: 37,
    name: 'sign-1',
    namespace: 'managed',
    spec: { params: { secret: 'signing-key' }, serviceAccount: 'sa' },
    status: {
      startTime: '2026-03-04T07:50:00Z',
      completionTime: '2026-03-04T07:51:00Z',
      results: { url: 'internal' },
      pipelineRun: 'internal/x',
      ...conditions('Succeeded', 'True', 'Succeeded'),
    },
  }),
  made('appstudio.redhat.com/v1alpha1', 'EnterpriseContractPolicy', {
    n: 38,
    name: 'default',
    spec: {
      description: 'd',
      publicKey: 'k8s://openshift-pipelines/public-key',
      sources: [{ policy: ['oci::quay.io/x'] }],
    },
  }),
  made('projctl.konflux.dev/v1beta1', 'ProjectDevelopmentStream', {
    n: 39,
    name: 'till-v2',
    spec: { project: 'till', template: { name: 'versions', values: [{ name: 'version', value: '2' }] } },
    status: conditions('Ready', 'True', 'ResourcesApplied'),
  }),
  made('appstudio.redhat.com/v1alpha1', 'DependencyUpdateCheck', {
    n: 40,
    name: 'check-1',
    namespace: 'mintmaker',
    annotations: { 'mintmaker.appstudio.redhat.com/processed': 'true' },
    spec: { namespaces: [{ namespace: 'team-b', applications: [{ application: 'secret-project' }] }] },
  }),
  made('tekton.dev/v1', 'PipelineRun', {
    n: 41,
    name: 'renovate-1',
    namespace: 'mintmaker',
    labels: {
      'mintmaker.appstudio.redhat.com/component': 'shop',
      'mintmaker.appstudio.redhat.com/repository': 'hidden',
    },
    status: { startTime: '2026-03-04T07:40:05Z', ...succeeded('2026-03-04T07:46:00Z') },
  }),
]

export const everything = (): KubeObject[] => [
  build(),
  failedBuild(),
  newBuild(),
  testRun(),
  testTask(),
  managedRun(),
  tenantRun(),
  snapshot(),
  groupSnapshot(),
  release(),
  ...others(),
]

/** The source of an object, by kind and group. */
export function sourceOf(object: KubeObject): Source {
  const source = knownSources.all.find(({ kind, group }) => kind === object.kind && group === groupOf(object))
  if (!source) throw new Error(`no source for ${object.kind} of ${groupOf(object)}`)
  return source
}
