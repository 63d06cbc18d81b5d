// Real Tekton takes real runs to their ends, while the operator's connections are cut again and again: what the objects
// themselves show at the end is what must have been delivered, once.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type KubeObject, keyOf } from '../../src/api/object.ts'
import { validate } from '../../src/formats/cdevents/validate.ts'
import { formats } from '../../src/formats/index.ts'
import { defaultOptions } from '../../src/formats/options.ts'
import { sources } from '../../src/sources/index.ts'
import type { Milestone, Source } from '../../src/sources/source.ts'
import { startKubelet } from '../controlplane/kubelet.ts'
import { startProxy } from '../controlplane/proxy.ts'
import { perform, scenarios, versionOf } from '../controlplane/scenarios.ts'
import type { Received } from '../controlplane/sink.ts'
import { startTekton } from '../controlplane/tekton.ts'
import { optionsOf } from '../formats/mapping/official.ts'
import { metric, type OperatorProcess } from '../operator/process.ts'
import { momentOf, type Stage, startStage, type Team, toLoopback, typeOf } from './fixture.ts'
import { declared } from './tekton/declared.ts'

const kinds = Object.values(sources).filter(({ family }) => family === 'tekton')
const everything = kinds.map(({ kind, catalogue }) => ({ kind, milestones: catalogue.map(({ name }) => name) }))
const everyForm = { formats: ['cloudevents', 'cdevents', 'tektonv1', 'tektonv2'] as const }

const chained = { formats: ['cdevents'], cdevents: { specVersion: '0.5.1' }, events: everything } as const

/** As Pipelines as Code creates a run: with the commit that it is for. */
const forCommit = scenarios
  .filter(({ name }) => name === 'several-tasks' || name === 'custom-run')
  .map((scenario) => ({
    ...scenario,
    name: `commit-${scenario.name}`,
    annotations: {
      'pipelinesascode.tekton.dev/repo-url': 'https://git.example.com/team-a/app',
      'pipelinesascode.tekton.dev/sha': '6feccf53bf4a89e8293eadf3d69cfe49d3244f2d',
    },
  }))

/** How the runs end, in Carillon's words; `run/task` are the runs of a pipeline's tasks. */
const outcomes: Record<string, string> = {
  'several-tasks': 'success',
  'skipped-task': 'success',
  matrix: 'success',
  'failing-task': 'failure',
  'failing-task/unit': 'failure',
  'failing-task/notify': 'success',
  cancelled: 'cancelled',
  'cancelled/endless': 'cancelled',
  'timed-out': 'timeout',
  'timed-out/endless': 'cancelled',
  retried: 'success',
  'retried/flaky': 'success',
  'pending-released': 'success',
  'pending-cancelled': 'cancelled',
  'custom-run': 'success',
  'custom-run/approve': 'success',
  'lone-results': 'success',
  'slow-steps': 'success',
  'lone-timed-out': 'timeout',
}

type Shown = { object: KubeObject; source: Source; milestones: readonly Milestone[] }

describe('events of real runs', () => {
  const resources = new AsyncDisposableStack()
  let stage: Stage
  let proxy: Awaited<ReturnType<typeof startProxy>>
  let team: Team
  let operator: OperatorProcess
  let shown: Shown[]
  let cuts = 0

  before(async () => {
    stage = resources.use(await startStage())
    resources.use(await startTekton(stage.cp))
    resources.use(startKubelet(stage.admin))
    proxy = resources.use(await startProxy(stage.cp.url))
    operator = await stage.operator({ server: proxy.url, args: toLoopback })
    team = await stage.team('scenarios')
    await team.sink()
    await team.subscription('everything', { events: everything })
    await team.subscription('every-form', everyForm)
    await team.subscription('chained', chained)
    for (const name of ['everything', 'every-form', 'chained']) await team.ready(name)

    const cutting = cutOften()
    const played = [...scenarios, ...forCommit]
    const runs = await Promise.all(played.map((scenario) => perform(stage.admin, scenario, team.namespace)))
    assert.equal(runs.length, played.length)
    await cutting
    await allEnded()
    shown = await readRuns()
  })
  after(() => resources.disposeAsync())

  /** Cuts every connection of the operator each time that some more events have come through. */
  async function cutOften(): Promise<void> {
    for (const count of [1, 10, 25, 45, 70, 100, 150]) {
      await team.received(count)
      proxy.severAll()
      cuts += 1
    }
  }

  /** The runs of a pipeline's tasks may end after the pipeline's own. */
  async function allEnded(): Promise<void> {
    for (const { source, object } of await readRuns()) {
      const { name } = object.metadata
      const version = versionOf[source.kind as keyof typeof versionOf]
      const path = await stage.admin.path(version, source.kind, team.namespace, name)
      await stage.admin.waitFor(path, (run) => source.endedAt(run) !== undefined, { what: `${name} to end` })
    }
  }

  async function readRuns(): Promise<Shown[]> {
    const lists = kinds.map(async (source) => {
      const version = versionOf[source.kind as keyof typeof versionOf]
      const objects = await stage.admin.list(version, source.kind, team.namespace)
      return objects.map((one) => {
        const object = { ...one, apiVersion: version, kind: source.kind }
        return { object, source, milestones: source.milestones(object) }
      })
    })
    return (await Promise.all(lists)).flat()
  }

  const to = (name: string): Received[] =>
    team.server.received.filter(({ subscription }) => subscription === `${team.namespace}/${name}`)

  /** The ids of the events that the objects, as they are at the end, lead to. */
  function expected(
    format: keyof typeof formats,
    wants: (kind: Source['catalogue'][number]) => boolean,
    options = defaultOptions,
  ): Map<string, string> {
    const cluster = { uri: '/clusters/test', urlOf: () => 'https://example.com' }
    const ids = new Map<string, string>()
    for (const { object, source, milestones } of shown) {
      const wanted = new Set(source.catalogue.filter(wants).map(({ name }) => name))
      for (const milestone of milestones.filter(({ name }) => wanted.has(name))) {
        const input = { source, object, milestone, content: 'summary', options, cluster } as const
        for (const { id, type } of formats[format].encode(input).events)
          ids.set(id, `${source.kind} ${keyOf(object)} ${type}`)
      }
    }
    return ids
  }

  const missing = (of: Map<string, string>, received: Received[]): string[] => {
    const ids = new Set(received.map(({ id }) => id))
    return [...of].filter(([id]) => !ids.has(id)).map(([, what]) => what)
  }

  it('all come, each once, though every watch was cut many times', async () => {
    const derived = expected('cloudevents', ({ class: of }) => of === 'derived')
    await team.received(() => missing(derived, to('everything')).length === 0, `all of ${derived.size} events`)
    const events = to('everything')
    assert.equal(new Set(events.map(({ id }) => id)).size, events.length, 'an event came twice')
    const others = events.filter(({ id }) => !derived.has(id)).map((one) => typeOf(one).split('.').at(-2))
    assert.deepEqual([...new Set(others)].sort(), ['changed', 'running', 'unknown'])
    assert.equal(cuts, 7)
    assert.ok((await metric(operator, 'carillon_watch_failures_total')) > 0)
  })

  it('come in every form, with the ids that other subscriptions get', async () => {
    for (const format of everyForm.formats) {
      const wanted = expected(format, (row) => row.default)
      assert.ok(wanted.size > 0)
      await team.received(() => missing(wanted, to('every-form')).length === 0, `all ${wanted.size} of ${format}`)
    }
    const wanted = new Map(everyForm.formats.flatMap((format) => [...expected(format, (row) => row.default)]))
    const events = to('every-form')
    assert.deepEqual(
      events.filter(({ id }) => !wanted.has(id)).map((one) => `${one.headers['ce-subject']} ${typeOf(one)}`),
      [],
      'not asked for',
    )
    assert.equal(new Set(events.map(({ id }) => id)).size, events.length, 'an event came twice')
    const own = to('every-form').filter((one) => typeOf(one).startsWith('dev.carillon.'))
    const bodies = new Map(to('everything').map(({ id, body }) => [id, body]))
    for (const { id, body } of own)
      assert.equal(JSON.parse(body).milestone.name, JSON.parse(bodies.get(id) ?? '').milestone.name)
  })

  it('come in the order of each run’s life', () => {
    for (const { source, object, milestones } of shown) {
      const subject = `${source.kind.toLowerCase()}/${object.metadata.name}`
      const moments = to('everything').filter((one) => one.headers['ce-subject'] === subject)
      const known = new Set(source.catalogue.filter((row) => row.class === 'derived').map(({ name }) => name))
      const names = moments.map((one) => momentOf(one).split(' ')[1] ?? '').filter((name) => known.has(name))
      const inOrder = milestones.toSorted((a, b) => a.rank - b.rank).map(({ name }) => name)
      assert.deepEqual(names, inOrder, subject)
      const ends = moments.findIndex((one) => momentOf(one).endsWith(' finished'))
      assert.equal(ends, moments.length - 1, `${subject}: something came after its end`)
      const sequences = moments.map((one) => String(one.headers['ce-sequence']))
      assert.deepEqual(sequences, sequences.toSorted(), `${subject}: ${moments.map(momentOf)}`)
    }
  })

  it('tell how each run ended, what was tried again and what was skipped', () => {
    const found = new Map(
      to('everything')
        .filter((one) => momentOf(one).endsWith(' finished'))
        .map((one) => [nameOf(JSON.parse(one.body)), one.headers['ce-outcome']]),
    )
    for (const [name, outcome] of Object.entries(outcomes)) assert.equal(found.get(name), outcome, name)
    const details = (milestone: string) =>
      to('everything')
        .filter((one) => momentOf(one).endsWith(` ${milestone}`))
        .map((one) => JSON.parse(one.body) as Summary)
        .map((summary) => `${nameOf(summary)} ${Object.values(summary.milestone.details ?? {}).join(' ')}`)
        .sort()
    assert.deepEqual(details('retried'), ['retried/flaky 1 failure'])
    assert.deepEqual(details('skipped'), ['failing-task publish', 'skipped-task only-on-main'])
  })

  it('are CDEvents 0.5.1 in chains, linked from the start of a PipelineRun to the end of what it ran', async () => {
    const derived = expected('cdevents', ({ class: of }) => of === 'derived', optionsOf('0.5.1').options)
    await team.received(() => missing(derived, to('chained')).length === 0, `all of ${derived.size} CDEvents`)
    const events = to('chained').map(({ body }) => JSON.parse(body) as CDEvent)
    for (const event of events) assert.deepEqual(validate(event, 'sdk-go'), [])
    const byId = new Map(events.map((event) => [event.context.id, event]))
    for (const { object } of shown) {
      const { name, uid, labels = {} } = object.metadata
      const own = events.filter(({ customData }) => customData.tekton.metadata.uid === uid)
      const [chain, ...others] = new Set(own.map(({ context }) => context.chainId))
      assert.deepEqual(others, [], `${name} has two chains`)
      const commit = name.startsWith('commit-') && '1c7e7e9d-d6e0-5a75-8a93-bb9a0076129a'
      assert.equal(chain, commit || (labels['tekton.dev/pipelineRunUID'] ?? uid), name)
      const isPart = labels['tekton.dev/pipelineRunUID'] !== undefined
      for (const { context, subject } of own) {
        const [link, ...more] = context.links ?? []
        // What begins a chain has nothing before it.
        if (!link && !isPart && !/finished/.test(context.type)) continue
        const from = byId.get(link?.from.contextId ?? '')
        assert.ok(from && more.length === 0, `${name} ${context.type}: from an event that never came`)
        assert.equal(from.context.chainId, chain)
        assert.ok([subject.id, subject.content.pipelineRun?.id].includes(from.subject.id), `${name} ${context.type}`)
      }
    }
    const outcomesOf = (name: string) =>
      events
        .filter(({ subject }) => subject.id.endsWith(`/${name}`))
        .flatMap(({ subject }) => subject.content.outcome ?? [])
    assert.deepEqual(['failing-task', 'cancelled', 'timed-out', 'retried'].map(outcomesOf), [
      ['failure'],
      ['cancel'],
      ['error'],
      ['success'],
    ])
    const { invalid } = await team.counts(
      'EventSubscription',
      'chained',
      (counts) => counts.delivered === events.length,
    )
    assert.equal(invalid, 0)
  })

  it('are all counted, and nothing unexpected happened', async () => {
    const { delivered, matched, pending } = await team.counts(
      'EventSubscription',
      'everything',
      (counts) => counts.delivered === to('everything').length,
    )
    assert.deepEqual([matched, pending], [delivered, 0])
    assert.deepEqual(
      operator.log.filter(({ level }) => level === 'error'),
      [],
    )
  })

  declared(() => stage)
})

type CDEvent = {
  context: { id: string; type: string; chainId: string; links?: { from: { contextId: string } }[] }
  subject: { id: string; content: { outcome?: string; pipelineRun?: { id: string } } }
  customData: { tekton: { metadata: { uid: string } } }
}

type Summary = {
  name: string
  labels?: Record<string, string>
  milestone: { name: string; details?: Record<string, string | number> }
}

/** `run`, or `run/task` for what a pipeline made. */
function nameOf({ name, labels = {} }: Summary): string {
  const run = labels['tekton.dev/pipelineRun']
  return run === undefined ? name : `${run}/${labels['tekton.dev/pipelineTask']}`
}
