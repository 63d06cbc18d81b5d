import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type Received, startSink } from '../../controlplane/sink.ts'
import { type Recipe, recipes } from '../../docs/recipes.ts'
import { at, conditionsOf, createRun, momentOf, patienceMs, run, running, type Team, writeStatus } from '../fixture.ts'
import type { Scene } from './scene.ts'

/** What events hold of an object: bodies of subscriptions' own, and parts that never leave. */
export function bodies(scene: Scene): void {
  it('sends every recipe of the docs to a receiver that holds it to what the product takes', async () => {
    const { stage, admin } = scene
    const team = await stage.team('recipes')
    await using started = new AsyncDisposableStack()
    const receivers = await Promise.all(recipes().map((recipe) => receive(team, recipe, started)))
    const labels = {
      'pipelines.appstudio.openshift.io/type': 'build',
      'pipelinesascode.tekton.dev/event-type': 'push',
      'tekton.dev/pipeline': 'build-shop',
    }
    await createRun(admin, team.namespace, 'good', { kind: 'PipelineRun', labels })
    await createRun(admin, team.namespace, 'bad', { kind: 'PipelineRun', labels })
    const results = [{ name: 'IMAGE_URL', value: 'registry.example.com/shop:1' }]
    const good = { ...ended('True', 'Completed', 'Tasks Completed: 1'), results }
    await writeStatus(admin, team.namespace, 'good', running(), 'PipelineRun')
    await writeStatus(admin, team.namespace, 'good', good, 'PipelineRun')
    await writeStatus(admin, team.namespace, 'bad', ended('False', 'Failed', 'step <b> & "c" failed'), 'PipelineRun')
    for (const { recipe, taken } of receivers) {
      const requests = await taken()
      assert.ok(requests.length >= 1, recipe.title)
      for (const { headers, id } of requests) {
        assert.deepEqual(
          Object.keys(headers).filter((name) => name.startsWith('ce-')),
          [],
        )
        assert.equal(headers['content-type'], 'application/json')
        assert.match(id, /^[0-9a-f-]{36}$/)
      }
    }
  })

  it('leaves out what is redacted, though filters go by it, and what never leaves', async () => {
    const { stage, admin } = scene
    const team = await stage.team('redacted', { sink: { behaviour: { kind: 'answer', status: 204 } } })
    const redact = ['/spec/params', '/metadata/labels/customer', '/status/conditions/0/message']
    const filter = 'object.spec.params[0].value == "canary" && milestone.name == "finished"'
    await team.sink()
    await team.subscription('full', { filter, data: { content: 'full', redact } })
    await team.subscription('tekton', { filter, formats: ['tektonv1'], data: { redact } })
    await team.subscription('parts', { filter, data: { include: ['/spec', '/metadata/annotations'], redact } })
    await team.subscription('body', { filter, data: { redact }, body: '{"all": [object, milestone, event]}' })
    for (const name of ['full', 'tekton', 'parts', 'body']) await team.ready(name)
    await createRun(admin, team.namespace, 'one', {
      labels: { customer: 'canary' },
      annotations: { 'example.com/api-token': 'canary', 'example.com/kept': 'kept' },
      spec: { params: [{ name: 'secret', value: 'canary' }] },
    })
    await writeStatus(admin, team.namespace, 'one', ended('True', 'Succeeded', 'canary'))
    const received = await team.received(4)
    for (const { body, headers, subscription } of received) {
      assert.ok(!JSON.stringify([body, headers]).includes('canary'), subscription)
      assert.ok(body.includes('kept'), subscription)
    }
  })

  it('holds up what can’t be compiled, tells what fails of a body, and sends the rest', async () => {
    const { stage, admin } = scene
    const team = await stage.team('bodies')
    await team.sink()
    await team.subscription('broken', { body: '{"text": milestone.nme}' })
    await team.subscription('half', {
      events: [{ kind: 'TaskRun', milestones: ['finished'] }],
      body: '{"team": object.metadata.labels.team}',
    })
    await team.ready('half')
    await team.condition('EventSubscription', 'broken', 'Stalled', {
      status: 'True',
      reason: 'BodyInvalid',
      message: /^body: line 1, column \d+: milestone has no field nme/,
    })
    await run(admin, team.namespace, 'without', { labels: { other: 'x' } })
    await team.condition('EventSubscription', 'half', 'FormatErrors', {
      status: 'True',
      reason: 'BodyFailed',
      message: /no such key: object\.metadata\.labels\.team/,
    })
    await run(admin, team.namespace, 'with', { labels: { team: 'a' } })
    const [event, ...more] = await team.received(1)
    assert.deepEqual([event?.body, more.map(momentOf)], ['{"team":"a"}', []])
    const counts = await team.counts('EventSubscription', 'half', ({ delivered }) => delivered === 1)
    assert.deepEqual([counts.matched, counts.invalid], [2, 1])

    await team.subscription('half', { events: [{ kind: 'TaskRun' }], body: 'event' })
    assert.equal(
      conditionsOf(await team.ready('half')).find(({ type }) => type === 'FormatErrors'),
      undefined,
    )
  })
}

const ended = (status: 'True' | 'False', reason: string, message: string): object => ({
  startTime: at(),
  completionTime: at(),
  conditions: [{ type: 'Succeeded', status, reason, message, lastTransitionTime: at() }],
})

/** Applies a recipe, with an address of our own; `taken` resolves with what has come, once that is what the product takes. */
async function receive(team: Team, recipe: Recipe, started: AsyncDisposableStack) {
  const { sink, subscription, product, secrets } = recipe
  const refused: unknown[] = []
  const answer = ({ body, headers }: Received) => {
    try {
      product.check(JSON.parse(body), headers)
      return { kind: 'answer', status: product.answer } as const
    } catch (error) {
      refused.push(error)
      return { kind: 'answer', status: 400 } as const
    }
  }
  const server = started.use(await startSink({ behaviour: answer }))
  for (const [name, data] of Object.entries(secrets)) await team.secret(name, data)
  const { url = '' } = sink.spec.http
  const { http: _, ...more } = sink.spec
  await team.sink(sink.metadata.name, { ...sink.spec.http, url: server.url + new URL(url).pathname }, more)
  await team.subscription(subscription.metadata.name, subscription.spec)
  await team.ready(subscription.metadata.name)
  return {
    recipe,
    async taken() {
      const what = `${recipe.title} to be sent something`
      const received = await server.waitFor((all) => all.length > 0, { what, timeoutMs: patienceMs })
      assert.deepEqual(refused, [], recipe.title)
      return received
    },
  }
}
