import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from '../fault.ts'
import { allReady, layOut, untilCondition } from '../layout.ts'
import type { Scene } from '../scene.ts'
import { taking } from '../sinks/behaviour.ts'
import { behave, caughtUp, requests, underLoad, unless } from '../verbs.ts'

async function putSecret(scene: Scene, token: string): Promise<void> {
  const metadata = { name: 'token', labels: { 'carillon.dev/credential': 'true' } }
  for (const namespace of namespacesOf(scene))
    await scene.admin.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { ...metadata, namespace },
      stringData: { token },
    })
}

const namespacesOf = (scene: Scene): string[] => [...scene.tenants, `${scene.name}-admin`]

const wanting = (token: string) => ({ ...taking, authorization: `Bearer ${token}` })

export const secret: Fault = {
  id: 'F21',
  title: "the sinks' Secret is rotated, then deleted and made again",
  cost: { recoveryMs: 10_000 },
  seconds: 25,
  async run(scene) {
    await layOut(scene, { http: { auth: { bearer: { secretRef: { name: 'token' } } } } })
    await putSecret(scene, 'first')
    await behave(scene, scene.sinkKeys, wanting('first'))
    await scene.operator.start()
    await allReady(scene)
    const wrong: string[] = []
    const ran = await underLoad(scene, async () => {
      // Receivers take the new token only; the Secret comes a moment later.
      await behave(scene, scene.sinkKeys, wanting('second'))
      await delay(500)
      await putSecret(scene, 'second')
      const rotatedAt = Date.now()
      await caughtUp(scene)
      await delay(500)
      const late = scene.sinkKeys
        .flatMap((key) => requests(scene, key, rotatedAt + 10_000, Date.now()))
        .filter((one) => !one.taken)
      wrong.push(...unless(late.length === 0, `${late.length} requests with the old token 10 s after the rotation`))
      for (const namespace of namespacesOf(scene)) await scene.admin.delete('v1', 'Secret', namespace, 'token')
      const key = `${scene.name}-a/one`
      await scene.admin.mergePatch('carillon.dev/v1alpha1', 'EventSink', `${scene.name}-a`, 'one', {
        metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': 'deleted' } },
      })
      await untilCondition(scene, 'EventSink', key, 'Ready', ({ reason }) => reason === 'SecretNotFound')
      await delay(scene.lasting(2000, 500))
      await putSecret(scene, 'second')
      return "the sinks' Secret was rotated, then deleted and made again"
    })
    return { ...ran, wrong }
  },
}
