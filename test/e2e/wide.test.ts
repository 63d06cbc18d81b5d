import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { OperatorProcess } from '../operator/process.ts'
import { kindsOfAnyContent } from './any-content.ts'
import { type Stage, startStage, type Team, toLoopback } from './fixture.ts'

const group = 'wide.example.com'

/** `forms`: subscriptions, no two of which redact the same; `most`: bytes of an event; `spec`: of each of so many objects. */
type Shape = {
  name: string
  forms: number
  most?: number
  content: 'full' | 'summary'
  objects: number
  spec: object
  redact: string
}

const shapes: Shape[] = [
  {
    name: 'large',
    forms: 60,
    most: 1_048_576,
    content: 'full',
    objects: 1,
    spec: { text: 'x'.repeat(900_000) },
    redact: '/spec/none',
  },
  { name: 'cut', forms: 150, content: 'full', objects: 2, spec: { text: 'x'.repeat(1_300_000) }, redact: '/spec/none' },
  {
    name: 'listed',
    forms: 150,
    content: 'summary',
    objects: 2,
    spec: { list: Array.from({ length: 400_000 }, () => 0) },
    redact: '/spec/list/7',
  },
  {
    name: 'many',
    forms: 150,
    content: 'full',
    objects: 100,
    spec: { text: 'x'.repeat(3_000) },
    redact: '/spec/none',
  },
]

describe('events that are far larger together than the objects that they are made of', { timeout: 600_000 }, () => {
  let stage: Stage
  let operator: OperatorProcess

  before(async () => {
    stage = await startStage()
    await stage.admin.apply(kindsOfAnyContent(group, ['Anvil']))
    operator = await stage.operator({ args: [...toLoopback, '--tenant-kind', `Anvil.${group}`] })
  })
  after(() => stage[Symbol.asyncDispose]())

  /** All of them reach the sink, and the operator is the same process still. */
  async function told(team: Team, count: number): Promise<void> {
    const ended = operator.exited.then(({ how, errors }) => assert.fail(`${how}: ${errors.slice(0, 12).join('\n')}`))
    await Promise.race([team.received(count, `${count} events`), ended])
  }

  async function create(namespace: string, name: string, spec: object, labels: Record<string, string> = {}) {
    const metadata = { name, namespace, labels }
    const anvil = { apiVersion: `${group}/v1`, kind: 'Anvil', metadata, spec }
    const answer = await stage.admin.request('POST', `/apis/${group}/v1/namespaces/${namespace}/anvils`, anvil)
    assert.equal(answer.status, 201)
  }

  for (const { name, forms, most, content, objects, spec, redact } of shapes) {
    it(`are written down and sent: ${forms} forms of each of ${objects} objects (${name})`, async () => {
      const team = await stage.team(name)
      await team.sink('sink', {}, most === undefined ? {} : { limits: { maxEventBytes: most } })
      const names = Array.from({ length: forms }, (_, at) => `s-${at}`)
      const labels = Object.fromEntries(names.map((label) => [label, 'x']))
      for (const one of names) {
        await team.subscription(one, {
          events: [{ kind: 'Anvil', group, milestones: ['created'] }],
          startFrom: 'Earliest',
          data: { content, redact: [`/metadata/labels/${one}`, redact] },
        })
      }
      for (let at = 0; at < objects; at += 1) await create(name, `a-${at}`, spec, labels)
      await told(team, forms * objects)
    })
  }

  it('wait, a few at a time, for a sink that is slow and takes hundreds of requests', async () => {
    const team = await stage.team('slow', { sink: { behaviour: { kind: 'answer', status: 204, delayMs: 700 } } })
    const other = await stage.team('other')
    await team.sink('sink', {}, { limits: { maxEventBytes: 1_048_576, concurrency: 256 } })
    await other.sink()
    const spec = { events: [{ kind: 'Anvil', group, milestones: ['created'] }], startFrom: 'Earliest' }
    await team.subscription('all', { ...spec, data: { content: 'full' } })
    await other.subscription('all', spec)
    for (let at = 0; at < 70; at += 1) await create('slow', `a-${at}`, { text: 'x'.repeat(900_000) })
    await create('other', 'small', {})
    await other.received(1)
    assert.ok(team.server.received.length < 70)
    await told(team, 70)
  })
})
