// What was given up or lost at the receiver's side is sent again.
import type { Fault } from '../fault.ts'
import { apiVersion, begin } from '../layout.ts'
import type { Scene } from '../scene.ts'
import { answering, taking } from '../sinks/behaviour.ts'
import { tell } from '../told.ts'
import { arrived, behave, caughtUp, unless } from '../verbs.ts'

const deadLettersOf = async (scene: Scene): Promise<number> =>
  (await tell(scene))
    .filter(({ of }) => of === 'EventSubscription')
    .reduce((sum, { deadLettered }) => sum + deadLettered, 0)

export const deadLetters: Fault = {
  id: 'retry',
  title: 'dead letters are sent again, by annotation and by command',
  cost: { recoveryMs: 10_000 },
  seconds: 15,
  async run(scene) {
    await begin(scene)
    await behave(scene, scene.sinkKeys, {
      ...taking,
      rules: [{ subject: 'refused', mode: { kind: 'status', status: 422 } }],
    })
    const count = scene.scaled(60, 6)
    await scene.load.burst('refused', count, scene.tenants)
    await scene.load.burst('run', count, scene.tenants)
    for (const end = Date.now() + 60_000; (await deadLettersOf(scene)) < count * 12 && Date.now() < end; );
    await behave(scene, scene.sinkKeys, taking)
    const healedAt = Date.now()
    const [first = '', ...others] = scene.sinkKeys
    const at = String(healedAt)
    const annotations = { 'reconcile.fluxcd.io/requestedAt': at, 'reconcile.fluxcd.io/forceAt': at }
    const [namespace, name = ''] = first.split('/')
    await scene.admin.mergePatch(apiVersion, 'EventSink', namespace, name, { metadata: { annotations } })
    const said: string[] = []
    for (const key of others) said.push(await scene.operator.command('deadletters', 'retry', '--sink', key))
    await caughtUp(scene)
    return {
      healedAt,
      did: `${count * 12} dead letters were sent again`,
      // All of them are delivered after all: nothing may hide behind their number.
      counted: { deadLettered: -count * 12 },
      wrong: said.flatMap((line) => unless(/dead letters sent again/.test(line), line)),
    }
  },
}

export const replay: Fault = {
  id: 'replay',
  title: 'a receiver that lost everything has it sent again; killed in the middle, and asked once more',
  // Two replays of one subscription to one sink; `delivered` counts what is sent again, so it is no number of ids.
  cost: (sizes) => ({ repeats: 2 * 3 * sizes.scaled(100) + 20, counters: 'unknown', recoveryMs: 15_000 }),
  seconds: 15,
  async run(scene) {
    await begin(scene)
    const since = new Date(Date.now() - 60_000).toISOString()
    await scene.load.burst('run', 2 * scene.scaled(100), scene.tenants)
    await caughtUp(scene)
    const key = `${scene.name}-a/single`
    const ids = () => scene.sinks.arrivals().filter(({ subscription, taken }) => subscription === key && taken)
    const before = ids().length
    await behave(scene, [`${scene.name}-a/one`], answering(204, { delayMs: 20 }))
    await scene.operator.command('replay', '--subscription', key, '--since', since)
    await arrived(scene, () => ids().length > before + 5, 'some of the replay')
    await scene.operator.kill()
    await scene.operator.start()
    await behave(scene, [`${scene.name}-a/one`], taking)
    const healedAt = Date.now()
    for (let last = -1; last !== ids().length; await new Promise((resolve) => setTimeout(resolve, 1000)))
      last = ids().length
    const replayed = new Set(
      ids()
        .slice(before)
        .map(({ id }) => id),
    ).size
    return {
      healedAt,
      did: `${before} events of one subscription were asked for again, and the operator was killed in the middle`,
      notes: [`${replayed} came again`],
      wrong: unless(replayed === before, `${replayed} of ${before} came again`),
    }
  },
}

export const purge: Fault = {
  id: 'purge',
  title: 'what waits for a sink is purged',
  cost: { dropped: 'counted', recoveryMs: 10_000 },
  seconds: 10,
  async run(scene) {
    await begin(scene)
    const key = `${scene.name}-a/one`
    await scene.sinks.close(key)
    const count = scene.scaled(100)
    await scene.load.burst('run', count, scene.tenants)
    const waits = async () => (await tell(scene)).find((one) => one.of === 'EventSink' && one.key === key)?.pending ?? 0
    const due =
      6 *
      scene.truth.moments.filter(
        ({ namespace, milestone }) => namespace === `${scene.name}-a` && milestone === 'queued',
      ).length
    for (const end = Date.now() + 60_000; (await waits()) < due && Date.now() < end; );
    const said = await scene.operator.command('purge', '--sink', key, '--yes')
    await scene.sinks.open(key)
    await scene.load.burst('after', count, scene.tenants)
    return { healedAt: Date.now(), did: `purge of ${due} deliveries`, wrong: unless(said.startsWith('dropped'), said) }
  },
}
