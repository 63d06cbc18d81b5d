import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { AdminClient } from '../../controlplane/admin.ts'
import { rulesOf } from '../../controlplane/controlplane.ts'
import type { Received } from '../../controlplane/sink.ts'
import { metric, type OperatorProcess } from '../../operator/process.ts'
import { momentOf, patienceMs, run } from '../fixture.ts'
import type { Scene } from './scene.ts'

const group = 'rbac.authorization.k8s.io'

/** A namespace for an operator of its own, of a class, with the rights that the chart gives there, and the hand of its administrator. */
async function install(admin: AdminClient, className: string) {
  const namespace = `${className}-system`
  await admin.createNamespace(namespace)
  const rules = rulesOf('role', className)
  const subjects = [{ kind: 'ServiceAccount', name: 'carillon', namespace: 'carillon-system' }]
  const metadata = { name: 'carillon', namespace }
  const roleRef = { apiGroup: group, kind: 'Role', name: 'carillon' }
  await admin.apply([
    { apiVersion: `${group}/v1`, kind: 'Role', metadata, rules },
    { apiVersion: `${group}/v1`, kind: 'RoleBinding', metadata, roleRef, subjects },
  ])
  return {
    configure: (yaml: string) =>
      admin.apply({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'carillon-config', namespace },
        data: { 'config.yaml': yaml },
      }),
    forget: () => admin.delete('v1', 'ConfigMap', namespace, 'carillon-config'),
    /** Resolves with the core Event about the ConfigMap. */
    async told(reason: string, message: RegExp): Promise<string> {
      const path = `/api/v1/namespaces/${namespace}/events`
      type Note = { reason: string; message: string; involvedObject: { kind: string; name: string } }
      const isIt = (one: Note) =>
        one.reason === reason && message.test(one.message) && one.involvedObject.name === 'carillon-config'
      const found = await admin.waitFor(path, (one) => isIt(one as unknown as Note), {
        what: `Event ${reason} ${message}`,
      })
      return JSON.stringify(found)
    },
  }
}

async function metricIs(operator: OperatorProcess, name: string, label: string, isIt: (value: number) => boolean) {
  const end = Date.now() + patienceMs
  for (;;) {
    const value = await metric(operator, name, label)
    if (isIt(value)) return
    assert.ok(Date.now() < end, `${name} is ${value}`)
    await delay(50)
  }
}

/** What administrators write into carillon-config counts without a restart, as a whole or not at all. */
export function configuring(scene: Scene): void {
  it('opens and closes the door out, and holds and sends what waits, as carillon-config is edited', async () => {
    const { stage, admin } = scene
    const { configure, forget, told } = await install(admin, 'hot')
    await configure('logLevel: info\n')
    await using operator = await stage.operator({ args: ['--namespace', 'hot-system', '--class', 'hot'] })
    const team = await stage.team('hot', { class: 'hot' })
    const named = { url: team.server.url.replace('127.0.0.1', 'localhost') }
    await team.sink()
    await team.sink('named', named)
    await team.subscription('subscription', { sinks: [{ name: 'sink' }, { name: 'named' }] })
    await team.condition('EventSink', 'sink', 'Ready', { status: 'False', reason: 'AddressRefused' })
    await run(admin, team.namespace, 'one')
    await team.condition('EventSink', 'named', 'Delivering', { status: 'False', reason: 'AddressRefused' })
    assert.equal(team.server.received.length, 0)

    await configure('egress: {allowCidrs: [127.0.0.0/8, "::1/128"]}\n')
    await told('ConfigReloaded', /config.yaml counts/)
    await team.received(4)
    await team.condition('EventSink', 'sink', 'Ready', { status: 'True' })
    await team.condition('EventSink', 'named', 'Delivering', { status: 'True' })

    // A connection that is still open is not used any more.
    await forget()
    await team.condition('EventSink', 'sink', 'Ready', { status: 'False', reason: 'AddressRefused' })
    await run(admin, team.namespace, 'two')
    await team.condition('EventSink', 'named', 'Delivering', { status: 'False', reason: 'AddressRefused' })
    await team.counts('EventSink', 'sink', ({ pending }) => pending === 2)
    assert.equal(team.server.received.length, 4)

    await configure('egress: {allowCidrs: [127.0.0.0/8, "::1/128"]}\nclusterUri: https://elsewhere.example.com\n')
    await told('ConfigNeedsRestart', /^clusterUri: read at the start only/)
    await team.received(8)
    assert.deepEqual(
      [...new Set(team.server.received.map(momentOf))].sort(),
      ['one', 'two'].flatMap((name) => [`taskrun/${name} finished`, `taskrun/${name} started`]).sort(),
    )
    assert.ok(team.server.received.every(({ headers }) => !String(headers['ce-source']).includes('elsewhere')))
    assert.equal(await metric(operator, 'carillon_config_restart_needed'), 1)
    assert.equal(await metric(operator, 'carillon_config_reloads_total', 'result="ok"'), 3)
  })

  it('refuses a bad carillon-config as a whole, also when it starts anew, and says so without what is secret in it', async () => {
    const { stage, admin } = scene
    const { configure, told } = await install(admin, 'bad')
    const good = 'egress: {allowCidrs: [127.0.0.0/8]}\n'
    const bad =
      'egress: {allowCidrs: [], proxy: {url: "http://u:hunter2@p:3128"}, allowHosts: ["http://u:hunter2@p"]}\n'
    const root = mkdtempSync(join(tmpdir(), 'carillon-config-'))
    try {
      const start = (dataDir: string) =>
        stage.operator({ args: ['--namespace', 'bad-system', '--class', 'bad'], dataDir: join(root, dataDir) })
      await configure(good)
      const first = await start('a')
      const team = await stage.team('bad', { class: 'bad' })
      await team.subscribe()
      await configure(bad)
      const said = await told(
        'ConfigInvalid',
        /^refused as a whole, what was taken last stays: carillon-config: egress.allowHosts/,
      )
      await metricIs(first, 'carillon_config_last_reload_successful', '', (value) => value === 0)
      await run(admin, team.namespace, 'one')
      await team.received(2)
      const refusals = (operator: OperatorProcess) => operator.log.filter(({ msg }) => /refused as a whole/.test(msg))
      assert.equal(refusals(first).length, 1)
      assert.equal(await metric(first, 'carillon_config_reloads_total', 'result="refused"'), 1)
      await first.stop()

      const second = await start('a')
      await run(admin, team.namespace, 'two')
      await team.received(4)
      assert.equal(refusals(second).length, 1)
      assert.equal(await metric(second, 'carillon_config_last_reload_successful'), 0)
      assert.doesNotMatch(said + JSON.stringify([first.log, second.log]), /hunter2/)
      await configure(good)
      await metricIs(second, 'carillon_config_last_reload_successful', '', (value) => value === 1)
      await second.stop()

      await configure(bad)
      await assert.rejects(start('b'), /exited with 2.*carillon-config: egress\.allowHosts/s)
    } finally {
      rmSync(root, { recursive: true })
    }
  })

  it('reads carillon-config again when its turn comes, after it has waited for another instance', async () => {
    const { stage, admin } = scene
    const { configure } = await install(admin, 'turns')
    await configure('clusterUri: /clusters/before\n')
    const root = mkdtempSync(join(tmpdir(), 'carillon-turns-'))
    try {
      const start = (dataDir: string, standby: boolean) =>
        stage.operator({
          args: ['--namespace', 'turns-system', '--class', 'turns'],
          dataDir: join(root, dataDir),
          standby,
        })
      const first = await start('a', false)
      const second = await start('b', true)
      await configure('clusterUri: /clusters/after\nadminNamespaces: [turns]\n')
      await first.stop()
      await second.ready()
      const sources = [first, second].map(({ log }) => log.find(({ msg }) => msg === 'carillon runs')?.source)
      assert.deepEqual(sources, ['/clusters/before', '/clusters/after'])
      assert.equal(await metric(second, 'carillon_config_restart_needed'), 0)
      await second.stop()
    } finally {
      rmSync(root, { recursive: true })
    }
  })

  it('takes up admin namespaces, defaults for sinks and the rule for Secrets as they are given', {
    timeout: 180_000,
  }, async () => {
    const { stage, admin } = scene
    const { configure } = await install(admin, 'given')
    const loopback = ['--allow-cidr', '127.0.0.0/8']
    await using operator = await stage.operator({
      args: ['--namespace', 'given-system', '--class', 'given', ...loopback],
    })
    const team = await stage.team('given', { class: 'given' })
    await team.secret('plain', { token: 'a-token' }, {})
    await team.sink('sink', { auth: { bearer: { secretRef: { name: 'plain' } } } })
    await team.subscription()
    await team.condition('EventSink', 'sink', 'Ready', { status: 'False', reason: 'SecretNotLabelled' })
    await configure('secrets: {requireLabel: false}\n')
    await team.condition('EventSink', 'sink', 'Ready', { status: 'True' })
    await run(admin, team.namespace, 'one')
    const [request] = await team.received(2)
    const other = await stage.team('given-elsewhere', { labels: { of: 'given' } })
    await team.sink('wide')
    await team.subscription('wide', {
      sinks: [{ name: 'wide' }],
      namespaceSelector: { matchLabels: { of: 'given' } },
    })
    await team.condition('EventSubscription', 'wide', 'Ready', { reason: 'NamespaceSelectorNotAllowed' })
    await configure('adminNamespaces: [given]\nsecrets: {requireLabel: false}\n')
    await team.ready('wide')
    await run(admin, other.namespace, 'far')
    const isFar = (one: Received) => momentOf(one).startsWith('taskrun/far')
    await team.received((received) => received.filter(isFar).length === 2)
    await configure('secrets: {requireLabel: false}\n')
    await team.condition('EventSubscription', 'wide', 'Ready', { reason: 'NamespaceSelectorNotAllowed' })

    assert.equal(request?.headers.authorization, 'Bearer a-token')

    // What a sink says itself wins; with the rule back, the Secret without the label is used no more.
    await configure('defaults: {retry: {maxAge: 1s, initialDelay: 100ms}}\n')
    await team.condition('EventSink', 'sink', 'Ready', { status: 'False', reason: 'SecretNotLabelled' })
    team.server.behave({ kind: 'answer', status: 500 })
    await team.sink('silent')
    await team.sink('patient', {}, { retry: { maxAge: '72h' } })
    await team.subscription('subscription', { sinks: [{ name: 'silent' }, { name: 'patient' }] })
    await team.ready()
    await run(admin, team.namespace, 'two')
    await metricIs(operator, 'carillon_dead_letters_total', 'sink="given/silent"', (value) => value >= 2)
    assert.equal(await metric(operator, 'carillon_dead_letters_total', 'sink="given/patient"'), 0)
    assert.ok((await metric(operator, 'carillon_pending', 'sink="given/patient"')) >= 2)
  })
}
