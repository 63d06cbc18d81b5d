import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parse, parseAllDocuments } from 'yaml'
import type { AdminClient, Manifest } from '../../controlplane/admin.ts'
import { applyOperatorRights } from '../../controlplane/controlplane.ts'
import { at, conditionsOf, createRun, ended, patienceMs, running, toLoopback, typeOf, writeStatus } from '../fixture.ts'
import type { Scene } from './scene.ts'

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))
const run = promisify(execFile)
const group = 'rbac.authorization.k8s.io'
const tekton = 'tekton-pipelines'

/** As the chart does with config.tekton.configNamespace. */
async function allowReading(admin: AdminClient): Promise<void> {
  const rules = parse(readFileSync(new URL('../../../charts/carillon/rbac/tekton-role.yaml', import.meta.url), 'utf8'))
  const make = (kind: string, more: object): Manifest => ({
    apiVersion: `${group}/v1`,
    kind,
    metadata: { name: 'carillon', namespace: tekton },
    ...more,
  })
  const subjects = [{ kind: 'ServiceAccount', name: 'carillon', namespace: 'carillon-system' }]
  const roleRef = { apiGroup: group, kind: 'Role', name: 'carillon' }
  await admin.apply([make('Role', { rules }), make('RoleBinding', { subjects, roleRef })])
}

const configure = (admin: AdminClient, map: string, data: object) =>
  admin.mergePatch('v1', 'ConfigMap', tekton, map, { data })

const kinds = ['TaskRun', 'PipelineRun', 'CustomRun'] as const

/** A run that waits, runs and ends, as Tekton's controllers write it. */
async function play(admin: AdminClient, namespace: string, kind: (typeof kinds)[number], status: 'True' | 'False') {
  const name = `${kind.toLowerCase()}-${status.toLowerCase()}`
  await createRun(admin, namespace, name, { kind })
  const waits = { type: 'Succeeded', status: 'Unknown', reason: 'Pending', message: '', lastTransitionTime: at() }
  await writeStatus(admin, namespace, name, { conditions: [waits] }, kind)
  await writeStatus(admin, namespace, name, running(), kind)
  await writeStatus(admin, namespace, name, ended({ status, reason: status === 'True' ? 'Succeeded' : 'Failed' }), kind)
}

/** What comes of settings of Tekton's own. */
export function importing(scene: Scene): void {
  it("sends what Tekton sends, by Tekton's own settings, and warns as long as both do", async () => {
    const { stage, admin } = scene
    const team = await stage.team('imported', { class: 'imported' })
    await admin.createNamespace('import-admins')
    await applyOperatorRights(stage.cp, 'imported')
    const watching = ['--admin-namespace', 'import-admins', '--tekton-config-namespace', tekton]
    const operator = await stage.operator({ args: [...toLoopback, '--class', 'imported', ...watching] })
    const url = `${team.server.url}/from-tekton`
    await configure(admin, 'config-events', { sink: `${url}?token=t0ken` })

    const args = ['import', 'tekton-config', '--into', 'import-admins', '--kubeconfig', stage.cp.kubeconfig('admin')]
    const made = await run(process.execPath, [main, ...args])
    assert.match(made.stderr, /^to do: While Tekton's own sink is set every event comes twice/m)
    assert.doesNotMatch(made.stderr, /t0ken/)
    const [sink, subscription] = parseAllDocuments(made.stdout).map((document) => document.toJS() as Manifest)
    assert.ok(sink && subscription)
    // Runs of other tests stay out.
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': 'imported' } }
    const labels = { 'carillon.dev/class': 'imported' }
    await admin.apply([
      { ...sink, metadata: { ...sink.metadata, labels } },
      {
        ...subscription,
        metadata: { ...subscription.metadata, labels },
        spec: { ...(subscription.spec as object), namespaceSelector },
      },
    ])
    const path = await admin.path('carillon.dev/v1alpha1', 'EventSubscription', 'import-admins', 'tekton')
    const until = (what: string, status: 'True' | undefined, type = 'DuplicateSender') =>
      admin.waitFor(path, (one) => conditionsOf(one).find((other) => other.type === type)?.status === status, {
        what,
        timeoutMs: patienceMs,
      })
    await until('the imported subscription to be ready', 'True', 'Ready')

    // Nothing may be read yet: nobody is warned, and all goes on.
    const unread = () => operator.log.filter(({ msg }) => /^Tekton's own sink can't be read/.test(msg)).length
    const end = Date.now() + patienceMs
    while (unread() === 0 && Date.now() < end) await delay(50)
    await allowReading(admin)
    const ask = (value: string) =>
      admin.mergePatch('carillon.dev/v1alpha1', 'EventSubscription', 'import-admins', 'tekton', {
        metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': value } },
      })
    await ask('once')
    const warned = await until('the warning', 'True')
    const [condition] = conditionsOf(warned).filter(({ type }) => type === 'DuplicateSender')
    assert.equal(condition?.reason, 'TektonSinkSet')
    assert.match(
      condition?.message ?? '',
      /to the address of EventSink import-admins\/tekton: every event comes there twice/,
    )
    assert.doesNotMatch(condition?.message ?? '', /t0ken|127\.0\.0\.1/)
    await admin.waitFor('/api/v1/namespaces/import-admins/events', ({ reason }) => reason === 'TektonSinkSet', {
      what: 'a core Event',
    })

    for (const kind of kinds)
      for (const status of ['True', 'False'] as const) await play(admin, 'imported', kind, status)
    const words = ['queued', 'started', 'running', 'unknown', 'successful', 'failed']
    const expected = kinds.flatMap((kind) =>
      words
        .filter((word) => kind !== 'CustomRun' || !['queued', 'unknown'].includes(word))
        .map((word) => `dev.tekton.event.${kind.toLowerCase()}.${word}.v1`),
    )
    const typesOf = () => new Set(team.server.received.map(typeOf))
    await team.received(() => expected.every((type) => typesOf().has(type)), 'every type that Tekton has')
    assert.deepEqual([...typesOf()].sort(), expected.sort())
    for (const { headers, path: to } of team.server.received) {
      assert.match(String(headers['ce-source']), /^\/apis\/\/\/namespaces\/imported\/\/(task|pipeline|custom)run-/)
      assert.equal(to, '/from-tekton?token=t0ken')
    }

    await configure(admin, 'config-events', { sink: '' })
    await ask('twice')
    await until('the warning to go', undefined)
    assert.equal(unread(), 1)
    await operator.stop()
  })
}
