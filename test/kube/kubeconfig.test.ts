import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { stringify } from 'yaml'
import { credentialsReader } from '../../src/kube/credentials.ts'
import { findCluster } from '../../src/kube/kubeconfig.ts'

describe('kubeconfig', () => {
  let home: string
  before(() => {
    home = mkdtempSync(join(tmpdir(), 'carillon-kubeconfig-'))
  })
  after(() => rmSync(home, { recursive: true }))

  const cluster = { name: 'c', cluster: { server: 'https://10.0.0.1:6443/' } }
  const context = { name: 'x', context: { cluster: 'c', user: 'u' } }
  const config = (user: object = { token: 'secret-1' }, more: object = {}) => ({
    clusters: [cluster],
    users: [{ name: 'u', user }],
    contexts: [context],
    'current-context': 'x',
    ...more,
  })
  const write = (name: string, content: object | string) => {
    const path = join(home, name)
    writeFileSync(path, typeof content === 'string' ? content : stringify(content))
    return path
  }
  const nowhere = { home: '/nonexistent', serviceAccount: '/nonexistent' }
  const credentials = async (user: object, more: object = {}) => {
    const found = findCluster({ kubeconfig: write('config', config(user, more)) })
    assert.ok(found.ok, found.ok ? '' : found.message)
    return credentialsReader()(found.value, false)
  }

  const refused: [name: string, content: object | string, message: RegExp][] = [
    ['not YAML', 'users: [{token: "secret-1', /it is not YAML/],
    ['empty', '', /no current-context/],
    ['a list', '[]', /no current-context/],
    ['without a current context', config({}, { 'current-context': '' }), /kubectl config use-context/],
    ['with an unknown current context', config({}, { 'current-context': 'y' }), /'y' is not among its contexts/],
    ['without the cluster', config({}, { clusters: [] }), /no cluster 'c'/],
    ['without the user', config({}, { users: [] }), /no user 'u'/],
    [
      'with a server that is no URL',
      config({}, { clusters: [{ name: 'c', cluster: { server: '10.0.0.1' } }] }),
      /no valid server/,
    ],
    ['with a dropped auth-provider', config({ 'auth-provider': { name: 'gcp' } }), /use an exec plugin/],
  ]
  for (const [name, content, message] of refused) {
    it(`is refused when it is ${name}`, () => {
      const found = findCluster({ kubeconfig: write('bad', content) })
      assert.ok(!found.ok)
      assert.equal(found.reason, 'BadKubeconfig')
      assert.match(found.message, message)
      assert.match(found.message, /--kubeconfig or KUBECONFIG/)
      assert.doesNotMatch(found.message, /secret-1/)
    })
  }

  it('is refused when there is no such file', () => {
    const found = findCluster({ kubeconfig: join(home, 'missing') })
    assert.match(found.ok ? '' : found.message, /missing is of no use: there is no such file/)
  })

  it('names all that was tried where there is none', () => {
    const found = findCluster(nowhere)
    assert.match(found.ok ? '' : found.message, /\/nonexistent\/.kube\/config .*\/nonexistent\/token .*--kubeconfig/)
  })

  it('comes from the home folder before the pod', () => {
    mkdirSync(join(home, '.kube'))
    write('.kube/config', config())
    const found = findCluster({ home, serviceAccount: home })
    assert.equal(found.ok && found.value.server, 'https://10.0.0.1:6443')
  })

  it('is not needed in a pod', async () => {
    const serviceAccount = join(home, 'serviceaccount')
    mkdirSync(serviceAccount)
    writeFileSync(join(serviceAccount, 'token'), 'secret-2\n')
    writeFileSync(join(serviceAccount, 'ca.crt'), 'PEM')
    const found = findCluster({ ...nowhere, serviceAccount, service: { host: 'fd00::1', port: '443' } })
    assert.ok(found.ok)
    assert.equal(found.value.server, 'https://[fd00::1]:443')
    const { headers, tls } = await credentialsReader()(found.value, false)
    assert.deepEqual([headers, tls], [{ authorization: 'Bearer secret-2' }, { ca: 'PEM' }])
    const byName = findCluster({ ...nowhere, serviceAccount })
    assert.equal(byName.ok && byName.value.server, 'https://kubernetes.default.svc')
  })

  it('may be several files, of which the first to name a thing wins', () => {
    const first = write('first', { 'current-context': 'x', users: [{ name: 'u', user: { token: 'first' } }] })
    const second = write('second', config({ token: 'second' }, { 'current-context': 'other' }))
    const found = findCluster({ kubeconfig: [first, join(home, 'missing'), second].join(delimiter) })
    assert.deepEqual(found.ok && [found.value.user.token, found.value.server], ['first', 'https://10.0.0.1:6443'])
  })

  it('has certificates in files beside it or in itself', async () => {
    writeFileSync(join(home, 'ca.pem'), 'CA')
    const data = (text: string) => Buffer.from(text).toString('base64')
    const clusters = [
      { name: 'c', cluster: { server: 'https://h', 'certificate-authority': 'ca.pem', 'tls-server-name': 's' } },
    ]
    const { tls } = await credentials(
      { 'client-certificate-data': data('CERT'), 'client-key-data': data('KEY') },
      { clusters },
    )
    assert.deepEqual(tls, { ca: 'CA', cert: 'CERT', key: 'KEY', servername: 's' })
  })

  it('has its users let in in many ways', async () => {
    write('token', 'from-file\n')
    const cases: [user: object, headers: object][] = [
      [{}, {}],
      [{ token: 't' }, { authorization: 'Bearer t' }],
      [{ token: 't', tokenFile: 'token' }, { authorization: 'Bearer from-file' }],
      [{ username: 'n', password: 'p' }, { authorization: 'Basic bjpw' }],
      [{ 'auth-provider': { name: 'oidc', config: { 'id-token': 'i' } } }, { authorization: 'Bearer i' }],
      [
        { token: 't', as: 'jane', 'as-groups': ['a', 'b'] },
        { authorization: 'Bearer t', 'impersonate-user': 'jane', 'impersonate-group': ['a', 'b'] },
      ],
    ]
    for (const [user, headers] of cases) assert.deepEqual((await credentials(user)).headers, headers)
  })

  it('asks a plugin once, and again after what it gave was refused', async () => {
    const script = `#!/bin/sh
echo x >> "$COUNT"
n=$(wc -l < "$COUNT" | tr -d ' ')
case "$KUBERNETES_EXEC_INFO" in *ExecCredential*) ;; *) exit 3 ;; esac
printf '{"status":{"token":"%s-%s"}}' "$1" "$n"
`
    writeFileSync(join(home, 'plugin.sh'), script, { mode: 0o755 })
    const env = [{ name: 'COUNT', value: join(home, 'count') }]
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin.sh', args: ['given'], env }
    const found = findCluster({ kubeconfig: write('exec', config({ exec })) })
    assert.ok(found.ok)
    const read = credentialsReader()
    for (const [rejected, token] of [
      [false, 'given-1'],
      [false, 'given-1'],
      [true, 'given-2'],
    ] as const) {
      assert.deepEqual((await read(found.value, rejected)).headers, { authorization: `Bearer ${token}` })
    }
  })

  it('tells of a plugin that fails without what it said', async () => {
    const outputs = ['echo secret-3; exit 0', 'exit 1']
    for (const output of outputs) {
      writeFileSync(join(home, 'bad.sh'), `#!/bin/sh\n${output}\n`, { mode: 0o755 })
      const failed = await credentials({ exec: { command: './bad.sh' } }).catch((error: Error) => error)
      assert.ok(failed instanceof Error)
      assert.match(failed.message, /plugin .*bad.sh failed/)
      assert.doesNotMatch(`${failed.message} ${failed.cause}`, /secret-3/)
    }
  })
})
