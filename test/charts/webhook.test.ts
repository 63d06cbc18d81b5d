import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { parse } from 'yaml'
import { readCommand } from '../../src/config/command.ts'
import { resolveConfig } from '../../src/config/config.ts'
import type { Manifest } from '../controlplane/admin.ts'
import { type ControlPlane, startControlPlane } from '../controlplane/controlplane.ts'
import { ensureTool } from '../controlplane/tools.ts'
import { chart, find, render } from './render.ts'

type Rule = { resources: string[]; resourceNames?: string[]; verbs: string[] }
type Webhook = { clientConfig: { service: object; caBundle?: string }; [field: string]: unknown }

const named = (manifests: Manifest[], kind: string, name: string) =>
  manifests.find((one) => one.kind === kind && one.metadata.name === name)

const webhookIn = (manifests: Manifest[]): Webhook =>
  (find(manifests, 'ValidatingWebhookConfiguration') as unknown as { webhooks: [Webhook] }).webhooks[0]

const rulesOf = (manifests: Manifest[], kind: string) => (find(manifests, kind) as unknown as { rules: Rule[] }).rules

suite("the chart's webhook", () => {
  let helm: string
  let plane: ControlPlane
  before(async () => {
    helm = await ensureTool('helm')
    plane = await startControlPlane()
    await plane.admin.createNamespace('carillon-system')
  })
  after(() => plane[Symbol.asyncDispose]())

  test('is not there unless it is wanted', async () => {
    const manifests = await render(helm)
    const text = JSON.stringify(manifests.filter(({ kind }) => kind !== 'CustomResourceDefinition'))
    assert.doesNotMatch(text, /webhook/i)
  })

  test('asks of what the install serves, and lets through what nobody answers', async () => {
    const { clientConfig, ...webhook } = webhookIn(await render(helm, '--set=webhook.enabled=true'))
    assert.deepEqual(clientConfig, {
      service: { name: 'carillon-webhook', namespace: 'carillon-system', path: '/admission', port: 443 },
    })
    assert.deepEqual(webhook, {
      name: 'admission.carillon.dev',
      rules: [
        {
          apiGroups: ['carillon.dev'],
          apiVersions: ['v1alpha1'],
          operations: ['CREATE', 'UPDATE'],
          resources: ['eventsinks', 'eventsubscriptions'],
          scope: 'Namespaced',
        },
      ],
      objectSelector: { matchExpressions: [{ key: 'carillon.dev/class', operator: 'DoesNotExist' }] },
      matchPolicy: 'Equivalent',
      sideEffects: 'None',
      failurePolicy: 'Ignore',
      timeoutSeconds: 5,
      admissionReviewVersions: ['v1'],
    })
  })

  test('is told of the class and namespaces that the install has', async () => {
    const values =
      'webhook.enabled=true,class=blue,config.watchNamespaces={team-a,platform},config.adminNamespaces={platform}'
    const { objectSelector, namespaceSelector } = webhookIn(await render(helm, `--set=${values}`))
    assert.deepEqual(objectSelector, { matchLabels: { 'carillon.dev/class': 'blue' } })
    assert.deepEqual(namespaceSelector, {
      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['team-a', 'platform'] }],
    })
  })

  test('gives the operator its names, a port that the Service finds, and rights to just these', async () => {
    const manifests = await render(helm, '--set=webhook.enabled=true,fullnameOverride=bells')
    const { spec } = find(manifests, 'StatefulSet') as unknown as {
      spec: { template: { spec: { containers: [{ args: string[]; ports: object[] }] } } }
    }
    const [{ args, ports }] = spec.template.spec.containers
    assert.deepEqual(ports.at(-1), { name: 'webhook', containerPort: 9443 })
    const command = readCommand(args, {})
    assert.ok(command.ok && command.value.name === 'run')
    const config = resolveConfig(command.value.settings)
    assert.ok(config.ok)
    const [name, configuration] = ['bells-webhook', 'carillon-system-bells']
    assert.deepEqual(config.value.webhook, { listen: { host: undefined, port: 9443 }, name, configuration, hosts: [] })
    const service = named(manifests, 'Service', name) as unknown as { spec: { ports: object[] } }
    assert.deepEqual(service.spec.ports, [{ name: 'https', port: 443, targetPort: 'webhook' }])
    assert.equal(named(manifests, 'Secret', name)?.data, undefined)
    assert.equal(find(manifests, 'ValidatingWebhookConfiguration').metadata.name, configuration)
    const [secrets] = rulesOf(manifests, 'Role').slice(-1)
    assert.deepEqual(
      [secrets?.resources, secrets?.resourceNames, secrets?.verbs],
      [['secrets'], [name], ['get', 'update']],
    )
    const [own] = rulesOf(manifests, 'ClusterRole').slice(-1)
    assert.deepEqual(
      [own?.resources, own?.resourceNames, own?.verbs],
      [['validatingwebhookconfigurations'], [configuration], ['get', 'patch']],
    )
    const without = await render(helm, '--set=fullnameOverride=bells')
    for (const kind of ['Role', 'ClusterRole'])
      assert.deepEqual(rulesOf(manifests, kind).slice(0, -1), rulesOf(without, kind))
    const file = (of: string) => parse(readFileSync(`${chart}/rbac/${of}.yaml`, 'utf8')) as Rule[]
    assert.deepEqual([file('webhook-role').length, file('webhook-clusterrole').length], [1, 1])
  })

  test('is taken by the API server, and an upgrade leaves what the operator has written', async () => {
    const manifests = await render(helm, '--set=webhook.enabled=true')
    await plane.admin.apply(manifests, 'carillon-system')
    const version = 'admissionregistration.k8s.io/v1'
    const kind = 'ValidatingWebhookConfiguration'
    const name = 'carillon-system-carillon'
    const path = await plane.admin.path(version, kind, undefined, name)
    const caBundle = Buffer.from(plane.ca).toString('base64')
    const patch = { webhooks: [{ name: 'admission.carillon.dev', clientConfig: { caBundle } }] }
    const type = { 'content-type': 'application/strategic-merge-patch+json' }
    assert.equal((await plane.admin.request('PATCH', `${path}?fieldManager=carillon`, patch, type)).status, 200)
    const secret = await plane.admin.path('v1', 'Secret', 'carillon-system', 'carillon-webhook')
    const { body } = await plane.admin.request('GET', secret)
    const data = { 'tls.crt': 'eA==' }
    assert.equal((await plane.admin.request('PUT', secret, { ...(body as object), data })).status, 200)
    await plane.admin.apply(
      await render(helm, '--set=webhook.enabled=true,webhook.timeoutSeconds=3'),
      'carillon-system',
    )
    const found = await plane.admin.get(version, kind, undefined, name)
    const [webhook] = (found as unknown as { webhooks: [Webhook] }).webhooks
    assert.deepEqual([webhook.clientConfig.caBundle, webhook.timeoutSeconds], [caBundle, 3])
    assert.deepEqual((await plane.admin.get('v1', 'Secret', 'carillon-system', 'carillon-webhook'))?.data, data)
  })
})
