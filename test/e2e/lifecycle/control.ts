import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { KubeObject } from '../../../src/api/object.ts'
import { metric } from '../../operator/process.ts'
import { momentOf, patienceMs, run, type Team } from '../fixture.ts'
import type { Scene } from './scene.ts'

type Ended = { code: number; stdout: string; stderr: string }

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

/** What was given up can be looked at and sent again, and what waits be dropped: by the operator's own command, or an annotation. */
export function control(scene: Scene): void {
  /** Runs the program to its end, beside the operator. */
  const carillon = (line: string): Promise<Ended> =>
    new Promise((resolve) => {
      const env = { PATH: process.env.PATH, CARILLON_DATA_DIR: scene.operator.dataDir }
      execFile(process.execPath, [main, ...line.split(' ')], { env, timeout: 60_000 }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
      )
    })

  const succeeds = async (line: string): Promise<Ended> => {
    const ended = await carillon(line)
    assert.equal(ended.code, 0, ended.stderr)
    return ended
  }

  const finished = { events: [{ kind: 'TaskRun', milestones: ['finished'] }] }

  /** A team whose sink has refused the ends of these runs. */
  async function refused(name: string, ...runs: string[]): Promise<Team> {
    const headers = { 'content-type': 'text/plain' }
    const answer = { kind: 'answer', status: 422, headers, body: `no such job: ${'x'.repeat(400)}` } as const
    const team = await scene.stage.team(name, { sink: { behaviour: answer } })
    await team.subscribe(finished)
    for (const one of runs) await run(scene.admin, name, one)
    await team.counts('EventSink', 'sink', ({ deadLettered }) => deadLettered === runs.length)
    team.server.behave({ kind: 'answer', status: 204 })
    return team
  }

  /** Asks for the sink's status until it is so: numbers are not written at once. */
  async function asked(team: Team, predicate: (object: KubeObject) => boolean): Promise<void> {
    const end = Date.now() + patienceMs
    for (let sink = await team.ask('EventSink', 'sink'); !predicate(sink); sink = await team.ask('EventSink', 'sink'))
      assert.ok(Date.now() < end, `waited in vain: ${JSON.stringify(sink.status)}`)
  }

  const isKept = (n: number) => (object: KubeObject) => object.status?.deadLetters === n

  it('lists dead letters, shows one, and sends it again under its id', async () => {
    const team = await refused('dead-letters', 'one', 'two')
    const list = await succeeds('deadletters list --sink dead-letters/sink')
    const [head, first, second, ...rest] = list.stdout.split('\n')
    assert.match(head ?? '', /^SEQ +SINK +SUBSCRIPTION +REASON +ATTEMPTS +AGE +TYPE +SUBJECT$/)
    assert.match(
      first ?? '',
      /^\d+ +dead-letters\/sink +dead-letters\/subscription +HTTP422 +1 +\d+s +dev\.carillon\.tekton\.taskrun\.finished\.v1 +taskrun\/one$/,
    )
    assert.match(second ?? '', / taskrun\/two$/)
    assert.deepEqual([rest, list.stderr], [[''], ''])

    const json = await succeeds('deadletters list --subscription dead-letters/subscription --since 10m -o json')
    const { items } = JSON.parse(json.stdout) as { items: { seq: number; id: string; time: string }[] }
    assert.deepEqual(
      items.map(({ id }) => id),
      team.server.received.map(({ id }) => id),
    )
    const seq = items[0]?.seq ?? assert.fail(json.stdout)

    const shown = (await succeeds(`deadletters show ${seq}`)).stdout
    assert.match(shown, /^Reason: +HTTP422$/m)
    assert.match(shown, /^Answer: +no such job: x+$/m)
    assert.equal(/^Answer: +(.*)$/m.exec(shown)?.[1]?.length, 256)
    assert.match(shown, /^Event:\n {2}\{\n {4}"specversion": "1\.0",$/m)
    const byId = JSON.parse((await succeeds(`deadletters show ${items[0]?.id} -o json`)).stdout)
    assert.deepEqual([byId.seq, byId.event.subject], [seq, 'taskrun/one'])

    const retried = await carillon(`deadletters retry ${seq} 999999999`)
    assert.equal(retried.stdout, '1 dead letter sent again\n')
    assert.deepEqual([retried.code, retried.stderr], [1, 'carillon: there is no dead letter 999999999\n'])
    const received = await team.received(3)
    assert.equal(received[2]?.id, items[0]?.id)
    await team.until('EventSink', 'sink', 'one dead letter to be kept', isKept(1))
    const counts = await team.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 1)
    assert.deepEqual([counts.matched, counts.deadLettered, counts.pending], [2, 2, 0])

    assert.equal((await succeeds('deadletters retry --sink dead-letters/sink')).stdout, '1 dead letter sent again\n')
    await team.received(4)
    const none = await succeeds('deadletters list --sink dead-letters/sink')
    assert.deepEqual([none.stdout, none.stderr], ['', 'no dead letters found\n'])
  })

  it('sends dead letters again when forceAt asks for it, once', async () => {
    const team = await refused('forced', 'one')
    await force('EventSubscription', 'subscription', 'first')
    await team.received(2)
    await team.until('EventSubscription', 'subscription', 'forceAt to be answered', answered('first'))
    team.server.behave({ kind: 'answer', status: 400 })
    await run(scene.admin, team.namespace, 'two')
    await team.counts('EventSink', 'sink', ({ deadLettered }) => deadLettered === 2)
    // The same value once more, with another spec: nothing is sent for it.
    await team.subscription('subscription', { ...finished, extensions: { team: 'payments' } })
    await team.ready()
    team.server.behave({ kind: 'answer', status: 204 })
    await force('EventSink', 'sink', 'second')
    await team.until('EventSink', 'sink', 'forceAt to be answered', answered('second'))
    const received = await team.received(4)
    assert.deepEqual(received.map(momentOf), [
      'taskrun/one finished',
      'taskrun/one finished',
      'taskrun/two finished',
      'taskrun/two finished',
    ])
    assert.equal(new Set(received.map(({ id }) => id)).size, 2)

    async function force(kind: 'EventSink' | 'EventSubscription', name: string, value: string): Promise<void> {
      const annotations = { 'reconcile.fluxcd.io/requestedAt': value, 'reconcile.fluxcd.io/forceAt': value }
      await scene.admin.mergePatch('carillon.dev/v1alpha1', kind, team.namespace, name, { metadata: { annotations } })
    }
    function answered(value: string) {
      return (object: KubeObject) => object.status?.lastHandledForceAt === value
    }
  })

  it('keeps no more dead letters than the sink says, and counts those that go', async () => {
    const team = await refused('superfluous', 'one', 'two', 'three')
    await asked(team, isKept(3))
    await team.sink('sink', {}, { deadLetters: { max: 1 } })
    await asked(team, isKept(1))
    const list = await succeeds('deadletters list --sink superfluous/sink -o yaml')
    assert.deepEqual(list.stdout.match(/subject: .*/g), ['subject: taskrun/three'])
    assert.ok((await metric(scene.operator, 'carillon_dead_letters_expired_total')) >= 2)
  })

  it('replays what is still there, under the same ids and in order, to the sinks of one subscription', async () => {
    const { admin, stage } = scene
    const team = await stage.team('replayed')
    await team.subscribe({ events: [{ kind: 'TaskRun' }] })
    await team.subscription('beside')
    await team.ready('beside')
    for (const name of ['one', 'two']) await run(admin, team.namespace, name)
    await team.received(8)
    await team.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 4)
    const before = team.server.received.filter(({ subscription }) => subscription === 'replayed/subscription')

    const dry = await succeeds('replay --subscription replayed/subscription --since 1h --dry-run')
    assert.equal(dry.stdout, 'replayed/subscription: 4 events of 2 objects and 0 dead letters would be sent again\n')
    const replay = await succeeds('replay --subscription replayed/subscription --since 1h')
    assert.equal(replay.stdout, 'replayed/subscription: 4 events of 2 objects and 0 dead letters sent again\n')
    assert.match(replay.stderr, /^reading TaskRuns$/m)
    const received = (await team.received(12)).slice(8)
    assert.deepEqual(new Set(received.map(({ subscription }) => subscription)), new Set(['replayed/subscription']))
    for (const name of ['one', 'two']) {
      const of = (all: typeof received) => all.filter((one) => momentOf(one).startsWith(`taskrun/${name} `))
      assert.deepEqual(of(received).map(momentOf), [`taskrun/${name} started`, `taskrun/${name} finished`])
      assert.deepEqual(
        of(received).map(({ id }) => id),
        of(before).map(({ id }) => id),
      )
    }
    const counts = await team.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 8)
    assert.equal(counts.matched, 4)
    const nothing = await succeeds(
      'replay --subscription replayed/subscription --since 2020-01-01T00:00:00Z --until 2h',
    )
    assert.match(nothing.stdout, /: 0 events of 2 objects /)

    await team.subscription('subscription', { suspend: true })
    await team.condition('EventSubscription', 'subscription', 'Ready', { reason: 'Suspended' })
    const suspended = await carillon('replay --subscription replayed/subscription --since 1h')
    assert.deepEqual(
      [suspended.code, suspended.stderr],
      [1, 'carillon: replayed/subscription is suspended: nothing is matched until spec.suspend is false\n'],
    )
    const missing = await carillon('replay --subscription replayed/none --since 1h')
    assert.match(missing.stderr, /^carillon: there is no EventSubscription replayed\/none /)
  })

  it('sends a sink a test event, past what waits, and tells what came of it', async () => {
    const { admin, stage } = scene
    const team = await stage.team('sink-tests')
    await team.secret('qe', { token: 't0k-Wq7vB2' })
    await team.subscribe({}, { mode: 'batch', auth: { bearer: { secretRef: { name: 'qe' } } } }, { suspend: true })
    await team.ready()
    await run(admin, team.namespace, 'one')
    await team.counts('EventSink', 'sink', ({ pending }) => pending === 2)
    team.server.behave(({ headers }) => {
      const answer = { kind: 'answer', headers: { 'content-type': 'text/plain' } } as const
      return { ...answer, status: 200, body: `thank you for ${headers.authorization}` }
    })
    const tested = await succeeds('sinks test sink-tests/sink')
    assert.match(tested.stdout, /^answer +ok +HTTP 200$/m)
    assert.match(tested.stdout, /^Answer: +thank you for \*\*\*$/m)
    assert.match(tested.stderr, /^EventSink sink-tests\/sink is suspended/)
    const [event, ...more] = await team.received(1)
    assert.deepEqual([more, event?.headers.authorization, event?.subscription], [[], 'Bearer t0k-Wq7vB2', ''])
    const [told] = JSON.parse(event?.body ?? '') as { type: string; source: string; subject: string }[]
    assert.deepEqual([told?.type, told?.subject], ['dev.carillon.test.v1', 'eventsink/sink'])
    assert.match(told?.source ?? '', /^\/clusters\/[-0-9a-f]{36}\/carillon$/)

    team.server.behave({ kind: 'answer', status: 404 })
    const failed = await carillon('sinks test sink-tests/sink -o json')
    assert.equal(failed.code, 1)
    assert.match(failed.stderr, /^carillon: sink-tests\/sink: answer failed \(NotFound\): .*To do: correct the path/m)
    assert.deepEqual([JSON.parse(failed.stdout).ok, JSON.parse(failed.stdout).status], [false, 404])
    const none = await carillon('sinks test sink-tests/none')
    assert.deepEqual(
      [none.code, none.stderr],
      [1, 'carillon: there is no EventSink sink-tests/none that this operator serves\n'],
    )
    const { delivered, retried, pending } = await team.counts('EventSink', 'sink', () => true)
    assert.deepEqual([delivered, retried, pending], [0, 0, 2])
  })

  it('drops what waits for a sink when told to with --yes, and the status says so at once', async () => {
    const { admin, operator, stage } = scene
    const team = await stage.team('purged')
    await team.subscribe({}, {}, { suspend: true })
    await team.subscription('beside')
    await team.ready('beside')
    for (const name of ['one', 'two']) await run(admin, team.namespace, name)
    await team.counts('EventSink', 'sink', ({ pending }) => pending === 8)
    const before = await metric(operator, 'carillon_dropped_total')
    const asked = await carillon('purge --subscription purged/subscription')
    assert.deepEqual([asked.code, asked.stdout], [2, ''])
    assert.equal(asked.stderr, 'carillon: 4 deliveries that wait would be dropped for good: say so with --yes\n')
    const dropped = await succeeds('purge --subscription purged/subscription --dead-letters --yes')
    assert.equal(dropped.stdout, 'dropped 4 deliveries that wait and 0 dead letters\n')
    const isDropped = (n: number) => (object: KubeObject) =>
      (object.status?.counts as { dropped: number }).dropped === n
    await team.until('EventSink', 'sink', 'dropped to be told', isDropped(4))
    await team.until('EventSubscription', 'subscription', 'dropped to be told', isDropped(4))
    assert.ok((await metric(operator, 'carillon_dropped_total')) - before >= 4)
    assert.equal((await succeeds('purge --sink purged/sink --yes')).stdout, 'dropped 4 deliveries that wait\n')
    await team.sink()
    await run(admin, team.namespace, 'three')
    const received = await team.received(4)
    assert.ok(received.every((one) => momentOf(one).startsWith('taskrun/three ')))
  })
}
