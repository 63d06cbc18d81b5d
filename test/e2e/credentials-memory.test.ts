// Secrets of a megabyte, by the dozen, against an operator with the heap of the chart.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { certificate } from '../delivery/certificates.ts'
import { conditionsOf, type Stage, startStage, type Team, toLoopback } from './fixture.ts'
import { allow } from './lifecycle/secrets.ts'

const secretsPerSink = 32
/** A Secret may have 1 MiB of data. */
const junk = 'x'.repeat(1024 * 1024 - 100)
/** Certificates of a namespace are bounded, too. */
const refused = ['TooManyCertificates', 'CertificatesThrottled']

describe('Secrets of a megabyte', { timeout: 300_000 }, () => {
  const resources = new AsyncDisposableStack()
  let stage: Stage
  before(async () => {
    stage = resources.use(await startStage({ watchCache: false }))
  })
  after(() => resources.disposeAsync())

  /** While an operator runs, with the flags of the chart. */
  async function withOperator(act: () => Promise<void>): Promise<void> {
    await using operator = await stage.operator({ args: toLoopback })
    const ended = operator.exited.then(({ how, errors }) => {
      const why = errors.filter((line) => line.includes('FATAL ERROR'))
      return Promise.reject(new Error(`the operator ended (${how}): ${why.join()}`))
    })
    ended.catch(() => undefined)
    await Promise.race([act(), ended])
    assert.equal(await operator.stop(), 'exited with 0')
  }

  /** So many sinks, each with as many headers as a sink may have, each from a Secret of its own. */
  async function sinks(team: Team, count: number, labels?: Record<string, string>): Promise<void> {
    for (let sink = 0; sink < count; sink += 1) {
      const names = Array.from({ length: secretsPerSink }, (_, at) => `s${sink}-${at}`)
      for (const name of names) await team.secret(name, { key: `value of ${name}`, junk }, labels)
      const headers = names.map((name, at) => ({
        name: `X-${at}`,
        valueFrom: { secretKeyRef: { name, key: 'key' } },
      }))
      await team.sink(`sink-${sink}`, { headers })
    }
  }

  it('are no more than what is used of them, with the label and without', () =>
    withOperator(async () => {
      const labelled = await stage.team('labelled')
      await sinks(labelled, 2)
      const plain = await stage.team('plain')
      await sinks(plain, 2, {})
      for (const sink of ['sink-0', 'sink-1']) {
        await labelled.condition('EventSink', sink, 'Ready', { status: 'True' })
        await plain.condition('EventSink', sink, 'Ready', { reason: 'SecretNotLabelled' })
      }
      // All once more, with what was remembered and what is read anew.
      for (const team of [labelled, plain]) for (const sink of ['sink-0', 'sink-1']) await team.ask('EventSink', sink)
    }))

  it('with certificates between comments are held no longer than they are read', () =>
    withOperator(async () => {
      await allow(stage.admin, 'configmaps')
      const team = await stage.team('certificates')
      const root = { name: 'Test CA', ...certificate({ name: 'Test CA', ca: true }) }
      const own = certificate({ name: 'carillon' }, root)
      const names = Array.from({ length: 50 }, (_, at) => `sink-${at}`)
      for (const name of names) {
        const among = (pem: string, bytes: number) => `# ${name} ${'x'.repeat(bytes)}\n${pem}`
        await team.secret(name, {
          'ca.crt': among(root.cert, 500_000),
          'tls.crt': among(own.cert, 250_000),
          'tls.key': among(own.key, 250_000),
        })
        const data = { 'ca.crt': among(root.cert, 500_000) }
        const metadata = { name, namespace: team.namespace }
        await stage.admin.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data })
        await team.sink(name, { url: 'https://127.0.0.1:1/', certSecretRef: { name }, caConfigMapRef: { name } })
      }
      // Those for whose certificates there is no room say so.
      const judged = (object: KubeObject) =>
        conditionsOf(object).some(({ type, reason }) => type === 'Ready' && ['Ready', ...refused].includes(reason))
      for (const name of names) await team.until('EventSink', name, 'to be judged', judged)
    }))
})
