// What the operator's own token is good for, request by request.

/** An install of the chart: all namespaces; only team-a, with platform as an admin namespace; all, but Tekton alone. */
export const installs = ['wide', 'few', 'tekton'] as const
export type Install = (typeof installs)[number]

export type Asked = { method: string; path: string; body?: object; headers?: Record<string, string> }

/** For whom it is allowed, and what is asked. `own` stands for the operator's own namespace. */
export type Row = [allowed: '' | 'all' | 'wide' | 'wide few' | 'wide tekton', asked: Asked]

const get = (path: string, headers?: Record<string, string>): Asked => ({
  method: 'GET',
  path,
  ...(headers && { headers }),
})
const dry = (path: string) => `${path}${path.includes('?') ? '&' : '?'}dryRun=All`
const post = (path: string, body: object): Asked => ({ method: 'POST', path: dry(path), body })
const put = (path: string, body: object): Asked => ({ method: 'PUT', path: dry(path), body })
const remove = (path: string): Asked => ({ method: 'DELETE', path: dry(path) })
const merge = (path: string, body: object): Asked => ({
  method: 'PATCH',
  path: dry(path),
  body,
  headers: { 'content-type': 'application/merge-patch+json' },
})
const apply = (path: string, body: object): Asked => ({
  method: 'PATCH',
  path: dry(`${path}?fieldManager=carillon&force=true`),
  body,
  headers: { 'content-type': 'application/apply-patch+yaml' },
})

const core = '/api/v1'
const carillon = '/apis/carillon.dev/v1alpha1'
const tekton = '/apis/tekton.dev/v1'
const rbac = '/apis/rbac.authorization.k8s.io/v1'
const leases = '/apis/coordination.k8s.io/v1/namespaces'
const within = (group: string, namespace: string, rest: string) => `${group}/namespaces/${namespace}/${rest}`

const sink = { apiVersion: 'carillon.dev/v1alpha1', kind: 'EventSink' }
const statusOf = (namespace: string) => ({
  ...sink,
  metadata: { name: 'qe', namespace },
  status: { observedGeneration: 1 },
})
const named = (apiVersion: string, kind: string, name: string, more: object = {}) => ({
  apiVersion,
  kind,
  metadata: { name },
  ...more,
})
const pod = named('v1', 'Pod', 'shell', { spec: { containers: [{ name: 'sh', image: 'sh' }] } })
const event = (namespace: string) =>
  named('v1', 'Event', 'qe.1', { involvedObject: { kind: 'EventSink', namespace, name: 'qe' } })
const binding = (kind: 'ClusterRoleBinding' | 'RoleBinding') =>
  named('rbac.authorization.k8s.io/v1', kind, 'more', {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'mallory' }],
  })
const role = (kind: 'ClusterRole' | 'Role') =>
  named('rbac.authorization.k8s.io/v1', kind, 'more', {
    rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['list'] }],
  })
const since = named('v1', 'ConfigMap', 'carillon-since-0', { data: { a: 'b' } })

export const rows: Row[] = [
  // What teams have declared.
  ['wide tekton', get(`${carillon}/eventsinks`)],
  ['wide tekton', get(`${carillon}/eventsubscriptions?watch=1&timeoutSeconds=1`)],
  ['all', get(within(carillon, 'team-a', 'eventsinks'))],
  ['all', get(within(carillon, 'platform', 'eventsubscriptions'))],
  ['wide tekton', get(within(carillon, 'team-b', 'eventsinks'))],
  ['', get(within(carillon, 'team-a', 'eventsinks/qe'))],
  ['', post(within(carillon, 'team-a', 'eventsinks'), { ...sink, metadata: { name: 'new' }, spec: {} })],
  ['', merge(within(carillon, 'team-a', 'eventsinks/qe'), { spec: { suspend: true } })],
  ['', merge(within(carillon, 'team-a', 'eventsinks/qe'), { metadata: { labels: { a: 'b' } } })],
  ['', merge(within(carillon, 'team-a', 'eventsinks/qe'), { metadata: { finalizers: ['carillon.dev/hold'] } })],
  ['', remove(within(carillon, 'team-a', 'eventsinks/qe'))],
  ['', remove(within(carillon, 'team-a', 'eventsubscriptions'))],
  ['all', apply(within(carillon, 'team-a', 'eventsinks/qe/status'), statusOf('team-a'))],
  ['wide tekton', apply(within(carillon, 'team-b', 'eventsinks/qe/status'), statusOf('team-b'))],
  ['', put(within(carillon, 'team-a', 'eventsinks/qe/status'), statusOf('team-a'))],
  // What is told of.
  ['wide tekton', get(`${tekton}/taskruns`)],
  ['all', get(within(tekton, 'team-a', 'pipelineruns'))],
  ['all', get(within(tekton, 'team-a', 'taskruns?watch=1&timeoutSeconds=1'))],
  ['wide tekton', get(within(tekton, 'team-b', 'taskruns'))],
  ['wide tekton', get(within(tekton, 'platform', 'taskruns'))],
  ['wide', get('/apis/helm.toolkit.fluxcd.io/v2/helmreleases')],
  ['wide few', get(within('/apis/helm.toolkit.fluxcd.io/v2', 'team-a', 'helmreleases'))],
  ['wide few', get(within('/apis/appstudio.redhat.com/v1alpha1', 'team-a', 'snapshots'))],
  ['wide few', get(within('/apis/konflux-ci.dev/v1alpha1', 'team-a', 'components'))],
  ['wide', get(within('/apis/appstudio.redhat.com/v1alpha1', 'team-b', 'releases'))],
  ['', get(within(tekton, 'team-a', 'tasks'))],
  ['', get(within('/apis/apps/v1', 'team-a', 'deployments'))],
  ['', post(within(tekton, 'team-a', 'taskruns'), named('tekton.dev/v1', 'TaskRun', 'new'))],
  ['', merge(within(tekton, 'team-a', 'taskruns/one'), { metadata: { annotations: { a: 'b' } } })],
  ['', merge(within(tekton, 'team-a', 'taskruns/one/status'), { status: {} })],
  ['', remove(within(tekton, 'team-a', 'taskruns/one'))],
  // Secrets and ConfigMaps: by name, where it serves.
  ['', get(`${core}/secrets`)],
  ['', get(`${core}/secrets?watch=1&timeoutSeconds=1`)],
  ['', get(within(core, 'team-a', 'secrets'))],
  ['', get(within(core, 'own', 'secrets'))],
  ['all', get(within(core, 'team-a', 'secrets/qe'))],
  ['wide tekton', get(within(core, 'team-b', 'secrets/qe'))],
  // Without rbac.secretNamespaces that holds for all namespaces: it is the label that keeps a sink from naming such a Secret.
  ['wide tekton', get(within(core, 'kube-system', 'secrets/any'))],
  ['', post(within(core, 'team-a', 'secrets'), named('v1', 'Secret', 'new'))],
  ['', merge(within(core, 'team-a', 'secrets/qe'), { metadata: { labels: { 'carillon.dev/credential': 'true' } } })],
  ['', remove(within(core, 'team-a', 'secrets/qe'))],
  ['', get(`${core}/configmaps`)],
  ['', get(within(core, 'team-a', 'configmaps'))],
  ['all', get(within(core, 'team-a', 'configmaps/company-ca'))],
  ['wide tekton', get(within(core, 'kube-system', 'configmaps/any'))],
  ['all', get(within(core, 'own', 'configmaps/carillon-config'))],
  ['', get(within(core, 'own', 'configmaps'))],
  ['', merge(within(core, 'own', 'configmaps/carillon-config'), { data: {} })],
  ['', post(within(core, 'own', 'configmaps'), named('v1', 'ConfigMap', 'new'))],
  ['all', apply(within(core, 'own', 'configmaps/carillon-since-0'), since)],
  ['', apply(within(core, 'team-a', 'configmaps/carillon-since-0'), since)],
  // Pods, Services and nodes.
  ['all', get(within(core, 'team-a', 'pods/receiver-0'))],
  ['wide tekton', get(within(core, 'team-b', 'services/receiver'))],
  ['all', get(within('/apis/discovery.k8s.io/v1', 'team-a', 'endpointslices'))],
  ['', get(within(core, 'team-a', 'pods'))],
  ['', get(within(core, 'team-a', 'pods/receiver-0/log'))],
  ['', post(within(core, 'team-a', 'pods/receiver-0/exec?command=sh'), {})],
  ['', get(within(core, 'team-a', 'services/receiver/proxy/'))],
  ['', post(within(core, 'own', 'pods'), pod)],
  ['', post(within(core, 'team-a', 'pods'), pod)],
  ['', get(`${core}/nodes`)],
  ['', get(`${core}/nodes/one/proxy/pods`)],
  // Namespaces.
  ['wide tekton', get(`${core}/namespaces`)],
  ['all', get(`${core}/namespaces?fieldSelector=metadata.name%3Dteam-a`)],
  ['all', get(`${core}/namespaces?fieldSelector=metadata.name%3Dplatform&watch=1&timeoutSeconds=1`)],
  ['wide tekton', get(`${core}/namespaces?fieldSelector=metadata.name%3Dteam-b`)],
  ['all', get(`${core}/namespaces/kube-system`)],
  ['wide tekton', get(`${core}/namespaces/team-b`)],
  ['', merge(`${core}/namespaces/team-a`, { metadata: { labels: { a: 'b' } } })],
  // Events and Leases.
  ['all', post(within(core, 'team-a', 'events'), event('team-a'))],
  ['all', post(within(core, 'own', 'events'), event('own'))],
  ['wide tekton', post(within(core, 'team-b', 'events'), event('team-b'))],
  ['', get(within(core, 'team-a', 'events'))],
  ['', remove(within(core, 'team-a', 'events/qe.1'))],
  ['all', post(`${leases}/own/leases`, named('coordination.k8s.io/v1', 'Lease', 'carillon'))],
  ['', put(`${leases}/own/leases/another`, named('coordination.k8s.io/v1', 'Lease', 'another'))],
  ['', remove(`${leases}/own/leases/carillon`)],
  ['', get(`${leases}/kube-system/leases`)],
  ['', post(`${leases}/kube-system/leases`, named('coordination.k8s.io/v1', 'Lease', 'kube-scheduler'))],
  // To be somebody else, or to become more.
  ['', get(`${core}/secrets`, { 'impersonate-user': 'admin', 'impersonate-group': 'system:masters' })],
  ['', get(`${core}/secrets`, { 'impersonate-user': 'system:serviceaccount:kube-system:default' })],
  ['', post(within(core, 'own', 'serviceaccounts/carillon/token'), { spec: { expirationSeconds: 31_536_000 } })],
  ['', post(within(core, 'team-a', 'serviceaccounts/default/token'), { spec: {} })],
  ['', get(within(core, 'team-a', 'serviceaccounts/default'))],
  ['', post(`${rbac}/clusterroles`, role('ClusterRole'))],
  ['', post(`${rbac}/clusterrolebindings`, binding('ClusterRoleBinding'))],
  ['', post(within(rbac, 'own', 'roles'), role('Role'))],
  ['', post(within(rbac, 'team-a', 'rolebindings'), binding('RoleBinding'))],
  ['', merge(`${rbac}/clusterroles/own-carillon`, { rules: role('ClusterRole') })],
  ['', get(`${rbac}/clusterroles`)],
  ['', post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 'x' } })],
  ['', post('/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec: { user: 'x' } })],
  ['', post('/apis/certificates.k8s.io/v1/certificatesigningrequests', {})],
  ['', get('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations')],
  ['', merge('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/eventsinks.carillon.dev', {})],
  ['', get('/metrics')],
  ['', get('/logs')],
]
