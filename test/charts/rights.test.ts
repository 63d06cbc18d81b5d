// What the operator's own token can do, and what it can not, as the chart gives it its rights.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { AdminClient, Manifest } from '../controlplane/admin.ts'
import { type ControlPlane, startControlPlane } from '../controlplane/controlplane.ts'
import { startSink } from '../controlplane/sink.ts'
import { installTekton } from '../controlplane/tekton.ts'
import { ensureTool } from '../controlplane/tools.ts'
import { conditionsOf } from '../e2e/fixture.ts'
import { startOperator } from '../operator/process.ts'
import { familyOff } from './families.ts'
import { find, render } from './render.ts'
import { type Asked, type Install, installs, rows } from './requests.ts'

const values: Record<Install, string[]> = {
  wide: ['--set=networkPolicy.enabled=true,webhook.enabled=true'],
  few: [
    '--set=config.watchNamespaces={team-a},config.adminNamespaces={platform},config.egress.allowCidrs={127.0.0.0/8},networkPolicy.enabled=true',
  ],
  tekton: ['--set=config.sources={tekton}'],
}
const namespaceOf = (install: Install) => `carillon-${install}`
const group = 'rbac.authorization.k8s.io'

suite('what the operator may do', () => {
  let plane: ControlPlane
  let helm: string
  const rendered = new Map<Install, Manifest[]>()
  let agent: Agent
  const tokens = new Map<Install, string>()

  /** One request with the operator's own token; a watch is read to its end. */
  const ask = async (install: Install, { method, path, body, headers }: Asked) => {
    const answer = await request(new URL(path, plane.url), {
      method: method as 'GET',
      dispatcher: agent,
      headers: { authorization: `Bearer ${tokens.get(install)}`, 'content-type': 'application/json', ...headers },
      body: body === undefined ? null : JSON.stringify(body),
    })
    return { status: answer.statusCode, text: await answer.body.text() }
  }

  const renderIn = (install: Install, ...args: string[]) =>
    render(helm, `--namespace=${namespaceOf(install)}`, ...values[install], ...args)

  const tokenOf = async (namespace: string, account: string): Promise<string> => {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`
    const { body, status } = await plane.admin.request('POST', path, { spec: { expirationSeconds: 3600 } })
    assert.equal(status, 201, JSON.stringify(body))
    return (body as { status: { token: string } }).status.token
  }

  /** A kubeconfig with the operator's own token. */
  const kubeconfigOf = async (install: Install, server = plane.url): Promise<string> => {
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': btoa(plane.ca) } }],
      users: [{ name: 'u', user: { token: await tokenOf(namespaceOf(install), 'carillon') } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'c',
    }
    const path = join(plane.directory, `${install}.json`)
    writeFileSync(path, JSON.stringify(config), { mode: 0o600 })
    return path
  }

  const argsOf = (install: Install): string[] => {
    const { template } = find(rendered.get(install) ?? [], 'StatefulSet').spec as Workload
    return template.spec.containers[0]?.args.filter((arg) => arg !== 'run' && !/^--(data-dir|listen)=/.test(arg)) ?? []
  }

  before(async () => {
    helm = await ensureTool('helm')
    plane = await startControlPlane()
    agent = new Agent({ connect: { ca: plane.ca } })
    for (const namespace of ['team-a', 'team-b', 'platform', ...installs.map(namespaceOf)])
      await plane.admin.createNamespace(namespace)
    for (const install of installs) {
      const manifests = await renderIn(install)
      rendered.set(install, manifests)
      const isCrd = ({ kind }: Manifest) => kind === 'CustomResourceDefinition'
      if (install === 'wide') await plane.admin.apply(manifests.filter(isCrd))
      await plane.admin.apply(
        manifests.filter((one) => !isCrd(one)),
        namespaceOf(install),
      )
      tokens.set(install, await tokenOf(namespaceOf(install), 'carillon'))
    }
    await installTekton(plane.admin)
    const sinkOf = (namespace: string): Manifest => ({
      apiVersion: 'carillon.dev/v1alpha1',
      kind: 'EventSink',
      metadata: { name: 'qe', namespace },
      spec: { http: { url: 'https://qe.example.com' }, suspend: true },
    })
    await plane.admin.apply([sinkOf('team-a'), sinkOf('team-b')])
    // What is served since a moment ago is answered with 429 until it is read from the storage.
    for (const kind of [
      'carillon.dev/v1alpha1/eventsubscriptions',
      'tekton.dev/v1/taskruns',
      'tekton.dev/v1/pipelineruns',
    ])
      while ((await plane.admin.request('GET', `/apis/${kind}`)).status === 429) await delay(50)
  })
  after(async () => {
    await agent.close()
    await plane[Symbol.asyncDispose]()
  })

  for (const install of installs)
    test(`its own token, request by request: ${install}`, async () => {
      const wrong: string[] = []
      const own = namespaceOf(install)
      for (const [allowed, asked] of rows) {
        const path = asked.path
          .replace('namespaces/own/', `namespaces/${own}/`)
          .replace('own-carillon', `${own}-carillon`)
        const body = asked.body && JSON.parse(JSON.stringify(asked.body).replaceAll('"own"', JSON.stringify(own)))
        const { status, text } = await ask(install, { ...asked, path, body })
        const may = allowed === 'all' || allowed.split(' ').includes(install)
        // What is not there, or not served, was let through to be looked for.
        const isDone = (status >= 200 && status < 300) || status === 404
        if (may ? !isDone : status !== 403)
          wrong.push(`${may ? 'may' : 'may not'} ${asked.method} ${path}: ${status} ${text.slice(0, 300)}`)
      }
      assert.deepEqual(wrong, [])
      assert.ok(rows.length >= 90, String(rows.length))
    })

  test('with rbac.secretNamespaces Secrets are read there and nowhere else', async () => {
    const manifests = await renderIn('tekton', '--set=rbac.secretNamespaces={team-b}')
    const isRights = ({ kind }: Manifest) => /Role(Binding)?$/.test(kind)
    await plane.admin.apply(manifests.filter(isRights), namespaceOf('tekton'))
    const statusOf = async (path: string) => (await ask('tekton', { method: 'GET', path })).status
    assert.equal(await statusOf('/api/v1/namespaces/team-a/secrets/qe'), 403)
    assert.equal(await statusOf('/api/v1/namespaces/team-b/secrets/qe'), 404)
    assert.equal(await statusOf('/api/v1/namespaces/team-b/secrets'), 403)
  })

  test('with some namespaces only, it serves those, and nothing is forbidden to it that it asks for', {
    timeout: 120_000,
  }, async () => {
    const { admin } = plane
    await using sink = await startSink()
    const kubeconfig = await kubeconfigOf('few')
    await using operator = await startOperator({ kubeconfig: () => kubeconfig }, { args: argsOf('few') })

    await admin.mergePatch('v1', 'Namespace', undefined, 'team-a', { metadata: { labels: { told: 'yes' } } })
    const subscription = (namespace: string, more: string) => `
apiVersion: carillon.dev/v1alpha1
kind: EventSink
metadata: {name: told, namespace: ${namespace}}
spec: {http: {url: "${sink.url}/${namespace}"}}
---
apiVersion: carillon.dev/v1alpha1
kind: EventSubscription
metadata: {name: runs, namespace: ${namespace}}
spec: {sinks: [{name: told}], ${more}}
`
    await admin.apply(subscription('team-a', 'startFrom: Earliest'))
    await admin.apply(subscription('platform', 'startFrom: Earliest, namespaceSelector: {matchLabels: {told: "yes"}}'))
    await admin.apply(subscription('team-b', 'startFrom: Earliest'))
    const spec = { taskSpec: { steps: [{ name: 'say', image: 'none' }] } }
    for (const namespace of ['team-b', 'team-a'])
      await admin.create({ apiVersion: 'tekton.dev/v1', kind: 'TaskRun', metadata: { name: 'one' }, spec }, namespace)
    await admin.patchStatus('tekton.dev/v1', 'TaskRun', 'team-a', 'one', {
      podName: 'one-pod',
      startTime: new Date().toISOString(),
      conditions: [{ type: 'Succeeded', status: 'Unknown', reason: 'Running' }],
    })
    const received = await sink.waitFor((all) => new Set(all.map(({ path }) => path)).size > 1, {
      what: 'events for both',
    })
    assert.deepEqual([...new Set(received.map(({ path }) => path))].toSorted(), ['/platform', '/team-a'])
    const { uid } = (await admin.get('v1', 'Namespace', undefined, 'kube-system'))?.metadata ?? {}
    for (const { headers } of received) assert.equal(headers['ce-source'], `/clusters/${uid}/namespaces/team-a/tekton`)

    const path = (namespace: string) => admin.path('carillon.dev/v1alpha1', 'EventSubscription', namespace, 'runs')
    for (const namespace of ['team-a', 'platform'])
      await admin.waitFor(
        await path(namespace),
        (one) => conditionsOf(one).some(({ type, status }) => type === 'Ready' && status === 'True'),
        { what: `${namespace} to be ready` },
      )
    const { body } = await admin.request('GET', await path('team-b'))
    assert.deepEqual((body as { status?: unknown }).status, { observedGeneration: -1 })
    const refused = operator.log.filter((line) => JSON.stringify(line).includes('forbidden'))
    assert.deepEqual(refused, [])
  })

  test('with some sources only, nothing is asked of the others, and who names one is told', { timeout: 120_000 }, () =>
    familyOff({ plane, agent, args: argsOf('tekton'), kubeconfig: (server) => kubeconfigOf('tekton', server) }),
  )

  test('the roles of Kubernetes have it added: view reads, edit writes subscriptions, admin sinks', async () => {
    const { admin } = plane
    await aggregate(admin)
    const may = async (role: string, verb: string, resource: string, namespace = 'team-a') => {
      const resourceAttributes = { verb, group: 'carillon.dev', resource, namespace }
      const { body } = await admin.request('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        spec: { user: `${role}-of-a`, resourceAttributes },
      })
      return (body as { status: { allowed: boolean } }).status.allowed
    }
    const allowed = []
    for (const role of ['view', 'edit', 'admin']) {
      await admin.apply({
        apiVersion: `${group}/v1`,
        kind: 'RoleBinding',
        metadata: { name: role, namespace: 'team-a' },
        roleRef: { apiGroup: group, kind: 'ClusterRole', name: role },
        subjects: [{ kind: 'User', apiGroup: group, name: `${role}-of-a` }],
      })
      for (const resource of ['eventsinks', 'eventsubscriptions', 'eventsinks/status'])
        for (const verb of ['list', 'create', 'delete'])
          if (await may(role, verb, resource)) allowed.push(`${role} ${verb} ${resource}`)
      assert.equal(await may(role, 'list', 'eventsinks', 'team-b'), false)
    }
    const subscriptions = ['list', 'create', 'delete'].map((verb) => `${verb} eventsubscriptions`)
    assert.deepEqual(allowed, [
      ...['view list eventsinks', 'view list eventsubscriptions', 'edit list eventsinks'],
      ...subscriptions.map((one) => `edit ${one}`),
      ...['admin list eventsinks', 'admin create eventsinks', 'admin delete eventsinks'],
      ...subscriptions.map((one) => `admin ${one}`),
    ])
  })

  test('with metrics.auth, /metrics is for tokens of accounts that are bound to the reader, and for no other', {
    timeout: 120_000,
  }, async () => {
    const { admin } = plane
    await admin.apply({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'prometheus', namespace: 'platform' },
    })
    const token = await tokenOf('platform', 'prometheus')
    const own = 'carillon-system'
    const manifests = await render(helm, '--set=metrics.auth=true')
    const named = (name: string) =>
      manifests.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === name)
    await admin.createNamespace(own)
    await admin.apply(
      manifests.filter(({ kind }) => /Role(Binding)?$|^ServiceAccount$/.test(kind)),
      own,
    )
    await using operator = await startOperator(plane, { args: ['--metrics-auth=true', `--namespace=${own}`] })
    const scrape = async (bearer?: string) => {
      const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
      const response = await fetch(`${operator.health}/metrics`, { headers })
      return [response.status, await response.text()] as const
    }
    assert.equal((await scrape())[0], 401)
    assert.equal((await scrape('rubbish'))[0], 401)
    const expired = token.replace(/\.[^.]*$/, '.AAAA')
    assert.equal((await scrape(expired))[0], 401)
    // The operator's own account may ask, and still not read.
    const [status, text] = await scrape(plane.operatorToken)
    assert.equal(status, 403, text)
    assert.match(text, /^system:serviceaccount:carillon-system:carillon may not get the path \/metrics: bind it to/)
    const name = 'carillon-system-carillon-metrics-reader'
    assert.deepEqual(named(name)?.rules, [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }])
    await admin.apply({
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'scrape' },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name: 'prometheus', namespace: 'platform' }],
    })
    const [allowed, metrics] = await scrape(token)
    assert.deepEqual([allowed, /^carillon_watch_events_total/m.test(metrics)], [200, true])
    for (const path of ['/healthz', '/readyz']) assert.equal((await fetch(`${operator.health}${path}`)).status, 200)
    const log = JSON.stringify(operator.log)
    assert.ok(!log.includes(token) && !log.includes('rubbish'))
  })
})

type Workload = { template: { spec: { containers: { args: string[] }[] } } }

type ClusterRole = Manifest & {
  rules?: object[]
  aggregationRule?: { clusterRoleSelectors: { matchLabels: object }[] }
}

/** What kube-controller-manager does, which does not run here: puts the rules of those that a ClusterRole selects by labels into it. */
async function aggregate(admin: AdminClient): Promise<void> {
  for (const name of ['view', 'edit', 'admin']) {
    const roles = (await admin.list(`${group}/v1`, 'ClusterRole')) as unknown as ClusterRole[]
    const selectors = roles.find(({ metadata }) => metadata.name === name)?.aggregationRule?.clusterRoleSelectors ?? []
    const isSelected = ({ metadata }: ClusterRole) =>
      selectors.some(({ matchLabels }) =>
        Object.entries(matchLabels).every(
          ([key, value]) => (metadata.labels as Record<string, string>)?.[key] === value,
        ),
      )
    const rules = roles.filter(isSelected).flatMap((role) => role.rules ?? [])
    await admin.mergePatch(`${group}/v1`, 'ClusterRole', undefined, name, { rules })
  }
}
