// Tekton's own events controller (v1.12) and the operator tell of the same real runs, each to a receiver of its own.
import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { tektonv1 } from '../../src/formats/tekton/tektonv1.ts'
import { startKubelet } from '../controlplane/kubelet.ts'
import { richScenarios } from '../controlplane/rich-scenarios.ts'
import { perform, scenarios, type versionOf } from '../controlplane/scenarios.ts'
import { type Received, type Sink, startSink } from '../controlplane/sink.ts'
import { startTekton, startTektonEvents } from '../controlplane/tekton.ts'
import { recordVersions, type Versions } from '../controlplane/versions.ts'
import { input, milestone, sourceOf } from '../formats/runs.ts'
import { withoutWhatStays } from '../formats/tekton/oracle.ts'
import { createRun, type Stage, startStage, type Team, toLoopback, typeOf } from './fixture.ts'

type Kind = keyof typeof versionOf

/** An event of either sender; `run` is `Kind/name`, `word` what its type says of it. */
type Told = { run: string; word: string; type: string; subject: string; source: string; version: string; data: Data }
type Data = Record<string, KubeObject>

/** All that Tekton has types for, as it sends them. */
const asTekton = {
  formats: ['tektonv1'],
  tekton: { mode: 'once', source: 'classic' },
  events: [
    { kind: 'TaskRun', milestones: ['queued', 'started', 'running', 'unknown', 'finished'] },
    { kind: 'PipelineRun', milestones: ['queued', 'started', 'running', 'unknown', 'finished'] },
    { kind: 'CustomRun', milestones: ['started', 'running', 'finished'] },
  ],
}
/** Each change, of runs as they are stored, from their paths in the API. */
const asBefore = { ...asTekton, formats: ['tektonv2'], tekton: { mode: 'eachChange' } }

const ends = new Set(['successful', 'failed'])

describe('beside Tekton’s own events controller', () => {
  const resources = new AsyncDisposableStack()
  let stage: Stage
  let team: Team
  let receiver: Sink
  let versions: Versions
  let tekton: Told[]
  let ours: Told[]
  let before1_12: Told[]

  before(async () => {
    stage = resources.use(await startStage())
    const { cp, admin } = stage
    resources.use(await startTekton(cp))
    resources.use(startKubelet(admin))
    receiver = resources.use(await startSink())
    await admin.mergePatch('v1', 'ConfigMap', 'tekton-pipelines', 'config-events', { data: { sink: receiver.url } })
    resources.use(await startTektonEvents(cp))
    await stage.operator({ args: toLoopback })
    team = await stage.team('side-by-side')
    await admin.apply({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'builder', namespace: team.namespace },
    })
    await team.sink()
    await team.subscription('as-tekton', asTekton)
    await team.subscription('as-before', asBefore)
    await team.ready('as-tekton')
    await team.ready('as-before')
    await createRun(admin, 'default', 'probe', { kind: 'CustomRun' })
    await receiver.waitFor((all) => all.length > 0, { what: 'Tekton to send', timeoutMs: 60_000 })
    versions = resources.use(await recordVersions(admin, team.namespace))

    await Promise.all([...scenarios, ...richScenarios].map((one) => perform(admin, one, team.namespace)))
    // The runs of a pipeline's tasks may end after the pipeline's own.
    await versions.until((runs) => [...runs.values()].every(hasEnded), 'all runs to have ended')
    const isEnd = (one: Received) => ends.has(wordOf(one))
    const from = (name: string) => (one: Received) => one.subscription === `${team.namespace}/${name}`
    // It may lose one, and is not waited for then.
    const patience = { what: 'all ends, of Tekton', timeoutMs: 20_000 }
    await receiver.waitFor((all) => all.filter(isEnd).length >= versions.runs.size, patience).catch(console.error)
    for (const name of ['as-tekton', 'as-before'])
      await team.received(
        (all) => all.filter(from(name)).filter(isEnd).length === versions.runs.size,
        `all ends, ${name}`,
      )
    tekton = receiver.received.map(told).filter(({ data }) => namespaceOf(data) === team.namespace)
    ours = team.server.received.filter(from('as-tekton')).map(told)
    before1_12 = team.server.received.filter(from('as-before')).map(told)
  })
  after(() => resources.disposeAsync())

  it('Tekton’s events hold, to the last field, what tektonv1 makes of the same version of the run', () => {
    for (const { run, type, version, data } of tekton) {
      const object = versions.runs.get(run)?.find(({ metadata }) => metadata.resourceVersion === version)
      assert.ok(object, `${run} at ${version}`)
      const [event] = tektonv1.encode(input(object, milestone('started'))).events
      assert.deepEqual(JSON.parse(event?.data ?? ''), withoutWhatStays(data), `${type} of ${run}`)
    }
  })

  it('what both tell of one version of a run is equal: type, subject, source and data', (context) => {
    const pairs = tekton.flatMap((theirs) =>
      ours.filter((mine) => isSameMoment(theirs, mine)).map((mine) => [theirs, mine]),
    )
    for (const [theirs, mine] of pairs as [Told, Told][]) {
      assert.deepEqual({ ...mine, data: undefined }, { ...theirs, data: undefined })
      assert.deepEqual(mine.data, withoutWhatStays(theirs.data), mine.run)
    }
    context.diagnostic(
      `${pairs.length} of Tekton's ${tekton.length} events were taken at the same version of the run as ours`,
    )
    assert.ok(pairs.length > tekton.length / 2)
  })

  it('each run ends once, for Tekton in the same way', () => {
    const endsOf = (all: Told[]) => all.filter(({ word }) => ends.has(word)).map(({ run, word }) => `${run} ${word}`)
    assert.deepEqual(
      endsOf(ours)
        .map((end) => end.split(' ')[0])
        .sort(),
      [...versions.runs.keys()].sort(),
    )
    assert.deepEqual(
      endsOf(tekton).filter((end) => !endsOf(ours).includes(end)),
      [],
    )
  })

  it('what Tekton does not send, sends twice or late is what is documented', (context) => {
    context.diagnostic(`${versions.runs.size} runs`)
    const missing = surplus(ours, tekton)
    tell(context, 'not sent by Tekton', missing)
    tell(context, 'sent by Tekton more than once', repeated(tekton))
    tell(
      context,
      'sent by Tekton of a later state',
      tekton.filter((theirs) => isLate(theirs, ours)),
    )
    tell(context, 'sent by Tekton alone', surplus(tekton, ours))

    const runsOf = (all: Told[], word: string) => [
      ...new Set(all.filter((one) => one.word === word).map(({ run }) => run)),
    ]
    const isRun = (run: string) => !run.startsWith('CustomRun/')
    assert.deepEqual(
      runsOf(tekton, 'started').filter(isRun),
      [],
      'no TaskRun or PipelineRun is ever written as Started',
    )
    assert.deepEqual(
      runsOf(ours, 'started').sort(),
      having(versions, ({ status }) => status?.startTime !== undefined),
    )
    assert.deepEqual(runsOf(repeated(tekton), 'running'), [], 'running once a run, whatever its attempts')
    const again = [...versions.runs].filter(([, states]) => attemptsThatRan(states) > 1).map(([run]) => run)
    assert.deepEqual(runsOf(repeated(ours), 'running').sort(), again.sort())
    const rest = (all: Told[], ...words: string[]) =>
      all.filter(({ word }) => !words.includes(word)).map(({ run, type }) => `${type} ${run}`)
    assert.deepEqual(rest(repeated(tekton), 'unknown'), [], 'nothing but unknown comes twice')
    assert.deepEqual(rest(surplus(tekton, ours)), [], 'nothing comes from Tekton alone')
  })

  it('a CustomRun is started for Tekton while nobody has taken it up, for us once somebody has', () => {
    const first = (all: Told[], word: string) =>
      all.find((one) => one.run === 'CustomRun/custom-run-approve' && one.word === word)
    const conditionsOf = (one: Told | undefined) =>
      (one?.data.customRun?.status?.conditions ?? []) as { reason: string }[]
    assert.deepEqual(conditionsOf(first(tekton, 'started')), [])
    assert.equal(conditionsOf(first(ours, 'started'))[0]?.reason, 'Started')
    assert.equal(conditionsOf(first(ours, 'running'))[0]?.reason, 'Running')
  })

  it('in mode eachChange running comes with each change of the condition, as before v1.12', (context) => {
    const counts = new Map<string, number>()
    for (const { run, word } of before1_12) if (word === 'running') counts.set(run, (counts.get(run) ?? 0) + 1)
    const wanted = [...versions.runs].map(([run, states]): [string, number] => [
      run,
      run.startsWith('CustomRun/') ? Math.min(1, changesWhileRunning(states)) : changesWhileRunning(states),
    ])
    assert.deepEqual(new Map([...counts].sort()), new Map(wanted.filter(([, count]) => count > 0).sort()))
    for (const { run, version, source, data } of before1_12) {
      const object = versions.runs.get(run)?.find(({ metadata }) => metadata.resourceVersion === version)
      assert.ok(object, `${run} at ${version}`)
      const { group, version: api, plural } = sourceOf(object.kind)
      assert.equal(source, `/apis/${group}/${api}/namespaces/${team.namespace}/${plural}/${object.metadata.name}`)
      assert.deepEqual(Object.values(data), Object.values(withoutWhatStays({ run: object })), 'tektonv2 is as stored')
    }
    const most = Math.max(...counts.values())
    assert.ok(most > 2)
    context.diagnostic(`running came up to ${most} times a run`)
  })
})

const isSameStep = (one: Told, other: Told) => one.run === other.run && one.type === other.type
const isSameMoment = (one: Told, other: Told) => isSameStep(one, other) && one.version === other.version
const isLate = (theirs: Told, ours: Told[]) => {
  const mine = ours.filter((one) => isSameStep(theirs, one))
  return mine.length > 0 && mine.every(({ version }) => Number(version) < Number(theirs.version))
}
/** Of each step of a run those that the others do not tell as often. */
const surplus = (all: Told[], others: Told[]) =>
  all.filter((one, index) => {
    const before = all.slice(0, index).filter((other) => isSameStep(one, other)).length
    return before >= others.filter((other) => isSameStep(one, other)).length
  })
const repeated = (all: Told[]) => all.filter((one, index) => all.findIndex((other) => isSameStep(one, other)) < index)

function tell(context: TestContext, what: string, events: Told[]): void {
  const byWord = Map.groupBy(events, ({ run, word }) => `${run.split('/')[0]} ${word}`)
  const list = [...byWord].map(([word, of]) => `${word} ${of.length}`).sort()
  context.diagnostic(`${what}: ${list.join(', ') || 'nothing'}`)
}

const wordOf = (one: Received) => typeOf(one).split('.').at(-2) ?? ''

const kindOf: Record<string, Kind> = { taskRun: 'TaskRun', pipelineRun: 'PipelineRun', customRun: 'CustomRun' }

function told(one: Received): Told {
  const data = JSON.parse(one.body) as Data
  const [[key, { metadata }]] = Object.entries(data) as [[string, KubeObject]]
  return {
    run: `${kindOf[key]}/${metadata.name}`,
    word: wordOf(one),
    type: typeOf(one),
    subject: String(one.headers['ce-subject']),
    source: String(one.headers['ce-source']),
    version: metadata.resourceVersion,
    data,
  }
}

const namespaceOf = (data: Data) => Object.values(data)[0]?.metadata.namespace

const conditionOf = (run: KubeObject) =>
  ((run.status?.conditions ?? []) as { type: string; status: string; reason: string }[]).find(
    ({ type }) => type === 'Succeeded',
  )

const isRunning = (run: KubeObject) => conditionOf(run)?.status === 'Unknown' && conditionOf(run)?.reason === 'Running'

const having = ({ runs }: Versions, predicate: (state: KubeObject) => boolean) =>
  [...runs]
    .filter(([, states]) => states.some(predicate))
    .map(([run]) => run)
    .sort()

const attemptsThatRan = (states: readonly KubeObject[]) =>
  new Set(states.filter(isRunning).map(({ status }) => (status?.retriesStatus as object[] | undefined)?.length ?? 0))
    .size

/** What events.Emit would have sent up to v1.11: a condition that differs from the one before, with reason Running. */
function changesWhileRunning(states: readonly KubeObject[]): number {
  const conditions = states.map((state) => JSON.stringify(conditionOf(state)))
  return states.filter((state, index) => isRunning(state) && conditions[index] !== conditions[index - 1]).length
}

const hasEnded = (states: KubeObject[]) => {
  const last = states.at(-1)
  return last !== undefined && sourceOf(last.kind).endedAt(last) !== undefined
}
