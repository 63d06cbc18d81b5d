import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { type Agent, request } from 'undici'
import type { Manifest } from '../controlplane/admin.ts'
import type { ControlPlane } from '../controlplane/controlplane.ts'
import { conditionsOf, patienceMs } from '../e2e/fixture.ts'
import { startOperator } from '../operator/process.ts'

export type Installed = {
  plane: ControlPlane
  /** Trusts the API server. */
  agent: Agent
  args: string[]
  /** Writes a kubeconfig with the operator's token for that address of the API server; gives its path. */
  kubeconfig(server: string): Promise<string>
}

const kustomization: Manifest = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'kustomizations.kustomize.toolkit.fluxcd.io' },
  spec: {
    group: 'kustomize.toolkit.fluxcd.io',
    scope: 'Namespaced',
    names: { kind: 'Kustomization', plural: 'kustomizations', singular: 'kustomization' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}

const namespace = 'team-b'

/** An operator that may read Tekton's kinds only, in a cluster that serves one of Flux's; what it asks, and what subscriptions say. */
export async function familyOff({ plane, agent, args, kubeconfig }: Installed): Promise<void> {
  const { admin } = plane
  await admin.apply([kustomization])
  const subscription = (name: string, more: object): Manifest => ({
    apiVersion: 'carillon.dev/v1alpha1',
    kind: 'EventSubscription',
    metadata: { name, namespace },
    spec: { sinks: [{ name: 'qe' }], ...more },
  })
  const named = [{ kind: 'TaskRun' }, { kind: 'Kustomization' }]
  await admin.apply([subscription('all', {}), subscription('named', { events: named })])
  await using api = await startRecorder(plane.url, agent)
  const path = await kubeconfig(api.url)
  const says = async (name: string, is: (message: string) => boolean) => {
    const at = await admin.path('carillon.dev/v1alpha1', 'EventSubscription', namespace, name)
    const one = await admin.waitFor(at, (found) => is(readyOf(found)), { what: name, timeoutMs: patienceMs })
    return readyOf(one)
  }
  const readyOf = (one: Parameters<typeof conditionsOf>[0]) => {
    const ready = conditionsOf(one).find(({ type }) => type === 'Ready')
    return `${ready?.status} ${ready?.reason} ${ready?.message}`
  }
  const asked = (group: RegExp) => api.asked.filter((one) => group.test(one))

  {
    await using operator = await startOperator({ kubeconfig: () => path }, { args })
    const all = await says('all', (message) => message.startsWith('True Watching'))
    assert.match(all, /TaskRun/)
    assert.doesNotMatch(all, /Kustomization|may not/)
    const refused = await says('named', (message) => message.startsWith('False'))
    assert.match(
      refused,
      /^False KindNotEnabled Kustomization is of flux, and this operator reads only kinds of tekton:/,
    )
    assert.notDeepEqual(asked(/\/tekton\.dev\/v1\/taskruns\?.*watch=true/), [])
    assert.deepEqual(asked(/fluxcd|appstudio|konflux/), [])
    await operator.stop()
  }
  // Switched on without the right to it: what may not be read is left out, but for whom it was named by.
  await using _ = await startOperator(
    { kubeconfig: () => path },
    { args: [...args, '--source=tekton', '--source=flux'] },
  )
  const lacking = /the operator may not list and watch Kustomization; its ClusterRole or Role lacks the right/
  const all = await says('all', (message) => lacking.test(message))
  assert.match(all, /^True Watching watching .*TaskRun/)
  assert.match(await says('named', (message) => lacking.test(message)), /^False Forbidden /)
  assert.notDeepEqual(asked(/\/kustomize\.toolkit\.fluxcd\.io\/v1\/kustomizations/), [])
}

/** An address of the API server that remembers each request, as `GET <path>?<query>`. */
async function startRecorder(target: string, dispatcher: Agent) {
  const asked: string[] = []
  const server = createServer(async (incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`)
    const cut = new AbortController()
    response.on('close', () => cut.abort())
    try {
      const { host: _, connection: __, ...headers } = incoming.headers
      const answer = await request(new URL(incoming.url ?? '/', target), {
        method: incoming.method as 'GET',
        dispatcher,
        headers: { ...headers, 'accept-encoding': 'identity' },
        body: incoming.method === 'GET' ? null : incoming,
        signal: cut.signal,
      })
      response.writeHead(answer.statusCode, answer.headers)
      response.flushHeaders()
      await pipeline(answer.body, response)
    } catch {
      response.destroy() // One of both has gone: so does the other.
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
