import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { parse } from 'yaml'
import type { Flag } from '../../src/cli/flag.ts'
import { runFlags } from '../../src/cli/run-flags.ts'
import { readCommand } from '../../src/config/command.ts'
import { resolveConfig } from '../../src/config/config.ts'
import { readConfigFile } from '../../src/config/file.ts'
import type { Settings } from '../../src/config/given.ts'
import { sources } from '../../src/sources/index.ts'
import { AdminClient, type Manifest } from '../controlplane/admin.ts'
import { type ControlPlane, startControlPlane } from '../controlplane/controlplane.ts'
import { ensureTool } from '../controlplane/tools.ts'
import { aggregateRoles } from './aggregation.ts'
import { chart, find, render, runHelm } from './render.ts'

type Container = { args: string[]; command: string[]; image: string }
type PodSpec = {
  containers: [Container]
  volumes?: { name: string }[]
  tolerations: object[]
  terminationGracePeriodSeconds: number
}
type StatefulSet = { spec: { template: { metadata: object; spec: PodSpec }; volumeClaimTemplates?: object[] } }

const resolved = (file: Settings) => {
  const config = resolveConfig({}, file)
  assert.ok(config.ok, JSON.stringify(config))
  return config.value
}

const podOf = (manifests: Manifest[]) => (find(manifests, 'StatefulSet') as unknown as StatefulSet).spec.template

/** Besides the token for the API server. */
const volumesOf = (manifests: Manifest[]) =>
  (podOf(manifests).spec.volumes ?? []).filter(({ name }) => name !== 'api-access')

suite('the chart', () => {
  let helm: string
  before(async () => {
    helm = await ensureTool('helm')
  })

  test('passes helm lint --strict', async () => {
    const { ok, stdout, stderr } = await runHelm(helm, ['lint', '--strict', chart])
    assert.ok(ok, stdout + stderr)
  })

  const nonsense: [args: string, message: RegExp][] = [
    ['replicas=3', /additional properties 'replicas' not allowed/],
    ['config.allowCidrs={10.0.0.0/8}', /additional properties 'allowCidrs' not allowed/],
    ['config.egress.allowCidrs={10.0.0.0}', /allowCidrs\/0'.*does not match pattern/],
    ['config.egress.allowHosts={https://a.example.com}', /allowHosts\/0'.*does not match pattern/],
    ['config.egress.allowPorts={0}', /allowPorts\/0'.*minimum/],
    ['config.egress.proxy.url=proxy:3128', /proxy\/url'.*does not match pattern/],
    ['config.secrets.requireLabel=maybe', /requireLabel'.*want boolean/],
    ['config.quotas.maxSinksPerNamespace=-1', /maxSinksPerNamespace'.*minimum/],
    ['config.defaults.timeout=soon', /timeout'.*does not match pattern/],
    ['config.defaults.limits.concurrency=257', /concurrency'.*maximum/],
    ['config.defaults.retry.attempts=5', /additional properties 'attempts' not allowed/],
    ['config.adminNamespaces={Team A}', /adminNamespaces\/0'.*does not match pattern/],
    ['config.adminNamespaces=platform', /adminNamespaces'.*want array/],
    ['config.logLevel=loud', /value must be one of 'debug', 'info', 'warn', 'error'/],
    ['config.dashboardUrl=ui.example.com', /dashboardUrl'.*does not match pattern/],
    ['config.schemaBaseUrl=/schemas', /schemaBaseUrl'.*does not match pattern/],
    ['config.archive.url=http://archive.example.com', /archive\/url'.*does not match pattern/],
    ['config.archive.after=soon', /archive\/after'.*does not match pattern/],
    ['persistence.size=big', /persistence\/size'.*does not match pattern/],
    ['persistence.whenDeleted=Maybe', /value must be one of 'Retain', 'Delete'/],
    ['image.pullPolicy=Sometimes', /value must be one of 'Always', 'IfNotPresent', 'Never'/],
    ['gracePeriodSeconds=0', /gracePeriodSeconds'.*minimum/],
    ['evictionSeconds=-1', /evictionSeconds'.*minimum/],
    ['v8.maxOldSpaceSize=1', /maxOldSpaceSize'.*minimum/],
    ['class=A B', /class'.*does not match pattern/],
    ['config.tenantKinds={certificates}', /tenantKinds\/0'.*does not match pattern/],
    ['webhook.enabled=true,webhook.failurePolicy=Maybe', /value must be one of 'Ignore', 'Fail'/],
    ['webhook.enabled=true,webhook.timeoutSeconds=30', /timeoutSeconds'.*maximum/],
    ['rbac.genericKinds[0].resources={certificates}', /missing property 'group'/],
    ['rbac.genericKinds[0].group=cert-manager.io', /missing property 'resources'/],
    ['rbac.genericKinds[0].group=cert-manager.io,rbac.genericKinds[0].resources={*}', /resources\/0'.*does not match/],
    ['rbac.genericKinds[0].group=*,rbac.genericKinds[0].resources={certificates}', /group'.*does not match pattern/],
    ['rbac.genericKinds[0].group=,rbac.genericKinds[0].resources={pods,secrets}', /secrets is never watched/],
    ['rbac.genericKinds[0].group=,rbac.genericKinds[0].resources={configmaps}', /configmaps is never watched/],
    [
      'rbac.genericKinds[0].group=appstudio.redhat.com,rbac.genericKinds[0].resources={spiaccesstokens}',
      /spiaccesstokens is never watched/,
    ],
    [
      'rbac.genericKinds[0].group=authentication.k8s.io,rbac.genericKinds[0].resources={selfsubjectreviews}',
      /authentication\.k8s\.io is never watched/,
    ],
  ]
  for (const [value, message] of nonsense) {
    test(`refuses ${value}`, () => assert.rejects(render(helm, '--set', value), message))
  }

  test('gives the right to read further kinds, and nothing more', async () => {
    const rulesOf = async (...args: string[]) => {
      const { rules } = find(await render(helm, ...args), 'ClusterRole') as unknown as { rules: object[] }
      return rules
    }
    const values = [
      ...['rbac.genericKinds[0].group=cert-manager.io', 'rbac.genericKinds[0].resources={certificates,issuers}'],
      ...['rbac.genericKinds[1].group=', 'rbac.genericKinds[1].resources={pods}'],
    ]
    const verbs = ['list', 'watch']
    const before = (await rulesOf()).map((rule) => JSON.stringify(rule))
    const added = (await rulesOf('--set', values.join(','))).filter((rule) => !before.includes(JSON.stringify(rule)))
    assert.deepEqual(added, [
      { apiGroups: ['cert-manager.io'], resources: ['certificates', 'issuers'], verbs },
      { apiGroups: [''], resources: ['pods'], verbs },
    ])
  })

  test('carries the CRDs', async () => {
    const crds = (await render(helm)).filter((one) => one.kind === 'CustomResourceDefinition')
    assert.deepEqual(crds.map((crd) => crd.metadata.name).toSorted(), [
      'eventsinks.carillon.dev',
      'eventsubscriptions.carillon.dev',
    ])
  })

  test('gives flags and a configuration that the operator understands', async () => {
    const manifests = await render(
      helm,
      '--set=class=blue,config.adminNamespaces={platform,audit},config.tenantKinds={Certificate.cert-manager.io},config.egress.allowCidrs={10.96.0.0/16,fd00::/8}',
      '--set=config.clusterUri=https://a.example.com,config.dashboardUrl=https://ui.example.com/x,extraArgs={--log-level=debug}',
    )
    const command = readCommand(podOf(manifests).spec.containers[0].args, {})
    assert.ok(command.ok && command.value.name === 'run', JSON.stringify(command))
    const { class: name, namespace, listen, 'log-level': level, 'data-dir': data } = command.value.settings
    assert.deepEqual(
      [name, namespace, listen, level, data],
      [['blue'], ['carillon-system'], [':8080'], ['debug'], ['/var/lib/carillon']],
    )
    const { data: files } = find(manifests, 'ConfigMap') as unknown as { data: Record<string, string> }
    const config = readConfigFile(files['config.yaml'] ?? '')
    assert.ok(config.ok, JSON.stringify(config))
    assert.deepEqual(config.value, {
      'admin-namespace': ['platform', 'audit'],
      'tenant-kind': ['Certificate.cert-manager.io'],
      'allow-cidr': ['10.96.0.0/16', 'fd00::/8'],
      source: ['tekton', 'konflux', 'flux'],
      'cluster-uri': ['https://a.example.com'],
      'dashboard-url': ['https://ui.example.com/x'],
      'log-level': ['info'],
      'archive-after': ['5m'],
      'archive-reach': ['6h'],
      'require-credential-label': ['true'],
      'max-sinks-per-namespace': ['100'],
      'max-subscriptions-per-namespace': ['200'],
      'max-events-per-second-per-namespace': ['0'],
      'max-connections-per-namespace': ['256'],
      'max-filter-cost-per-namespace': ['1000000'],
      'default-timeout': ['15s'],
      'default-concurrency': ['8'],
      'default-events-per-second': ['0'],
      'default-max-event-bytes': ['64Ki'],
      'default-max-pending': ['100000'],
      'default-max-pending-bytes': ['256Mi'],
      'default-retention': ['168h'],
      'default-max-dead-letters': ['10000'],
      'max-pending-per-namespace': ['200000'],
      'max-pending-bytes-per-namespace': ['1Gi'],
    })
    // What the chart writes out are the operator's own defaults.
    const { policy: byDefault } = resolved({})
    const { policy } = resolved(config.value)
    assert.deepEqual([policy.quotas, policy.defaults], [byDefault.quotas, byDefault.defaults])
  })

  test('gives the container what is better kept in a Secret', async () => {
    const env = 'extraEnv[0].name=CARILLON_EGRESS_PROXY,extraEnv[0].valueFrom.secretKeyRef.name=proxy'
    const { containers } = podOf(await render(helm, `--set=${env},extraEnv[0].valueFrom.secretKeyRef.key=url`)).spec
    assert.deepEqual((containers[0] as unknown as { env: object[] }).env.at(-1), {
      name: 'CARILLON_EGRESS_PROXY',
      valueFrom: { secretKeyRef: { name: 'proxy', key: 'url' } },
    })
  })

  test('gives the pod more time to end than attempts have', async () => {
    const { spec } = podOf(await render(helm, '--set=gracePeriodSeconds=300'))
    assert.equal(spec.terminationGracePeriodSeconds, 310)
    assert.ok(spec.containers[0].args.includes('--grace-period=300s'))
  })

  test('restarts the operator for what is read at the start only, and for no other change of its configuration', async () => {
    const checksum = async (...args: string[]) => {
      const { metadata } = podOf(await render(helm, ...args))
      return (metadata as { annotations: Record<string, string> }).annotations['checksum/config']
    }
    const one = await checksum()
    const hot = 'podLabels.a=b,config.logLevel=debug,config.adminNamespaces={a},config.quotas.maxSinksPerNamespace=5'
    assert.equal(await checksum(`--set=${hot},config.egress.allowCidrs={10.0.0.0/8},config.defaults.timeout=5s`), one)
    const url = 'https://a.example.com'
    const values: Record<string, string> = {
      archive: `archive.url=${url}`,
      clusterUri: `clusterUri=${url}`,
      dashboardUrl: `dashboardUrl=${url}`,
      schemaBaseUrl: `schemaBaseUrl=${url}`,
      sources: 'sources={flux}',
      tekton: 'tekton.configNamespace=a',
      watchNamespaces: 'watchNamespaces={a}',
    }
    const fixed = (runFlags as readonly Flag[]).flatMap(({ fixed, key }) => (fixed ? (key?.split('.')[0] ?? []) : []))
    assert.deepEqual(Object.keys(values), [...new Set(fixed)].toSorted())
    for (const value of Object.values(values)) assert.notEqual(await checksum(`--set=config.${value}`), one, value)
  })

  test('keeps the outbox on a volume of its own, or on an emptyDir where that is wanted', async () => {
    const kept = await render(helm)
    assert.equal((find(kept, 'StatefulSet') as unknown as StatefulSet).spec.volumeClaimTemplates?.length, 1)
    assert.deepEqual(volumesOf(kept), [])
    const light = await render(helm, '--set=persistence.enabled=false')
    assert.equal((find(light, 'StatefulSet') as unknown as StatefulSet).spec.volumeClaimTemplates, undefined)
    assert.deepEqual(volumesOf(light), [{ name: 'data', emptyDir: { sizeLimit: '5Gi' } }])
  })

  test("gives the operator the archive's CA", async () => {
    const url = 'https://kubearchive-api-server.kubearchive.svc:8081'
    const manifests = await render(helm, `--set=config.archive.url=${url},archiveCA.configMap=kubearchive-ca`)
    const { containers } = podOf(manifests).spec
    const volumes = volumesOf(manifests)
    assert.ok(containers[0].args.includes('--archive-ca-file=/etc/carillon/archive/ca.crt'))
    assert.deepEqual(volumes, [{ name: 'archive-ca', configMap: { name: 'kubearchive-ca' } }])
    const { data } = find(manifests, 'ConfigMap') as unknown as { data: Record<string, string> }
    const config = readConfigFile(data['config.yaml'] ?? '')
    assert.deepEqual(config.ok && [config.value['archive-url'], config.value['archive-reach']], [[url], ['6h']])
  })

  test('lets two installs live in one cluster', async () => {
    const roles = await Promise.all(
      ['blue', 'green'].map(async (namespace) => {
        const { stdout } = await runHelm(helm, ['template', 'carillon', chart, '--namespace', namespace])
        return [...stdout.matchAll(/kind: ClusterRole\nmetadata:\n {2}name: (.+)/g)].map(([, name]) => name)
      }),
    )
    const [blue = [], green = []] = roles
    assert.deepEqual([blue.length, new Set([...blue, ...green]).size], [4, 8])
    assert.deepEqual([blue.includes('blue-carillon'), green.includes('green-carillon')], [true, true])
  })

  test('gives an install of a class the right to record its own times', async () => {
    const manifests = await render(helm, '--set=class=blue')
    const names = (find(manifests, 'Role') as unknown as { rules: Rule[] }).rules.flatMap(
      (rule) => rule.resourceNames ?? [],
    )
    assert.equal(names.filter((name) => /^carillon-since-blue-[0-9a-f]$/.test(name)).length, 16)
    assert.equal(
      names.some((name) => /^carillon-since-[0-9a-f]$/.test(name)),
      false,
    )
  })
})

/** Every right that the operator has beyond what any account has: verb, resource, the namespace and name it is bounded to. */
const rights = [
  'list,watch carillon.dev/eventsinks',
  'list,watch carillon.dev/eventsubscriptions',
  'patch carillon.dev/eventsinks/status',
  'patch carillon.dev/eventsubscriptions/status',
  // The kinds that have a catalogue, and no other.
  ...Object.values(sources).map(({ group, plural }) => `list,watch ${group}/${plural}`),
  'get,list,watch /namespaces',
  'get /configmaps',
  'get /pods',
  'get /services',
  'list discovery.k8s.io/endpointslices',
  'get /secrets',
  'create /events',
  'get,list,watch /configmaps carillon-system/carillon-config',
  ...[...'0123456789abcdef'].map((digit) => `get,create,patch /configmaps carillon-system/carillon-since-${digit}`),
  'create coordination.k8s.io/leases carillon-system/',
  'get,update coordination.k8s.io/leases carillon-system/carillon',
  'create /events carillon-system/',
]

/** What somebody with one of Kubernetes' own roles in a namespace may do there, and elsewhere. */
const teamRights: [user: string, verb: string, resource: string, allowed: boolean, more?: object][] = [
  ['viewer', 'list', 'eventsinks', true],
  ['viewer', 'watch', 'eventsubscriptions', true],
  ['viewer', 'create', 'eventsubscriptions', false],
  ['viewer', 'delete', 'eventsinks', false],
  ['viewer', 'get', 'eventsinks', false, { namespace: 'team-other' }],
  ['editer', 'get', 'eventsinks', true],
  ['editer', 'create', 'eventsubscriptions', true],
  ['editer', 'delete', 'eventsubscriptions', true],
  ['editer', 'create', 'eventsinks', false],
  ['editer', 'patch', 'eventsinks', false],
  ['editer', 'patch', 'eventsubscriptions', false, { subresource: 'status' }],
  ['adminer', 'create', 'eventsinks', true],
  ['adminer', 'update', 'eventsubscriptions', true],
  ['adminer', 'delete', 'eventsinks', true],
  ['adminer', 'patch', 'eventsinks', false, { subresource: 'status' }],
  ['adminer', 'create', 'eventsinks', false, { namespace: 'team-other' }],
]

type Rule = { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] }

const spellOut = (rules: Rule[], namespace?: string) =>
  rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [''] }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        resourceNames.map((name) =>
          `${verbs.join()} ${group}/${resource} ${namespace ? `${namespace}/${name}` : ''}`.trim(),
        ),
      ),
    ),
  )

suite('the chart, applied', () => {
  let plane: ControlPlane
  let manifests: Manifest[]
  before(async () => {
    plane = await startControlPlane()
    manifests = await render(await ensureTool('helm'))
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    await plane.admin.createNamespace('carillon-system', labels)
    await plane.admin.apply(manifests, 'carillon-system')
  })
  after(() => plane[Symbol.asyncDispose]())

  test('is taken by the API server under strict validation, and again as it stands', async () => {
    await plane.admin.apply(manifests, 'carillon-system')
  })

  test('makes a pod that fits the restricted Pod Security Standard', async () => {
    const { metadata, spec } = podOf(manifests)
    const volumes = [...(spec.volumes ?? []), { name: 'data', emptyDir: {} }]
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, name: 'carillon-0' },
      spec: { ...spec, volumes },
    }
    const path = await plane.admin.path('v1', 'Pod', 'carillon-system')
    const { status, body } = await plane.admin.request('POST', `${path}?dryRun=All`, pod)
    assert.equal(status, 201, JSON.stringify(body))
  })

  test('gives the rights that are needed and no other', () => {
    const rules = (kind: string) => (find(manifests, kind) as unknown as { rules: Rule[] }).rules
    assert.deepEqual(
      [...spellOut(rules('ClusterRole')), ...spellOut(rules('Role'), 'carillon-system')].toSorted(),
      rights.toSorted(),
    )
    const file = (name: string) => parse(readFileSync(`${chart}/rbac/${name}.yaml`, 'utf8')) as Rule[]
    const families = ['sources/tekton', 'sources/konflux', 'sources/flux']
    const cluster = ['served', 'secrets', 'configmaps', 'service-refs', ...families, 'clusterrole']
    assert.deepEqual([rules('ClusterRole'), rules('Role')], [cluster.flatMap(file), file('role')])
  })

  test("gives the right to read two of Tekton's ConfigMaps only where it is told Tekton's namespace", async () => {
    const namespaced = (of: Manifest[]) => of.filter(({ kind }) => kind === 'Role' || kind === 'RoleBinding')
    const told = await render(await ensureTool('helm'), '--set=config.tekton.configNamespace=tekton-pipelines')
    const [role, binding, ...more] = namespaced(told).filter(
      ({ metadata }) => metadata.namespace === 'tekton-pipelines',
    )
    assert.deepEqual([namespaced(manifests).length, namespaced(told).length, more], [2, 4, []])
    assert.deepEqual(spellOut((role as unknown as { rules: Rule[] }).rules, 'tekton-pipelines').toSorted(), [
      'get /configmaps tekton-pipelines/config-defaults',
      'get /configmaps tekton-pipelines/config-events',
    ])
    const { roleRef, subjects } = binding as unknown as { roleRef: object; subjects: object[] }
    assert.deepEqual(roleRef, { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: role?.metadata.name })
    assert.deepEqual(subjects, [{ kind: 'ServiceAccount', name: 'carillon', namespace: 'carillon-system' }])
    const { data } = find(told, 'ConfigMap') as unknown as { data: Record<string, string> }
    const settings = readConfigFile(data['config.yaml'] ?? '')
    assert.ok(settings.ok)
    assert.deepEqual(settings.value['tekton-config-namespace'], ['tekton-pipelines'])
  })

  test('adds to the roles of Kubernetes: view reads, edit writes subscriptions, admin sinks', () => {
    const added = manifests.filter(({ kind, metadata }) => kind === 'ClusterRole' && /aggregate/.test(metadata.name))
    const told = added.map(({ metadata, rules }) => {
      const labels = Object.keys((metadata as unknown as { labels: object }).labels)
      return [labels.find((label) => label.startsWith('rbac.')), ...spellOut(rules as Rule[])]
    })
    const label = 'rbac.authorization.k8s.io/aggregate-to-'
    const write = 'create,update,patch,delete'
    assert.deepEqual(told.toSorted(), [
      [`${label}admin`, `${write} carillon.dev/eventsinks`],
      [`${label}edit`, `${write} carillon.dev/eventsubscriptions`],
      [`${label}view`, 'get,list,watch carillon.dev/eventsinks', 'get,list,watch carillon.dev/eventsubscriptions'],
    ])
  })

  test('lets teams do by these roles, in their namespace, what each is for and no more', async () => {
    await plane.admin.createNamespace('team-roles')
    await plane.admin.createNamespace('team-other')
    await plane.admin.apply(
      ['view', 'edit', 'admin'].map((role) => ({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: role },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: `${role}er` }],
      })),
      'team-roles',
    )
    const may = async (user: string, verb: string, resource: string, more: object = {}) => {
      const resourceAttributes = { verb, group: 'carillon.dev', resource, namespace: 'team-roles', ...more }
      const review = { spec: { user, groups: ['system:authenticated'], resourceAttributes } }
      const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
      const { status, body } = await plane.admin.request('POST', path, review)
      assert.equal(status, 201, JSON.stringify(body))
      return (body as { status: { allowed: boolean } }).status.allowed
    }
    // Before, so that what is allowed below is the chart's doing.
    assert.deepEqual(
      await Promise.all(teamRights.map(([user, verb, of]) => may(user, verb, of))),
      teamRights.map(() => false),
    )
    await aggregateRoles(plane.admin)
    // The API server's authoriser reads roles from its own watch.
    for (const end = Date.now() + 10_000; !(await may('adminer', 'create', 'eventsinks')); )
      assert.ok(Date.now() < end, 'the aggregated roles to count')
    for (const [user, verb, resource, allowed, more] of teamRights) {
      const what = `${user} ${verb} ${resource} ${JSON.stringify(more ?? {})}`
      assert.equal(await may(user, verb, resource, more), allowed, what)
    }
  })

  test('lets tokens of ServiceAccounts be made only where it is asked to', async () => {
    const told = await render(await ensureTool('helm'), '--set=rbac.serviceAccountTokens=true')
    const rules = (of: Manifest[]) => spellOut((find(of, 'ClusterRole') as unknown as { rules: Rule[] }).rules)
    const more = rules(told).filter((right) => !rules(manifests).includes(right))
    assert.deepEqual(more, ['get /serviceaccounts', 'create /serviceaccounts/token'])
  })

  const reviews: [allowed: boolean, verb: string, group: string, resource: string, more?: object][] = [
    [true, 'watch', 'carillon.dev', 'eventsinks'],
    [true, 'patch', 'carillon.dev', 'eventsubscriptions', { subresource: 'status', namespace: 'team-a' }],
    [true, 'list', 'tekton.dev', 'pipelineruns'],
    [true, 'get', '', 'secrets', { namespace: 'team-a', name: 'qe' }],
    [true, 'get', '', 'configmaps', { namespace: 'carillon-system', name: 'carillon-config' }],
    [true, 'watch', '', 'configmaps', { namespace: 'carillon-system', name: 'carillon-config' }],
    [false, 'patch', 'carillon.dev', 'eventsinks', { namespace: 'team-a' }],
    [false, 'update', 'carillon.dev', 'eventsinks', { subresource: 'status', namespace: 'team-a' }],
    [false, 'list', '', 'secrets', { namespace: 'team-a' }],
    [false, 'watch', '', 'secrets'],
    [true, 'get', '', 'configmaps', { namespace: 'team-a', name: 'company-ca' }],
    [false, 'list', '', 'configmaps', { namespace: 'team-a' }],
    [false, 'patch', '', 'configmaps', { namespace: 'carillon-system', name: 'another' }],
    [true, 'create', '', 'configmaps', { namespace: 'carillon-system', name: 'carillon-since-0' }],
    [true, 'patch', '', 'configmaps', { namespace: 'carillon-system', name: 'carillon-since-f' }],
    [false, 'patch', '', 'configmaps', { namespace: 'carillon-system', name: 'carillon-config' }],
    [false, 'create', '', 'configmaps', { namespace: 'carillon-system' }],
    [false, 'list', '', 'configmaps', { namespace: 'carillon-system' }],
    [true, 'create', 'coordination.k8s.io', 'leases', { namespace: 'carillon-system' }],
    [true, 'update', 'coordination.k8s.io', 'leases', { namespace: 'carillon-system', name: 'carillon' }],
    [false, 'delete', 'coordination.k8s.io', 'leases', { namespace: 'carillon-system', name: 'carillon' }],
    [false, 'update', 'coordination.k8s.io', 'leases', { namespace: 'kube-system', name: 'kube-scheduler' }],
    [false, 'patch', 'tekton.dev', 'pipelineruns', { namespace: 'team-a' }],
    [false, 'create', '', 'serviceaccounts', { subresource: 'token', namespace: 'team-a' }],
    [false, 'create', '', 'pods', { namespace: 'carillon-system' }],
  ]
  for (const [allowed, verb, group, resource, more = {}] of reviews) {
    test(`the operator ${allowed ? 'may' : 'may not'} ${verb} ${resource} ${JSON.stringify(more)}`, async () => {
      await using operator = new AdminClient(plane.url, plane.ca, plane.operatorToken)
      const { body } = await operator.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        spec: { resourceAttributes: { verb, group, resource, ...more } },
      })
      assert.equal((body as { status: { allowed: boolean } }).status.allowed, allowed, JSON.stringify(body))
    })
  }
})
