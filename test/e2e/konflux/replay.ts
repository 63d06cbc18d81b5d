import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { rowOf } from '../../../src/sources/event-of.ts'
import { sources } from '../../../src/sources/index.ts'
import { patienceMs, type Team, toLoopback } from '../fixture.ts'
import { finalStates, syntheticReleases } from './data.ts'
import { type Played, play } from './play.ts'
import { lifeOfFailedRelease, lifeOfRelease } from './release-steps.ts'
import { type Event, eventOf, type Format, linesOf, tracer } from './render.ts'
import type { Scene } from './scene.ts'
import type { Life } from './step.ts'
import { lifeOf } from './steps.ts'

const formats: readonly Format[] = ['cloudevents', 'cdevents']

/** Every milestone of every kind that is played. */
function selectionFor(lives: readonly Life[]) {
  const kinds = new Set(lives.map(({ object }) => object.kind))
  return Object.values(sources)
    .filter(({ kind, group }) => kinds.has(kind) && group !== 'konflux-ci.dev')
    .map(({ kind, group, catalogue }) => ({ kind, group, milestones: catalogue.map(({ name }) => name) }))
}

/** A sink and a subscription for each format, in each of the run's namespaces. */
async function subscribe(team: Team, name: string, lives: readonly Life[]): Promise<void> {
  for (const format of formats) {
    await team.sink(`${name}-${format}`, { url: `${team.server.url}/${name}/${format}` })
    await team.subscription(`${name}-${format}`, {
      sinks: [{ name: `${name}-${format}` }],
      formats: [format],
      startFrom: 'Earliest',
      events: selectionFor(lives),
    })
  }
  for (const format of formats) await team.ready(`${name}-${format}`)
}

const eventsOf = (teams: readonly Team[], name: string, format: Format): Event[] =>
  teams.flatMap((team) => team.server.received.filter(({ path }) => path.endsWith(`/${name}/${format}`)).map(eventOf))

const subjectOf = ({ life }: Played): string => `${life.object.kind.toLowerCase()}/${life.object.metadata.name}`

/** Events, of however many namespaces, that are the same but for the order in which objects were told of. */
const idsOf = (events: readonly Event[]): string[] => events.map(({ id }) => id).toSorted()

/** `UPDATE_GOLDEN=1` writes what came; whoever does that reads each line against the facts before it is kept. */
function holdTo(format: Format, lines: readonly string[]): void {
  const file = new URL(`expected/${format}.txt`, import.meta.url)
  if (process.env.UPDATE_GOLDEN) writeFileSync(file, `${lines.join('\n')}\n`)
  assert.deepEqual(lines, readFileSync(file, 'utf8').trimEnd().split('\n'))
}

/** The run of ../shared/data/konflux/e2e-run, from its first object to its last, with Releases that are synthetic. */
export function replay(scene: Scene): void {
  describe('a run of Konflux, from the commit to the release', () => {
    const synthetic = syntheticReleases()
    const lives = [...finalStates().map(lifeOf), lifeOfRelease(synthetic), lifeOfFailedRelease(synthetic)]
    const teams: Team[] = []
    let played: Played[] = []

    test('each write tells just what the facts say, in this order', async () => {
      for (const name of ['default-tenant', 'default-managed-tenant'])
        teams.push(await scene.stage.team(name, { labels: { 'konflux-ci.dev/type': 'tenant' } }))
      for (const team of teams) await subscribe(team, 'each', lives)
      played = await play(scene.stage.admin, lives, async (one, step) => {
        if (step.tells.length === 0) return
        const team = teams.find(({ namespace }) => namespace === one.life.object.metadata.namespace)
        const own = () => team?.server.received.filter(isOf(one)) ?? []
        await team
          ?.received(() => own().length >= one.told.length, `what ${subjectOf(one)} tells ${step.after}`)
          .catch((error) => assert.deepEqual(own().map(milestoneOf), one.told, String(error)))
        assert.deepEqual(own().map(milestoneOf), one.told, `${subjectOf(one)} ${step.after}`)
      })
    })

    for (const format of formats)
      test(`gives exactly the events of expected/${format}.txt, each of a row of the catalogue`, async () => {
        for (const team of teams) {
          const settled = ({ pending, matched }: { pending: number; matched: number }) => pending === 0 && matched > 0
          await team.counts('EventSubscription', `each-${format}`, settled)
        }
        const events = eventsOf(teams, 'each', format)
        assert.equal(new Set(idsOf(events)).size, events.length, 'each once')
        const trace = tracer(played)
        for (const event of events) {
          const told = trace(event)
          assert.ok(told && rowOf(told.source, told.milestone.name), `${event.type} ${event.subject}`)
        }
        holdTo(format, linesOf(played, events))
      })

    test('seen in its final states alone, by an operator that starts afterwards, it tells all that is derived, under the same ids', async () => {
      await scene.operator.stop()
      for (const team of teams) for (const format of formats) await team.delete('EventSubscription', `each-${format}`)
      await scene.stage.operator({ args: toLoopback })
      for (const team of teams) await subscribe(team, 'last', lives)
      for (const format of formats) {
        const trace = tracer(played)
        const lasts = (event: Event) => {
          const told = trace(event)
          const final = played
            .find(({ states }) => states[0]?.metadata.uid === told?.object.metadata.uid)
            ?.states.at(-1)
          return final && told?.source.milestones(final).some(({ key }) => key === told.milestone.key)
        }
        const expected = eventsOf(teams, 'each', format).filter(lasts)
        const end = Date.now() + patienceMs
        while (eventsOf(teams, 'last', format).length < expected.length && Date.now() < end)
          for (const team of teams)
            await team.counts('EventSubscription', `last-${format}`, ({ pending }) => pending === 0)
        assert.deepEqual(idsOf(eventsOf(teams, 'last', format)), idsOf(expected))
      }
    })
  })
}

const isOf = (played: Played) => (received: Parameters<typeof eventOf>[0]) =>
  received.path.endsWith('/each/cloudevents') && eventOf(received).subject === subjectOf(played)

const milestoneOf = ({ body }: { body: string }): string =>
  (JSON.parse(body) as { milestone: { name: string } }).milestone.name
