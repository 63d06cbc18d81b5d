// Kinds, rights and namespaces come and go.
import { setTimeout as delay } from 'node:timers/promises'
import type { KubeObject } from '../../../src/api/object.ts'
import type { Manifest } from '../../controlplane/admin.ts'
import { deleteNamespace } from '../../controlplane/namespaces.ts'
import type { Fault } from '../fault.ts'
import { begin, untilCondition } from '../layout.ts'
import type { Scene } from '../scene.ts'
import { tell } from '../told.ts'
import { caughtUp, lags, underLoad, unless } from '../verbs.ts'

const crds = ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'] as const

export const crdGone: Fault = {
  id: 'F20',
  title: 'the CRD of a watched kind is deleted and made again',
  cost: { recoveryMs: 30_000 },
  seconds: 45,
  async run(scene) {
    await begin(scene, { kinds: ['customrun', 'taskrun'] })
    await scene.load.burst('before', scene.scaled(40, 4), scene.tenants, { more: { kind: 'customrun' } })
    await caughtUp(scene)
    const name = 'customruns.tekton.dev'
    const crd = (await scene.admin.get(...crds, undefined, name)) as KubeObject & { spec: object }
    const manifest: Manifest = {
      apiVersion: crds[0],
      kind: crds[1],
      metadata: { name, labels: crd.metadata.labels },
      spec: crd.spec,
    }
    const from = Date.now()
    let healedAt = from
    const ran = await underLoad(scene, async () => {
      try {
        await scene.admin.delete(...crds, undefined, name)
        await scene.admin.waitGone(await scene.admin.path(...crds, undefined, name), { what: `${name} to be gone` })
        await delay(scene.lasting(5000, 1500))
      } finally {
        await scene.admin.apply(manifest)
      }
      healedAt = Date.now()
      return 'the CRD of CustomRun was deleted and made again, TaskRuns went on'
    })
    const late = slow(scene, from, healedAt)
    await scene.load.burst('after', scene.scaled(40, 4), scene.tenants, { more: { kind: 'customrun' } })
    return { ...ran, healedAt, late }
  },
}

/** What was not touched goes on as ever. */
function slow(scene: Scene, from: number, to: number): string[] {
  const worst = Math.max(0, ...lags(scene, scene.sinkKeys, from, to))
  return unless(worst < 3000, `another kind was told ${worst} ms late`)
}

export const namespaceGone: Fault = {
  id: 'F22',
  title: 'a namespace is deleted while events wait for its sinks',
  cost: { dropped: 'counted', recoveryMs: 10_000 },
  seconds: 20,
  async run(scene) {
    await begin(scene, { tenants: 3 })
    const [, , doomed = ''] = scene.tenants
    for (const sink of ['one', 'two']) await scene.sinks.close(`${doomed}/${sink}`)
    await scene.load.burst('run', scene.scaled(200), scene.tenants)
    const waits = async () => (await tell(scene)).filter(({ key }) => key.startsWith(`${doomed}/`))
    for (let all = await waits(); all.some(({ matched, pending }) => matched === 0 || pending === 0); )
      all = await waits()
    await caughtUpBut(scene, doomed)
    const waited = 3 * scene.truth.moments.filter(({ namespace }) => namespace === doomed).length
    const deletedAt = Date.now()
    await deleteNamespace(scene.admin, doomed)
    const healedAt = Date.now()
    const dropped = () => scene.operator.metric('carillon_dropped_total')
    for (let known = -1; known !== (await dropped()); await delay(1000)) known = await dropped()
    return {
      healedAt,
      did: `one of three namespaces was deleted while ${waited} deliveries waited in it`,
      notes: [`gone in ${((healedAt - deletedAt) / 1000).toFixed(1)} s`],
      counted: { dropped: await dropped() },
    }
  },
}

/** The other namespaces have got all of theirs. */
async function caughtUpBut(scene: Scene, doomed: string): Promise<void> {
  await caughtUp({ ...scene, declared: scene.declared.filter(({ key }) => !key.startsWith(`${doomed}/`)) })
}

const role = ['rbac.authorization.k8s.io/v1', 'ClusterRole', undefined, 'carillon'] as const

type Rule = { apiGroups: string[]; resources: string[]; verbs: string[] }

export const forbidden: Fault = {
  id: 'F33',
  title: 'the right to one kind is revoked and granted again',
  cost: { recoveryMs: 30_000 },
  seconds: 45,
  async run(scene) {
    await begin(scene, { kinds: ['customrun', 'taskrun'] })
    const { rules } = (await scene.admin.get(...role)) as unknown as { rules: Rule[] }
    const put = (what: Rule[]) => scene.admin.mergePatch(...role, { rules: what })
    const without = rules.map((rule) => ({ ...rule, resources: rule.resources.filter((one) => one !== 'customruns') }))
    const from = Date.now()
    let healedAt = from
    const ran = await underLoad(scene, async () => {
      try {
        await put(without)
        // A watch that is open goes on; the next one is refused.
        scene.proxy.severAll()
        await untilCondition(
          scene,
          'EventSubscription',
          `${scene.name}-a/single`,
          'Ready',
          ({ reason }) => reason === 'Forbidden',
        )
        await scene.load.burst('meanwhile', scene.scaled(40, 4), scene.tenants, { more: { kind: 'customrun' } })
        await delay(scene.lasting(3000, 1000))
      } finally {
        await put(rules)
      }
      healedAt = Date.now()
      return 'the right to CustomRuns was revoked and granted again, TaskRuns went on'
    })
    return { ...ran, healedAt }
  },
}
