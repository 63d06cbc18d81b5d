// Flux's own helm-controller and kustomize-controller at work beside the operator: what they write to their objects, what becomes of it
// at the sinks, and what they make of our CRs. Source-controller's part is played by the test.
import { after, before, describe } from 'node:test'
import { startArtifacts } from '../controlplane/artifacts.ts'
import { installFlux, startFlux } from '../controlplane/flux.ts'
import { installTekton } from '../controlplane/tekton.ts'
import { startStage } from './fixture.ts'
import { helmRelease } from './flux/helm-release.ts'
import { kustomization } from './flux/kustomization.ts'
import type { Scene } from './flux/scene.ts'

describe('beside Flux', () => {
  const resources = new AsyncDisposableStack()
  const scene = {} as Scene

  before(async () => {
    const stage = resources.use(await startStage())
    const { admin, cp } = stage
    await Promise.all([installTekton(admin), installFlux(admin)])
    const [helm, kustomize] = await Promise.all([
      startFlux(cp, 'helm-controller'),
      startFlux(cp, 'kustomize-controller'),
    ])
    resources.use(helm)
    resources.use(kustomize)
    const artifacts = resources.use(await startArtifacts(admin))
    Object.assign(scene, { stage, admin, artifacts, helm, kustomize, operator: await stage.operator() })
  })
  after(() => resources.disposeAsync())

  describe('an object of Flux', { concurrency: true }, () => {
    kustomization(scene)
    helmRelease(scene)
  })
})
