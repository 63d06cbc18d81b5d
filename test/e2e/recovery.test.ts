// Operators that lose their disk, are away, or are replaced by others, one after the other on one control plane.
import { after, before, describe } from 'node:test'
import { installTekton } from '../controlplane/tekton.ts'
import { startStage } from './fixture.ts'
import { archive } from './recovery/archive.ts'
import { away } from './recovery/away.ts'
import { loss } from './recovery/loss.ts'
import { releases } from './recovery/releases.ts'
import type { Scene } from './recovery/scene.ts'
import { unwatched } from './recovery/unwatched.ts'

describe('what is left of an earlier life', () => {
  const resources = new AsyncDisposableStack()
  const scene = {} as Scene

  before(async () => {
    const stage = resources.use(await startStage())
    await installTekton(stage.admin)
    await stage.admin.createNamespace('platform')
    Object.assign(scene, { stage, admin: stage.admin })
  })
  after(() => resources.disposeAsync())

  loss(scene)
  away(scene)
  releases(scene)
  archive(scene)
  unwatched(scene)
})
