// Konflux's resources under its own CRDs: the operator is a real process with the rights of the chart; the parts of Konflux's controllers
// are played by the test.
import { after, before, describe } from 'node:test'
import { installTekton } from '../controlplane/tekton.ts'
import { startStage, toLoopback } from './fixture.ts'
import { konfluxCrds, needsKonflux } from './konflux/data.ts'
import { lasting } from './konflux/lasting.ts'
import { others } from './konflux/others.ts'
import { replay } from './konflux/replay.ts'
import { rows } from './konflux/rows.ts'
import type { Scene } from './konflux/scene.ts'

describe('Konflux', needsKonflux, () => {
  const resources = new AsyncDisposableStack()
  const scene = {} as Scene

  before(async () => {
    const stage = resources.use(await startStage())
    await Promise.all([installTekton(stage.admin), stage.admin.apply(konfluxCrds())])
    const operator = await stage.operator({ args: toLoopback })
    Object.assign(scene, { stage, operator })
  })
  after(() => resources.disposeAsync())

  if (needsKonflux.skip) return
  lasting(scene)
  others(scene)
  replay(scene)
})

rows()
