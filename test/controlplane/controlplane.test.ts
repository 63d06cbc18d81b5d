import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { AdminClient, ApiError } from './admin.ts'
import { type ControlPlane, startControlPlane } from './controlplane.ts'
import { find, isAlive, startOf } from './process.ts'
import { startProxy } from './proxy.ts'
import { makeScratch, removeScratch } from './scratch.ts'

describe('the control plane', () => {
  let cp: ControlPlane
  before(async () => {
    cp = await startControlPlane()
  })
  after(() => cp[Symbol.asyncDispose]())

  const operator = () => new AdminClient(cp.url, cp.ca, cp.operatorToken)

  it('serves Kubernetes 1.34 with a certificate that its authority signed', async () => {
    const { body } = await cp.admin.request('GET', '/version')
    assert.equal((body as { gitVersion: string }).gitVersion, 'v1.34.4')
    await using other = new AdminClient(cp.url, cp.ca.replace(/\n.{64}\n/, '\n'), cp.adminToken)
    await assert.rejects(other.request('GET', '/version'))
  })

  it('grants nothing to the operator that no role grants, and knows its groups', async () => {
    await using client = operator()
    assert.equal((await client.request('GET', '/api/v1/secrets')).status, 403)
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
    const { body } = await client.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', review)
    assert.deepEqual((body as { status: { userInfo: object } }).status.userInfo, {
      username: 'system:serviceaccount:carillon-system:carillon',
      uid: 'carillon',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:carillon-system', 'system:authenticated'],
    })
  })

  it('refuses a wrong token', async () => {
    await using client = new AdminClient(cp.url, cp.ca, 'wrong')
    assert.equal((await client.request('GET', '/api/v1/namespaces')).status, 401)
  })

  it('writes kubeconfigs for their owner alone', () => {
    const path = cp.kubeconfig('operator')
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.notEqual(cp.kubeconfig('operator', 'https://127.0.0.1:1'), path)
  })

  it('keeps its data when the API server is killed and restarted on the same port', async () => {
    await cp.admin.createNamespace('kept')
    const { pid } = cp.apiserver
    await cp.apiserver.kill()
    await assert.rejects(cp.admin.request('GET', '/readyz'))
    await cp.apiserver.restart()
    assert.notEqual(cp.apiserver.pid, pid)
    assert.equal((await cp.admin.get('v1', 'Namespace', undefined, 'kept'))?.metadata.name, 'kept')
  })

  describe('admin client', () => {
    const map = (name: string, data: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data })

    it('applies several documents of YAML, a CRD with its objects among them', async () => {
      const yaml = [
        'apiVersion: example.dev/v1\nkind: Thing\nmetadata: {name: one}\nspec: {size: 3}',
        'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.dev}\nspec:\n  group: example.dev\n  scope: Namespaced\n  names: {kind: Thing, plural: things}\n  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}, additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]}]',
      ]
      await cp.admin.apply(yaml.join('\n---\n'))
      assert.deepEqual(
        (await cp.admin.list('example.dev/v1', 'things', 'default')).map((one) => one.spec),
        [{ size: 3 }],
      )
      assert.equal(await cp.admin.table('/apis/example.dev/v1/namespaces/default/things'), 'NAME   SIZE\none    3')
      await assert.rejects(
        cp.admin.apply({ apiVersion: 'example.dev/v1', kind: 'Thing', metadata: { name: 'two' }, spec: { colour: 1 } }),
        (error) => error instanceof ApiError && /unknown|not declared/.test(error.message),
      )
    })

    it('waits for a state by a watch, and tells what it waited for', async () => {
      await cp.admin.create(map('waited', { step: '1' }))
      const path = '/api/v1/namespaces/default/configmaps/waited'
      const seen = cp.admin.waitFor(path, (one) => (one.data as { step: string }).step === '2', { what: 'step 2' })
      await cp.admin.mergePatch('v1', 'ConfigMap', 'default', 'waited', { data: { step: '2' } })
      assert.deepEqual((await seen).data, { step: '2' })
      await assert.rejects(
        cp.admin.waitFor(path, () => false, { what: 'a miracle', timeoutMs: 100 }),
        /waited 100 ms in vain for a miracle .*"step":"2"/,
      )
      const gone = cp.admin.waitGone(path, { what: 'its end' })
      await cp.admin.delete('v1', 'ConfigMap', 'default', 'waited')
      await gone
      assert.equal(await cp.admin.get('v1', 'ConfigMap', 'default', 'waited'), undefined)
    })
  })

  describe('proxy', () => {
    it('passes TLS through, severs watches, and holds bytes back while it stalls', async () => {
      await using proxy = await startProxy(cp.url)
      await using client = new AdminClient(proxy.url, cp.ca, cp.adminToken)
      const watch = client.watch('/api/v1/namespaces/kube-system')
      assert.equal((await watch.next()).value?.object.metadata.name, 'kube-system')
      assert.equal(proxy.connections(), 1)
      const next = watch.next()
      proxy.severAll()
      await assert.rejects(next)

      proxy.stall()
      let isAnswered = false
      const answer = client.request('GET', '/readyz').finally(() => {
        isAnswered = true
      })
      // By the time that the API server has answered directly, it would have answered through the proxy as well.
      for (let i = 0; i < 5; i += 1) await cp.admin.request('GET', '/readyz')
      assert.equal(isAnswered, false)
      proxy.resume()
      assert.equal((await answer).status, 200)
    })
  })
})

describe('a control plane whose process is killed', () => {
  const ways = [
    { way: 'by the parent-death signal', env: {}, skip: find('setpriv') ? false : 'no setpriv here' },
    { way: 'by the end of a pipe, where there is no setpriv', env: withoutSetpriv(), skip: false },
  ]
  for (const { way, env, skip } of ways) {
    it(`ends with it, ${way}, and its files are removed by the next one`, { skip }, async () => {
      const script = fileURLToPath(new URL('./orphan.ts', import.meta.url))
      const child = spawn(process.execPath, [script], {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
      const { directory, pids } = JSON.parse(line) as { directory: string; pids: number[] }
      assert.equal(pids.length, 2)
      const starts = pids.map((pid) => startOf(pid) ?? assert.fail(`process ${pid} does not run`))

      child.kill('SIGKILL')
      await once(child, 'exit')
      // Other processes' children send no event, so their end is looked for.
      for (const [index, pid] of pids.entries()) while (isAlive(pid, starts[index] ?? '')) await delay(10)

      const next = makeScratch('test')
      removeScratch(next)
      assert.ok(!existsSync(directory))
    })
  }

  /** A PATH on which there is Go (which tells the version of the tools) and nothing else. */
  function withoutSetpriv() {
    const folder = makeScratch('path')
    after(() => removeScratch(folder))
    const go = find('go')
    if (go) symlinkSync(go, join(folder, 'go'))
    return { PATH: folder }
  }
})
