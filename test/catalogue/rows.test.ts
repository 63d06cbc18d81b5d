import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { toldSources } from '../../src/catalogue/told.ts'
import { knows, type Variant } from '../../src/catalogue/variants.ts'
import { eventId } from '../../src/formats/attributes.ts'
import { keysOf, type Life, lives } from './lives.ts'
import { nameOf, type Told, variants } from './play.ts'
import { lastStateAlone, oneByOne, restartsWithDisk, restartsWithoutDisk, type Way, watchBrokenOff } from './ways.ts'

// Every row of the catalogue, played from recorded lives through the operator's own parts, in every format that knows it: the promise of
// its class, row by row. A row without a life fails.

const root = mkdtempSync(join(tmpdir(), 'carillon-rows-'))
after(() => rmSync(root, { recursive: true }))
const make = () => mkdtempSync(join(root, 'disk-'))

const played = new Map<string, ReturnType<Way>>()

/** What a way of seeing a life tells; each is played once, for all rows and formats. */
function play(way: Way, life: Life): ReturnType<Way> {
  const key = `${way.name} ${life.name}`
  const known = played.get(key) ?? way(life, make)
  played.set(key, known)
  return known
}

type Scene = { life: Life; variant: Variant; keys: string[]; subscription: string }

/** Runs a check for each recorded life that has the milestone and each variant that knows it. */
async function each(kind: string, milestone: string, check: (scene: Scene) => Promise<void>): Promise<void> {
  const source = toldSources[kind] ?? assert.fail(kind)
  const own = lives.filter((life) => life.source.name === source.name && keysOf(life, milestone).length > 0)
  assert.ok(own.length > 0, `${kind} ${milestone} has no life in test/sources/lives: record one`)
  for (const life of own)
    for (const variant of variants.filter((variant) => knows(variant, source, milestone)))
      await check({ life, variant, keys: keysOf(life, milestone), subscription: nameOf(milestone, variant) })
}

async function toldBy(way: Way, { life, subscription }: Scene): Promise<Told> {
  return (await play(way, life)).get(subscription) ?? assert.fail(subscription)
}

const idsOf = ({ events }: Told): string[] => events.map(({ id }) => id)
const sorted = (ids: Iterable<string>): string[] => [...ids].toSorted()

/**
 * Just the milestones that the life is known to have, each once, under ids that follow from the object; where several events of one type
 * are of one milestone, also from what each is of.
 */
function holdToKeys(told: Told, { life, variant, keys }: Scene): void {
  const uid = life.states[0]?.metadata.uid ?? ''
  const keyOf = ({ id, type, subject }: Told['events'][number]) =>
    keys.find((key) => [undefined, subject].some((part) => eventId(uid, key, variant.format.name, type, part) === id))
  const found = told.events.map(keyOf)
  assert.deepEqual(sorted(new Set(found.map(String))), sorted(keys), `${life.name} in ${variant.name}`)
  assert.equal(new Set(idsOf(told)).size, told.events.length, 'each once')
}

/** Of a row with `until`: what no state tells after it. */
const wasTakenBack = ({ id, type }: Told['events'][number], { life, variant }: Scene): boolean =>
  life.takenBack.some((key) => eventId(life.states[0]?.metadata.uid ?? '', key, variant.format.name, type) === id)

test('a row that no recorded life has fails, and says which', () =>
  assert.rejects(
    each('TaskRun', 'never', async () => undefined),
    /TaskRun never has no life in test\/sources\/lives: record one/,
  ))

for (const source of Object.values(toldSources))
  for (const row of source.catalogue)
    describe(`${source.name} ${row.name}, ${row.class}`, () => {
      const { name: kind } = source

      test('states one by one: every milestone once', () =>
        each(kind, row.name, async (scene) => holdToKeys(await toldBy(oneByOne, scene), scene)))

      test('after restarts with the disk: the same ids, each once', () =>
        each(kind, row.name, async (scene) => {
          const told = await toldBy(restartsWithDisk, scene)
          assert.deepEqual(idsOf(told), idsOf(await toldBy(oneByOne, scene)))
          assert.equal(told.continuity.status, 'True')
        }))

      if (row.class === 'derived') {
        test('only the last state, the disk being lost: the same ids', () =>
          each(kind, row.name, async (scene) => {
            if (scene.life.deletedAt !== undefined) return
            const told = await toldBy(lastStateAlone, scene)
            const all = (await toldBy(oneByOne, scene)).events.filter((event) => !wasTakenBack(event, scene))
            assert.deepEqual(sorted(idsOf(told)), sorted(all.map(({ id }) => id)))
          }))

        test('after restarts without the disk: the same ids, though again', () =>
          each(kind, row.name, async (scene) => {
            const told = await toldBy(restartsWithoutDisk, scene)
            assert.deepEqual(sorted(new Set(idsOf(told))), sorted(idsOf(await toldBy(oneByOne, scene))))
          }))
        return
      }

      test('from the last state alone nothing, and Continuity counts the loss', () =>
        each(kind, row.name, async (scene) => {
          const told = await toldBy(lastStateAlone, scene)
          assert.deepEqual(told.events, [], `${scene.life.name} in ${scene.variant.name}`)
          assert.equal(told.continuity.reason, 'LedgerLost')
          assert.match(told.continuity.message, /^1 gap so far, /)
        }))

      if (row.name === 'deleted')
        test('a delete while the watch was broken off is told from the ledger, under the same id', () =>
          each(kind, row.name, async (scene) => {
            const told = await toldBy(watchBrokenOff, scene)
            assert.deepEqual(idsOf(told), idsOf(await toldBy(oneByOne, scene)))
            assert.equal(told.continuity.reason, 'Continuous')
          }))
      else
        test('what passed while the watch was broken off is not told, and Continuity counts the gap', () =>
          each(kind, row.name, async (scene) => {
            const told = await toldBy(watchBrokenOff, scene)
            assert.deepEqual(told.events, [], `${scene.life.name} in ${scene.variant.name}`)
            assert.equal(told.continuity.reason, 'WatchGap')
            assert.match(told.continuity.message, new RegExp(`^1 gap so far, .*${row.name}`))
          }))
    })
