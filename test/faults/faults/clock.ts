import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from '../fault.ts'
import { allReady, layOut } from '../layout.ts'
import { answering, taking } from '../sinks/behaviour.ts'
import { behave, underLoad } from '../verbs.ts'

const hour = 3_600_000

export const clock: Fault = {
  id: 'F19',
  title: "the operator's clock jumps an hour on, two back, and to the right time",
  cost: { recoveryMs: 8000 },
  seconds: 30,
  async run(scene) {
    await layOut(scene)
    const control = join(scene.directory, 'clock')
    writeFileSync(control, '0')
    const preload = new URL('../shifted-clock.ts', import.meta.url).href
    await scene.operator.start({ nodeFlags: ['--import', preload], env: { CLOCK_SHIFT_FILE: control } })
    await allReady(scene)
    return underLoad(scene, async () => {
      for (const shift of [hour, -hour, 0]) {
        // Retries are due when the clock jumps.
        await behave(scene, scene.sinkKeys, answering(503))
        await delay(1000)
        writeFileSync(control, String(shift))
        await delay(scene.lasting(2000, 1000))
        await behave(scene, scene.sinkKeys, taking)
        await delay(scene.lasting(3000, 1000))
      }
      return "the operator's clock jumped by an hour forth and back while sinks answered 503"
    })
  },
}
