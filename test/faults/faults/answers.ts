// Sinks that answer, but not with a 2xx.
import { setTimeout as delay } from 'node:timers/promises'
import type { EventSink } from '../../../src/api/generated.ts'
import type { Fault } from '../fault.ts'
import { applySink, begin, concurrency, retry, untilCondition } from '../layout.ts'
import type { Scene } from '../scene.ts'
import { answering, type Rule, taking } from '../sinks/behaviour.ts'
import { behave, caughtUp, requests, underLoad, unless } from '../verbs.ts'

export const serverErrors: Fault = {
  id: 'F2',
  title: 'all sinks answer 500 for five seconds',
  cost: { recoveryMs: 5000 },
  seconds: 15,
  async run(scene) {
    await begin(scene)
    return underLoad(scene, async () => {
      await behave(scene, scene.sinkKeys, answering(500))
      const ms = scene.lasting(5000, 2000)
      await delay(ms)
      await behave(scene, scene.sinkKeys, taking)
      return `all sinks answered 500 for ${ms / 1000} s`
    })
  },
}

/** What is asked for, and for how long it must be obeyed: `maxDelay` is 4 s. */
const asked: { sink: string; status: number; value: () => string; obeyedMs: number }[] = [
  { sink: 'a/one', status: 429, value: () => '3', obeyedMs: 3000 },
  { sink: 'a/two', status: 503, value: () => new Date(Date.now() + 4000).toUTCString(), obeyedMs: 3000 },
  { sink: 'b/one', status: 503, value: () => '1000000000', obeyedMs: 4000 },
  { sink: 'b/two', status: 429, value: () => '-5, soon', obeyedMs: 0 },
]

export const retryAfter: Fault = {
  id: 'F3',
  title: 'sinks ask to be left alone: seconds, a date, ten to the ninth, nonsense',
  cost: { recoveryMs: 10_000 },
  seconds: 20,
  async run(scene) {
    await begin(scene, { sink: { retry: { ...retry, maxDelay: '4s' } } })
    const key = (sink: string) => `${scene.name}-${sink}`
    const wrong: string[] = []
    const ran = await underLoad(scene, async () => {
      const from = Date.now()
      for (const { sink, status, value } of asked)
        await behave(scene, [key(sink)], answering(status, { headers: { 'retry-after': value() } }))
      await delay(6000)
      await behave(scene, scene.sinkKeys, taking)
      for (const { sink, obeyedMs } of asked) wrong.push(...early(scene, key(sink), from, obeyedMs))
      wrong.push(
        ...unless(
          requests(scene, `${scene.name}-admin/all`, from, Date.now()).length > 0,
          'the sink beside them got nothing',
        ),
      )
      return 'four sinks asked by Retry-After to be left alone for 3 s, until a date, for 10⁹ s, and nonsense'
    })
    return { ...ran, wrong }
  },
}

/** Requests after the first answer that asked for rest, and before its end, but for those under way when it was given. */
function early(scene: Scene, key: string, from: number, obeyedMs: number): string[] {
  const all = requests(scene, key, from, Date.now())
  const first = all.find((one) => !one.taken)
  if (!first) return [`${key} got no request at all`]
  const begun = all.filter((one) => one.at >= first.at && one.at <= first.at + 1000)
  const after = all.filter((one) => one.at > first.at + 1000 && one.at < first.at + obeyedMs - 500)
  return [
    ...unless(after.length === 0, `${after.length} requests to ${key} while it was to be left alone`),
    ...unless(obeyedMs === 0 || begun.length <= concurrency, `${begun.length} requests to ${key} at once`),
  ]
}

const refusing = [400, 405, 406, 409, 413, 414, 415, 422, 431, 451]

export const terminal: Fault = {
  id: 'F4',
  title: 'sinks refuse single events for good',
  cost: (sizes) => ({ deadLettered: refusing.length * 3 * 4 * sizes.scaled(4), recoveryMs: 5000 }),
  seconds: 12,
  async run(scene) {
    const rules = refusing.map((status): Rule => ({ subject: `refused-${status}`, mode: { kind: 'status', status } }))
    await begin(scene, { behaviour: { ...taking, rules } })
    const each = scene.scaled(4)
    for (const status of refusing) await scene.load.burst(`refused-${status}`, each, scene.tenants)
    await scene.load.burst('run', scene.scaled(100), scene.tenants)
    return {
      healedAt: Date.now(),
      did: `sinks answered ${refusing.join(', ')} to ${refusing.length * each * 3} milestones of ${(refusing.length * each + scene.scaled(100)) * 3}`,
    }
  },
}

export const held: Fault = {
  id: 'F4-hold',
  title: 'sinks answer 401, 403, 404 and 407, one after the other',
  cost: { recoveryMs: 5000 },
  seconds: 14,
  async run(scene) {
    await begin(scene)
    const reasons = { 401: 'Unauthorized', 403: 'Forbidden', 404: 'NotFound', 407: 'ProxyAuthenticationRequired' }
    return underLoad(scene, async () => {
      for (const [status, expected] of Object.entries(reasons)) {
        await behave(scene, scene.sinkKeys, answering(Number(status)))
        await delay(scene.lasting(1500, 600))
        const fits = ({ status: is, reason }: { status: string; reason: string }) =>
          is === 'False' && reason === expected
        for (const key of scene.sinkKeys) await untilCondition(scene, 'EventSink', key, 'Delivering', fits, 5000)
      }
      await behave(scene, scene.sinkKeys, taking)
      return `all sinks answered ${Object.keys(reasons).join(', ')}, one after the other`
    })
  },
}

export const goneForGood: Fault = {
  id: 'F5',
  title: 'a sink answers 410 until its spec is changed, over a restart',
  cost: { recoveryMs: 5000 },
  seconds: 15,
  async run(scene) {
    await begin(scene)
    const key = `${scene.name}-a/one`
    const wrong: string[] = []
    const ran = await underLoad(scene, async () => {
      await behave(scene, [key], answering(410))
      await untilCondition(
        scene,
        'EventSink',
        key,
        'Delivering',
        ({ status, reason }) => status === 'False' && reason === 'Gone',
      )
      const from = Date.now()
      await delay(scene.lasting(4000, 1500))
      const after = requests(scene, key, from, Date.now())
      wrong.push(...unless(after.length === 0, `${after.length} requests after 410`))
      // That it is gone is known to the next process as well.
      await scene.operator.stop()
      await scene.operator.start()
      await delay(scene.lasting(3000, 1500))
      const later = requests(scene, key, from, Date.now())
      wrong.push(...unless(later.length === 0, `${later.length} requests after 410 and a restart`))
      await behave(scene, [key], taking)
      const { spec } = (await scene.admin.get(
        'carillon.dev/v1alpha1',
        'EventSink',
        `${scene.name}-a`,
        'one',
      )) as EventSink
      await applySink(scene, key, { ...spec, http: { ...spec.http, timeout: '3s' } })
      return 'a sink answered 410, the operator was started again, then the spec was changed'
    })
    return { ...ran, wrong }
  },
}

export const redirects: Fault = {
  id: 'F6',
  title: 'a sink redirects elsewhere',
  cost: { recoveryMs: 5000 },
  seconds: 10,
  async run(scene) {
    await begin(scene)
    const trap = await scene.sinks.open('trap/trap')
    const key = `${scene.name}-b/two`
    const wrong: string[] = []
    const ran = await underLoad(scene, async () => {
      for (const status of [301, 302, 303, 307, 308]) {
        await behave(scene, [key], answering(status, { headers: { location: `http://127.0.0.1:${trap.port}/trap` } }))
        await delay(500)
      }
      await untilCondition(scene, 'EventSink', key, 'Delivering', ({ reason }) => reason === 'Redirected')
      await behave(scene, [key], taking)
      wrong.push(...unless(requests(scene, 'trap/trap', 0, Date.now()).length === 0, 'a redirect was followed'))
      return 'a sink answered 301, 302, 303, 307 and 308'
    })
    await caughtUp(scene)
    return { ...ran, wrong }
  },
}
