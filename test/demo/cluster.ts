// The demo's cluster: a control plane of its own with the real Tekton controller, or one that a kubeconfig names.
import { credentialsReader } from '../../src/kube/credentials.ts'
import { findCluster } from '../../src/kube/kubeconfig.ts'
import { AdminClient } from '../controlplane/admin.ts'
import { applyCrds, applyOperatorRights, startControlPlane } from '../controlplane/controlplane.ts'
import { startKubelet } from '../controlplane/kubelet.ts'
import { installTekton, startTekton } from '../controlplane/tekton.ts'
import { demoNamespace } from './names.ts'
import { heading, say } from './show.ts'

export type DemoCluster = AsyncDisposable & {
  admin: AdminClient
  /** The path of a kubeconfig with all rights. */
  kubeconfig(): string
  /** Who takes runs to their ends: Tekton with a stand-in for the nodes, Tekton on real nodes, or a script of status writes. */
  runsBy: 'stand-in' | 'nodes' | 'script'
}

export const openCluster = (kubeconfig: string | undefined): Promise<DemoCluster> =>
  kubeconfig === undefined ? startOwn() : useGiven(kubeconfig)

async function startOwn(): Promise<DemoCluster> {
  await using stack = new AsyncDisposableStack()
  heading('A control plane: etcd and kube-apiserver, on free ports of 127.0.0.1')
  const cp = stack.use(await startControlPlane({ report: say }))
  say(`ready at ${cp.url}`)
  await Promise.all([applyCrds(cp), applyOperatorRights(cp)])
  heading('Tekton: the real controller, with a stand-in for the nodes')
  stack.use(await startTekton(cp, say))
  stack.use(startKubelet(cp.admin, say))
  say('the Tekton controller reconciles')
  await cp.admin.createNamespace(demoNamespace)
  const kept = stack.move()
  return {
    admin: cp.admin,
    kubeconfig: () => cp.kubeconfig('admin'),
    runsBy: 'stand-in',
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

async function useGiven(kubeconfig: string): Promise<DemoCluster> {
  heading(`The cluster of ${kubeconfig}`)
  const found = findCluster({ kubeconfig })
  if (!found.ok) throw new Error(found.message)
  const { headers, tls } = await credentialsReader()(found.value, false)
  const token = String(headers.authorization ?? '').replace(/^Bearer /, '')
  const admin = new AdminClient(found.value.server, tls.ca ?? '', token, tls)
  await applyCrds({ admin })
  const { body } = await admin.request('GET', '/apis')
  const groups = (body as { groups: { name: string }[] }).groups.map((group) => group.name)
  const hasTekton = groups.includes('tekton.dev')
  if (hasTekton) say('this cluster has Tekton: its runs are taken through by it')
  else {
    say("this cluster has no Tekton: its CRDs are installed, and a script writes what Tekton's controller would")
    await installTekton(admin)
  }
  await admin.createNamespace(demoNamespace)
  return {
    admin,
    kubeconfig: () => kubeconfig,
    runsBy: hasTekton ? 'nodes' : 'script',
    async [Symbol.asyncDispose]() {
      await admin.delete('v1', 'Namespace', undefined, demoNamespace)
      await admin[Symbol.asyncDispose]()
    },
  }
}
