// The operator as the chart installs it: with its ServiceAccount's rights, its arguments and its configuration, and no more.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startControlPlane } from '../controlplane/controlplane.ts'
import { startSink } from '../controlplane/sink.ts'
import { installTekton } from '../controlplane/tekton.ts'
import { ensureTool } from '../controlplane/tools.ts'
import { startOperator } from '../operator/process.ts'
import { find, render } from './render.ts'

type Workload = { spec: { template: { spec: { containers: { args: string[]; command: string[] }[] } } } }

const repository = fileURLToPath(new URL('../..', import.meta.url))

test('what Helm renders, applied, lets the bundle deliver with just those rights', { timeout: 180_000 }, async () => {
  const built = spawnSync(process.execPath, ['scripts/build.ts'], { cwd: repository, encoding: 'utf8' })
  assert.equal(built.status, 0, built.stderr)
  const manifests = await render(
    await ensureTool('helm'),
    '--set=config.egress.allowCidrs={127.0.0.0/8},config.clusterUri=/clusters/chart-test',
  )
  await using cp = await startControlPlane()
  await cp.admin.createNamespace('carillon-system')
  // No node would run the pod: its command is run here instead, as its ServiceAccount.
  await cp.admin.apply(manifests.filter((one) => one.kind === 'CustomResourceDefinition'))
  await cp.admin.apply(
    manifests.filter((one) => one.kind !== 'CustomResourceDefinition'),
    'carillon-system',
  )
  await installTekton(cp.admin)
  await cp.admin.createNamespace('team-a')
  await using sink = await startSink()

  const [container] = (find(manifests, 'StatefulSet') as unknown as Workload).spec.template.spec.containers
  const args = container?.args.filter((arg) => arg !== 'run' && !/^--(data-dir|listen)=/.test(arg)) ?? []
  assert.deepEqual(args, ['--namespace=carillon-system', '--grace-period=20s'])
  const program = fileURLToPath(new URL('../../dist/carillon.js', import.meta.url))
  await using operator = await startOperator(cp, { program, args, user: 'operator' })

  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'qe', labels: { 'carillon.dev/credential': 'true' } },
  }
  await cp.admin.apply([{ ...secret, stringData: { token: 'chart-token' } }], 'team-a')
  await cp.admin.apply(
    `
apiVersion: carillon.dev/v1alpha1
kind: EventSink
metadata: {name: qe}
spec: {http: {url: "${sink.url}/", auth: {bearer: {secretRef: {name: qe}}}}}
---
apiVersion: carillon.dev/v1alpha1
kind: EventSubscription
metadata: {name: runs}
spec: {sinks: [{name: qe}], events: [{kind: TaskRun, milestones: [queued]}]}
`,
    'team-a',
  )
  await cp.admin.create(
    {
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata: { name: 'hello' },
      spec: { taskSpec: { steps: [{ name: 'say', image: 'none' }] } },
    },
    'team-a',
  )
  const [request] = await sink.waitFor((received) => received.length > 0, { what: 'the event of the TaskRun' })
  assert.equal(request?.headers['ce-source'], '/clusters/chart-test/namespaces/team-a/tekton')
  assert.equal(request?.headers.authorization, 'Bearer chart-token')

  const path = await cp.admin.path('carillon.dev/v1alpha1', 'EventSubscription', 'team-a', 'runs')
  const delivered = ({ status }: { status?: Record<string, unknown> }) =>
    (status?.counts as { delivered?: number })?.delivered === 1
  await cp.admin.waitFor(path, delivered, { what: 'the status to count the delivery', timeoutMs: 60_000 })
  await cp.admin.waitFor('/api/v1/namespaces/team-a/events', ({ reason }) => reason === 'Delivered', {
    what: 'a core Event',
  })
  const refused = operator.log.filter((line) => JSON.stringify(line).includes('forbidden'))
  assert.deepEqual(refused, [])
})
