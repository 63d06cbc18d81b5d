import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Received, startSink } from '../../controlplane/sink.ts'
import { certificate } from '../../delivery/certificates.ts'
import { listen } from '../../delivery/sockets.ts'
import type { OperatorProcess } from '../../operator/process.ts'
import { run, toLoopback } from '../fixture.ts'
import type { Scene } from './scene.ts'

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

/** What the program says, beside the operator. */
const carillon = ({ dataDir }: OperatorProcess, ...words: string[]): Promise<string> =>
  new Promise((resolve) => {
    const env = { PATH: process.env.PATH, CARILLON_DATA_DIR: dataDir }
    execFile(process.execPath, [main, ...words], { env, timeout: 60_000 }, (_, stdout, stderr) =>
      resolve(stdout + stderr),
    )
  })

/** What becomes of credentials that are wrong, and where none of them are found. */
export function canaries(scene: Scene): void {
  it('says what a token URL answers instead of a token, and what is wrong with certificates; what waits goes once that is right', async () => {
    const { stage, admin } = scene
    const team = await stage.team('mending')
    const endpoint = await startSink({ behaviour: { kind: 'hang' } })
    try {
      const of = (body: string, status = 200) =>
        endpoint.behave({ kind: 'answer', status, headers: { 'content-type': 'application/json' }, body })
      await team.secret('client', { 'client-id': 'me', 'client-secret': 'client-secret-kPz3' })
      const tokenURL = `${endpoint.url}/token`
      await team.sink('sink', { auth: { oauth2: { tokenURL, secretRef: { name: 'client' } } } })
      await team.subscription()
      const problem = (message: RegExp) =>
        team.condition('EventSink', 'sink', 'Ready', { status: 'False', reason: 'TokenUnavailable', message })
      await problem(
        /^The token URL of http\.auth\.oauth2 (has not answered yet|could not be asked: No answer within 10 s)\.$/,
      )
      await run(admin, team.namespace, 'build')
      await problem(/No answer within 10 s/)
      of('<html>log in</html>')
      await team.ask('EventSink', 'sink')
      await problem(/answered with no JSON object: is it a token endpoint\?/)
      of('{"access_token":"a b"}')
      await team.ask('EventSink', 'sink')
      await problem(/without a usable access_token/)
      of('{"error":"invalid_client"}', 401)
      await team.ask('EventSink', 'sink')
      await problem(/401 \(invalid_client\): look at client-id and client-secret of Secret client/)
      of(JSON.stringify({ access_token: 'tok-Wm5q', expires_in: 3600 }))
      await team.ask('EventSink', 'sink')
      const received = await team.received(2)
      assert.equal(received[0]?.headers.authorization, 'Bearer tok-Wm5q')
      await team.ready()

      // The same sink, now by a certificate of its own.
      const [from, to] = [new Date(Date.now() - 7_200_000), new Date(Date.now() - 3_600_000)]
      const [ended, good] = [certificate({ name: 'qe', from, to }), certificate({ name: 'qe' })]
      const server = certificate({ name: 'sink', hosts: ['localhost'], ca: true })
      await using listener = await listen((socket) => socket.write('HTTP/1.1 204 X\r\n\r\n'), server)
      const trusted = { 'ca.crt': server.cert }
      await team.secret('pair', { ...trusted, 'tls.crt': ended.cert, 'tls.key': ended.key })
      await team.sink('sink', { url: `https://localhost:${listener.port}/`, certSecretRef: { name: 'pair' } })
      const invalid = (message: RegExp) =>
        team.condition('EventSink', 'sink', 'Ready', { status: 'False', reason: 'SecretInvalid', message })
      await invalid(/^Key tls\.crt of Secret pair .* a certificate that is valid; this one ended on /)
      await run(admin, team.namespace, 'later')
      await team.secret('pair', { 'tls.crt': good.cert, 'tls.key': ended.key })
      await team.ask('EventSink', 'sink')
      await invalid(/^Key tls\.key of Secret pair .* the private key of the certificate in tls\.crt\.$/)
      await team.secret('pair', { 'tls.crt': good.cert, 'tls.key': good.key })
      await team.ask('EventSink', 'sink')
      await team.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 4)
      assert.equal(listener.requests.length, 2)
    } finally {
      await endpoint[Symbol.asyncDispose]()
    }
  })

  it('shows no secret anywhere while sinks fail, and repeat what they were sent', async () => {
    const { stage, admin } = scene
    const planted = new Set<string>()
    const canary = (name: string) => {
      const value = `canary-${name}-7bXvQ2mWz9Lr4TnP8sKd`
      planted.add(value)
      return value
    }
    const args = [...toLoopback, '--class', 'canaries', '--log-level', 'debug']
    await using operator = await stage.operator({ args })
    const team = await stage.team('canaries', { class: 'canaries' })
    const whsec = `whsec_${Buffer.from(canary('signing-key-of-32-bytes-').slice(0, 32)).toString('base64')}`
    const pair = certificate({ name: 'qe' })
    await team.secret('all', {
      token: canary('bearer'),
      username: canary('username'),
      password: canary('pass"word'),
      key: canary('header'),
      whsec,
      'client-id': canary('client-id'),
      'client-secret': canary('client-secret'),
      'tls.crt': pair.cert,
      'tls.key': pair.key,
    })
    await team.secret('own', { token: canary('own') })
    const secretRef = { name: 'all' }
    const headers = [{ name: 'X-Key', valueFrom: { secretKeyRef: { name: 'all', key: 'key' } } }]
    const echo = (status: number) => (request: Received) => ({
      kind: 'answer' as const,
      status,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([request.headers.authorization, request.headers['x-key']]),
    })
    const endpoint = await startSink()
    try {
      const body = JSON.stringify({ access_token: canary('token'), expires_in: 3600 })
      endpoint.behave((request) =>
        request.path === '/token' ? { kind: 'answer', status: 200, body } : echo(401)(request),
      )
      const oauth2 = { secretRef }
      const auths = {
        bearer: { bearer: { secretRef } },
        basic: { basic: { secretRef } },
        oauth2: { oauth2: { ...oauth2, tokenURL: `${endpoint.url}/token` } },
        refused: { oauth2: { ...oauth2, tokenURL: `${endpoint.url}/refused` } },
        own: undefined,
        tls: undefined,
      }
      team.server.behave(echo(400))
      const ref = { signing: { secretRef }, headers }
      for (const [name, auth] of Object.entries(auths)) {
        const tls = name === 'tls' && { url: `https://localhost:${endpoint.port}/`, certSecretRef: secretRef }
        await team.sink(name, { ...ref, ...(auth && { auth }), ...tls })
        const own = name === 'own' && { secretRef: { name: 'own' } }
        await team.subscription(name, { sinks: [{ name, ...own }] })
      }
      await Promise.all(Object.keys(auths).map((name) => name !== 'refused' && team.ready(name)))
      await team.condition('EventSink', 'refused', 'Ready', { status: 'False', reason: 'TokenUnavailable' })
      await run(admin, team.namespace, 'build')
      await team.received(8)
      for (const name of ['bearer', 'basic', 'oauth2', 'own'])
        await team.counts('EventSubscription', name, ({ deadLettered }) => deadLettered === 2)
      const tests = []
      for (const name of Object.keys(auths))
        tests.push(await carillon(operator, 'sinks', 'test', `${team.namespace}/${name}`))
      assert.ok(
        tests.some((text) => text.includes('***')),
        'what a sink repeats is blotted out',
      )
      // A sink that refuses whoever asks, and names why with what it was sent.
      team.server.behave(echo(403))
      await run(admin, team.namespace, 'held')
      await team.condition('EventSink', 'bearer', 'Delivering', { status: 'False', reason: 'Forbidden' })

      const lines = (await carillon(operator, 'deadletters', 'list')).trim().split('\n').slice(1)
      assert.equal(lines.length, 8)
      const letters = await Promise.all(
        lines.map((line) => carillon(operator, 'deadletters', 'show', line.split(/ +/)[0] ?? '')),
      )
      const shown = [
        JSON.stringify(operator.log),
        tests.join('\n'),
        lines.join('\n'),
        letters.join('\n'),
        JSON.stringify(await admin.list('carillon.dev/v1alpha1', 'EventSink', team.namespace)),
        JSON.stringify(await admin.list('carillon.dev/v1alpha1', 'EventSubscription', team.namespace)),
        JSON.stringify(await admin.list('v1', 'Event', team.namespace)),
        await (await fetch(`${operator.health}/metrics`)).text(),
        ...readdirSync(operator.dataDir, { recursive: true, withFileTypes: true })
          .filter((one) => one.isFile())
          .map((one) => readFileSync(join(one.parentPath, one.name), 'latin1')),
      ].join('\n')
      const key = pair.key.split('\n')[1] ?? ''
      for (const value of [...planted, whsec.slice(6), key])
        for (const form of [value, Buffer.from(value).toString('base64').slice(0, -4), encodeURIComponent(value)])
          assert.ok(!shown.includes(form), `${value} is shown`)
      const basic = Buffer.from(`${canary('username')}:`)
        .toString('base64')
        .slice(0, -4)
      assert.ok(!shown.includes(basic), 'the user and the password are shown')
    } finally {
      await endpoint[Symbol.asyncDispose]()
    }
  })
}
