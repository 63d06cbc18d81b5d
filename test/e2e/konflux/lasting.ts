import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { before, describe, test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import { sourceFor, sources } from '../../../src/sources/index.ts'
import type { Received } from '../../controlplane/sink.ts'
import type { Team } from '../fixture.ts'
import { play } from './play.ts'
import type { Scene } from './scene.ts'
import type { Life, Step } from './step.ts'

const kinds = ['Component', 'ComponentGroup', 'ImageRepository', 'IntegrationTestScenario', 'Snapshot']

const folder = new URL('../../sources/lives/', import.meta.url)

/** A life of test/sources/lives, and the names of the milestones that are pinned beside it. */
type Recorded = { life: Life; names: string[]; isDeleted: boolean }

function lives(): Recorded[] {
  return readdirSync(folder)
    .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')))
    .filter(({ states }) => kinds.includes(states[0].kind))
    .map(({ derived, takenBack = [], observed, deletion, states }) => ({
      life: lifeOf(states),
      names: [...derived, ...takenBack, ...observed, ...(deletion ? [deletion] : [])].map(nameOf).toSorted(),
      isDeleted: deletion !== undefined,
    }))
}

const nameOf = (told: string): string => told.split(/[ /]/, 1)[0] ?? ''

/** Its first state, as it is created, and a write for each that follows. */
function lifeOf([first, ...others]: KubeObject[]): Life {
  assert.ok(first)
  const { name, labels, creationTimestamp } = first.metadata
  const metadata = { name, namespace, ...(labels && { labels }), creationTimestamp } as KubeObject['metadata']
  const at = (place: number) => new Date(Date.parse(creationTimestamp) + place).toISOString()
  const steps = others.map(
    ({ metadata: { annotations }, status }, place): Step => ({
      after: 'test/sources/lives',
      at: at(place + 1),
      tells: [],
      ...(annotations && { annotations }),
      ...(status && { status }),
    }),
  )
  const created = { after: 'test/sources/lives', at: at(0), tells: [] }
  return { object: { ...first, metadata }, steps: [created, ...steps] }
}

const namespace = 'konflux-lasting'

/** Kind and group as well: two groups have kinds of one name. */
const ownerOf = ({ apiVersion, kind, metadata }: KubeObject): string =>
  `${apiVersion.split('/')[0]} ${kind} ${metadata.name}`

const told = ({ body }: Received) => {
  const { apiVersion, kind, name, milestone } = JSON.parse(body)
  return { owner: `${apiVersion.split('/')[0]} ${kind} ${name}`, name: String(milestone.name) }
}

/** What lasts, under Konflux's own CRDs: every life of test/sources/lives, write by write. */
export function lasting(scene: Scene): void {
  describe('Konflux objects that last', () => {
    let team: Team

    before(async () => {
      team = await scene.stage.team(namespace)
      const events = kinds.map((kind) => {
        const own = Object.values(sources).filter((source) => source.kind === kind)
        return { kind, milestones: [...new Set(own.flatMap(({ catalogue }) => catalogue.map(({ name }) => name)))] }
      })
      await team.subscribe({ events, startFrom: 'Earliest' })
    })

    test('are taken by their CRDs, and tell all that is pinned of their lives, each once', async () => {
      const all = lives()
      const { admin } = scene.stage
      const count = (owner: string) => team.server.received.filter((one) => told(one).owner === owner).length
      await play(
        admin,
        all.map(({ life }) => life),
        async ({ life: { object }, states }) => {
          // One state after the other: of two writes at once the watch need not show the first.
          const source = sourceFor(object) ?? assert.fail(object.kind)
          const keys = new Set(states.flatMap((state) => source.milestones(state).map(({ key }) => key)))
          await team.received(() => count(ownerOf(object)) >= keys.size, `what ${ownerOf(object)} tells`)
        },
      )
      for (const { life } of all.filter(({ isDeleted }) => isDeleted)) {
        const { apiVersion, kind, metadata } = life.object
        await admin.delete(apiVersion, kind, namespace, metadata.name)
      }
      const expected = all.reduce((sum, { names }) => sum + names.length, 0)
      await team.received(expected)
      const byOwner = Map.groupBy(team.server.received.map(told), ({ owner }) => owner)
      for (const { life, names } of all) {
        const owner = ownerOf(life.object)
        assert.deepEqual(
          byOwner
            .get(owner)
            ?.map(({ name }) => name)
            .toSorted(),
          names,
          owner,
        )
      }
      assert.equal(team.server.received.length, expected)
      assert.equal(new Set(team.server.received.map(({ id }) => id)).size, expected, 'each once')
    })

    test('tell all else where an annotation can’t be read, and the subscription says so', async () => {
      const { admin } = scene.stage
      const apiVersion = 'appstudio.redhat.com/v1alpha1'
      const annotations = { 'test.appstudio.openshift.io/status': '[{"scenario": "hunter2"' }
      const metadata = { name: 'broken', namespace, annotations }
      await admin.create({ apiVersion, kind: 'Snapshot', metadata, spec: { application: 'shop' } }, namespace)
      await team.received(
        () => team.server.received.some((one) => told(one).owner.endsWith(' Snapshot broken')),
        'created',
      )
      const failed = { status: 'True', message: /Snapshot.*test\.appstudio\.openshift\.io\/status/ } as const
      const { status } = await team.condition('EventSubscription', 'subscription', 'FormatErrors', failed)
      assert.doesNotMatch(JSON.stringify(status), /hunter2/)
    })
  })
}
