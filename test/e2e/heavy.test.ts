import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { OperatorProcess } from '../operator/process.ts'
import { kindsOfAnyContent, pluralOf } from './any-content.ts'
import { type Stage, startStage, type Team, toLoopback } from './fixture.ts'

const group = 'heavy.example.com'
const kinds = ['Anvil', 'Boulder', 'Cannon'] as const
type Kind = (typeof kinds)[number]
const each = 4

/** 1.4 MB of JSON that are 33 MB of heap once they are parsed. */
const heavy = JSON.stringify(Array.from({ length: 280_000 }, () => [{}]))

describe('objects that are far larger in memory than as text', { timeout: 600_000 }, () => {
  let stage: Stage
  let team: Team
  let operator: OperatorProcess

  before(async () => {
    stage = await startStage()
    await stage.admin.apply(kindsOfAnyContent(group, kinds))
    team = await stage.team('heavy')
    for (const kind of kinds) for (let at = 0; at < each; at += 1) await create(kind, `h-${at}`)
  })
  after(() => stage[Symbol.asyncDispose]())

  const path = (kind: Kind) => `/apis/${group}/v1/namespaces/heavy/${pluralOf(kind)}`
  async function create(kind: Kind, name: string) {
    const text = `{"apiVersion":"${group}/v1","kind":"${kind}","metadata":{"name":"${name}"},"spec":{"values":${heavy}}}`
    const answer = await stage.admin.request('POST', path(kind), JSON.parse(text))
    assert.equal(answer.status, 201)
  }
  const events = kinds.map((kind) => ({
    kind,
    group,
    milestones: ['created'],
    define: [
      {
        name: 'marked',
        when: 'object.metadata.?annotations[?"mark"].orValue("") != ""',
        key: 'object.metadata.annotations.mark',
      },
    ],
  }))
  const start = () =>
    stage.operator({ args: [...toLoopback, ...kinds.flatMap((kind) => ['--tenant-kind', `${kind}.${group}`])] })
  const mark = (mark: string) =>
    Promise.all(
      kinds.map(async (kind) => {
        for (let at = 0; at < each; at += 1)
          await stage.admin.mergePatch(`${group}/v1`, kind, 'heavy', `h-${at}`, { metadata: { annotations: { mark } } })
      }),
    )
  const told = async (count: number) => {
    const ended = operator.exited.then(({ how, errors }) => assert.fail(`${how}: ${errors.slice(0, 12).join('\n')}`))
    await Promise.race([team.received(count), ended])
  }

  it('are listed', async () => {
    await team.sink()
    await team.subscription('subscription', { events, startFrom: 'Earliest', data: { content: 'full' } })
    operator = await start()
    await told(kinds.length * each)
  })

  it('are watched', async () => {
    await mark('one')
    await told(2 * kinds.length * each)
    const message = /h-\d, created: read without spec\.values, which takes too much memory/
    await team.condition('EventSubscription', 'subscription', 'FormatErrors', {
      status: 'True',
      reason: 'ObjectUnreadable',
      message,
    })
  })

  it('are looked through once more, while they change', async () => {
    await team.subscription('another', { events, startFrom: 'Earliest' })
    await delay(50)
    await mark('two')
    await told(5 * kinds.length * each)
  })
})
