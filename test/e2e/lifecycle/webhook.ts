import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import type { KubeObject } from '../../../src/api/object.ts'
import { accept, refuse } from '../../../src/api/verdict.ts'
import { connect } from '../../../src/kube/client.ts'
import { certificateKeeper } from '../../../src/operator/admission/keeper.ts'
import { lives } from '../../../src/operator/admission/renewal.ts'
import { serveAdmission } from '../../../src/operator/admission/server.ts'
import type { AdminClient, Answer } from '../../controlplane/admin.ts'
import { freePorts } from '../../controlplane/scratch.ts'
import { apiVersion, patienceMs, type Team, toLoopback } from '../fixture.ts'
import type { Scene } from './scene.ts'

export const namespace = 'carillon-system'
export const registration = 'admissionregistration.k8s.io/v1'
export const configurationKind = 'ValidatingWebhookConfiguration'
const dayMs = 86_400_000

/** What the chart makes for the webhook, by a URL where a cluster has a Service; its objects are those of class `name`. */
export async function install(admin: AdminClient, name: string, port: number, failurePolicy: string): Promise<void> {
  const rights = (file: string) => {
    const path = fileURLToPath(new URL(`../../../charts/carillon/rbac/${file}.yaml`, import.meta.url))
    return parse(readFileSync(path, 'utf8').replace(/\[carillon(-webhook)?\]/, `[${name}]`)) as object[]
  }
  const group = 'rbac.authorization.k8s.io'
  const subjects = [{ kind: 'ServiceAccount', name: 'carillon', namespace }]
  const rbac = (kind: string, rules: object) => ({
    apiVersion: `${group}/v1`,
    kind,
    metadata: { name, namespace },
    ...rules,
  })
  const binding = (kind: string) => ({ subjects, roleRef: { apiGroup: group, kind, name } })
  const cluster = { metadata: { name } }
  await admin.apply([
    { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } },
    rbac('Role', { rules: rights('webhook-role') }),
    rbac('RoleBinding', binding('Role')),
    { ...rbac('ClusterRole', { rules: rights('webhook-clusterrole') }), ...cluster },
    { ...rbac('ClusterRoleBinding', binding('ClusterRole')), ...cluster },
    {
      apiVersion: registration,
      kind: configurationKind,
      metadata: { name },
      webhooks: [
        {
          name: 'admission.carillon.dev',
          clientConfig: { url: `https://127.0.0.1:${port}/admission` },
          rules: [
            {
              apiGroups: ['carillon.dev'],
              apiVersions: ['v1alpha1'],
              operations: ['CREATE', 'UPDATE'],
              resources: ['eventsinks', 'eventsubscriptions'],
            },
          ],
          objectSelector: { matchLabels: { 'carillon.dev/class': name } },
          failurePolicy,
          timeoutSeconds: 5,
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    },
  ])
}

/** The authorities that the API server trusts, PEM. */
export const bundleOf = (configuration: KubeObject): string => {
  const [webhook] = (configuration as unknown as { webhooks: { clientConfig: { caBundle?: string } }[] }).webhooks
  return Buffer.from(webhook?.clientConfig.caBundle ?? '', 'base64').toString()
}

const reset = { webhooks: [{ name: 'admission.carillon.dev', clientConfig: { caBundle: null } }] }
const strategic = { 'content-type': 'application/strategic-merge-patch+json' }

/** The admission webhook, asked by the API server itself. */
export function webhook(scene: Scene): void {
  it('refuses at the door what would be stalled, mends what is taken away from it, and stands in nobody’s way', async () => {
    const { admin, stage } = scene
    const name = 'doors'
    const [port = 0] = await freePorts(1)
    const team = await stage.team(name, { class: name })
    await install(admin, name, port, 'Ignore')
    await team.subscription('old', { filter: 'nonsense' })
    const names = ['--webhook-name', name, '--webhook-configuration', name]
    const listens = ['--webhook-listen', `127.0.0.1:${port}`, '--webhook-host', '127.0.0.1']
    const operator = await stage.operator({ args: [...toLoopback, '--class', name, ...names, ...listens] })
    const configuration = await admin.path(registration, configurationKind, undefined, name)
    const told = (is: (bundle: string) => boolean, what: string) =>
      admin.waitFor(configuration, (one) => is(bundleOf(one)), { what, timeoutMs: patienceMs })

    const first = bundleOf(await told((bundle) => bundle !== '', 'an authority'))
    await refusing(team)
    const refused = await trial(team, 'EventSubscription', { sinks: [{ name: 'sink' }], filter: 'milestone.nam' })
    const { code, reason, message } = refused.body as { code: number; reason: string; message: string }
    assert.deepEqual([code, reason], [422, 'FilterInvalid'])
    assert.match(
      message,
      /^admission webhook "admission\.carillon\.dev" denied the request: filter: line 1, column 11: milestone has no/,
    )
    const metadata = await trial(team, 'EventSink', { http: { url: 'http://169.254.169.254/' } })
    assert.equal((metadata.body as { reason: string }).reason, 'AddressRefused')
    await team.sink()
    await team.subscription('new', { filter: 'milestone.name == "finished"' })
    await team.condition('EventSubscription', 'old', 'Stalled', { status: 'True', reason: 'FilterInvalid' })
    const path = await admin.path(apiVersion, 'EventSubscription', name, 'old')
    const merge = (body: object) =>
      admin.request('PATCH', path, body, { 'content-type': 'application/merge-patch+json' })
    for (const change of [{ metadata: { annotations: { a: 'b' } } }, { spec: { suspend: true } }])
      assert.equal((await merge(change)).status, 200)
    assert.equal((await merge({ spec: { filter: 'worse' } })).status, 422)

    // As a tool that writes what it was given over what is there.
    assert.equal((await admin.request('PATCH', configuration, reset, strategic)).status, 200)
    await told((bundle) => bundle === first, 'its authority again')
    const secret = await admin.path('v1', 'Secret', namespace, name)
    const emptied = await admin.request(
      'PATCH',
      secret,
      { data: null },
      { 'content-type': 'application/merge-patch+json' },
    )
    assert.equal(emptied.status, 200)
    await told((bundle) => bundle !== '' && !bundle.startsWith(first), 'another authority')
    await refusing(team)
    const { data } = (await admin.get('v1', 'Secret', namespace, name)) as unknown as { data: Record<string, string> }
    const key = Buffer.from(data['tls.key'] ?? '', 'base64').toString()
    assert.match(key, /PRIVATE KEY/)
    assert.ok(!JSON.stringify(operator.log).includes(key.split('\n')[1] ?? key))

    await operator.kill()
    await team.subscription('unseen', { filter: 'nonsense' })
  })

  it('renews certificate and authority while it is asked, and no request fails', async () => {
    const { admin, stage } = scene
    const name = 'renewed'
    const [port = 0] = await freePorts(1)
    const team = await stage.team(name, { class: name })
    await install(admin, name, port, 'Fail')
    const connected = await connect({ kubeconfig: stage.cp.kubeconfig('admin') })
    assert.ok(connected.ok)
    await using client = connected.value
    const log = { info: () => undefined, error: () => undefined }
    await using server = await serveAdmission({
      host: '127.0.0.1',
      port,
      // Both answers are ours: what is let through for want of an answer would not be told apart from what is right.
      review: (body) => {
        const { uid, object } = (body as { request: { uid: string; object: { spec: { filter?: string } } } }).request
        const refusal = object.spec.filter === 'nonsense' ? refuse('FilterInvalid', 'no') : undefined
        return accept({ uid, refusal, warnings: [] })
      },
      monotonic: () => 0,
      answered: () => undefined,
      log,
    })
    const begun = Date.now()
    let clock = begun - 250 * dayMs
    const certificates = new Set<string>()
    const check = certificateKeeper({
      ...{ client, namespace, secret: name, configuration: name, hosts: ['127.0.0.1'], lives, now: () => clock, log },
      serve(identity) {
        certificates.add(identity.cert)
        server.serve(identity)
      },
    })
    const configuration = await admin.path(registration, configurationKind, undefined, name)
    const bundle = async () => bundleOf((await admin.request('GET', configuration)).body as KubeObject)
    for (const days of [250, 189, 128, 67]) {
      clock = begun - days * dayMs
      await check()
    }
    const first = await bundle()
    await refusing(team)

    const asked = { answers: 0, wrong: [] as unknown[] }
    const stop = new AbortController()
    const asking = async (filter: string, expected: number) => {
      while (!stop.signal.aborted) {
        const { status, body } = await trial(team, 'EventSubscription', { sinks: [{ name: 'sink' }], filter })
        if (status !== expected) asked.wrong.push(body)
        asked.answers += 1
      }
    }
    // The API server keeps its connections; whoever trusts what the configuration says must get in by a new one, too.
    const knocking = async () => {
      while (!stop.signal.aborted) {
        const socket = connectTls({ host: '127.0.0.1', port, ca: await bundle() })
        await once(socket, 'secureConnect').catch((error) => asked.wrong.push(error))
        socket.destroy()
        asked.answers += 1
      }
    }
    const all = Promise.all([asking('true', 201), asking('nonsense', 422), knocking()])
    const minutes = 60_000
    const since = begun - 6 * dayMs
    for (const at of [since, since + 11 * minutes, since + 12 * minutes, since + 30 * minutes, begun]) {
      clock = at
      await check()
      const { answers } = asked
      while (asked.answers < answers + 30) await delay(5)
    }
    const renewed = await bundle()
    await admin.request(
      'PATCH',
      await admin.path('v1', 'Secret', namespace, name),
      { data: null },
      {
        'content-type': 'application/merge-patch+json',
      },
    )
    for (let round = 0; round < 3; round += 1) {
      await check()
      const { answers } = asked
      while (asked.answers < answers + 30) await delay(5)
    }
    clock += 30_000
    await check()
    stop.abort()
    await all
    assert.deepEqual(asked.wrong, [])
    assert.equal(certificates.size, 6)
    assert.ok(renewed !== '' && !renewed.includes(first) && !first.includes(renewed))
    const last = await bundle()
    assert.deepEqual([last.match(/BEGIN/g)?.length, last === renewed], [1, false])
    await admin.delete(registration, configurationKind, undefined, name)
  })
}

/** Applies by a dry run: what the API server answers. */
async function trial({ admin, namespace: of }: Team, kind: string, spec: object): Promise<Answer> {
  const metadata = { generateName: 'trial-', namespace: of, labels: { 'carillon.dev/class': of } }
  return admin.request('POST', `${await admin.path(apiVersion, kind, of)}?dryRun=All`, {
    apiVersion,
    kind,
    metadata,
    spec,
  })
}

/** Resolves once the API server asks: it takes up what a configuration says a moment after that was written. */
async function refusing(team: Team): Promise<void> {
  for (const end = Date.now() + patienceMs; ; await delay(50)) {
    const { status, body } = await trial(team, 'EventSubscription', { sinks: [{ name: 'sink' }], filter: 'nonsense' })
    if (status === 422) return
    assert.ok(Date.now() < end, `the webhook is not asked: ${status} ${JSON.stringify(body)}`)
  }
}
