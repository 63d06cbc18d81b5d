import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { KubeObject } from '../../../src/api/object.ts'
import { imageReference, pageAddress, repositoryAddress } from '../../../src/formats/konflux/address.ts'
import { konfluxExtensions } from '../../../src/formats/konflux/extensions.ts'
import { konfluxFacts } from '../../../src/formats/konflux/facts.ts'
import { toldLabels } from '../../../src/formats/konflux/labels.ts'
import type { Milestone, Source } from '../../../src/sources/source.ts'
import { oddRuns } from '../runs.ts'
import { build, digest, everything, groupSnapshot, image, release, snapshot } from './objects.ts'

const golden = JSON.parse(readFileSync(new URL('../golden/konflux/facts.json', import.meta.url), 'utf8'))
const read = ({ kind }: KubeObject) => ({ kind, name: kind }) as Source
const told = { name: 'created', key: 'created', class: 'derived', time: 0, rank: 0 } satisfies Milestone
const factsOf = (object: KubeObject) => JSON.parse(JSON.stringify(konfluxFacts(read(object), object)))

describe('of each kind is told, and no more', () => {
  const named = (object: KubeObject) =>
    `${object.kind} ${object.metadata.namespace}/${object.metadata.name} ${object.apiVersion}`
  for (const object of everything())
    test(named(object), () =>
      assert.deepEqual(
        { facts: factsOf(object), extensions: konfluxExtensions(read(object), object, told) },
        golden[named(object)],
      ),
    )
})

test('a run that is not Konflux’s tells nothing of Konflux, though Pipelines as Code made it', () => {
  const object = build({ labels: { 'tekton.dev/pipeline': 'p' } })
  assert.deepEqual(factsOf(object), {})
})

test('a Snapshot of several builds has no component, commit or trace: those that it carries are of one of them', () => {
  const { component, change, buildRun } = factsOf(groupSnapshot())
  assert.deepEqual([component, change, buildRun], [undefined, undefined, undefined])
  const extensions = konfluxExtensions(read(groupSnapshot()), groupSnapshot(), told)
  assert.deepEqual(Object.keys(extensions), ['application', 'snapshot'])
})

test('a milestone of one scenario or component says so', () => {
  const of = (details: Milestone['details']) =>
    konfluxExtensions(read(snapshot()), snapshot(), { ...told, ...(details && { details }) })
  assert.equal(of({ scenario: 'e2e' }).scenario, 'e2e')
  assert.equal(of({ component: 'desk' }).component, 'desk')
})

test('lists are bounded', () => {
  const many = <Item>(item: Item) => Array.from({ length: 1000 }, () => item)
  const spec = { components: many({ name: 'a', containerImage: `${image}@${digest}` }) }
  const facts = factsOf(snapshot({ spec }))
  assert.deepEqual([facts.components.length, facts.componentCount], [64, 1000])
  const object = release()
  const artifacts = { images: many({ shasum: digest, urls: many(image), arches: many('amd64') }) }
  const { images } = factsOf({ ...object, status: { artifacts } } as KubeObject)
  assert.deepEqual([images.length, images[0].urls.length, images[0].arches.length], [64, 16, 16])
})

test('labels that name a person or a credential stay behind, all others are told', () => {
  const labels = {
    team: 'a',
    'pipelinesascode.tekton.dev/sender': 'jane-doe',
    'pac.test.appstudio.openshift.io/installation-id': '1',
    'release.appstudio.openshift.io/author': 'jane-doe',
    'mintmaker.appstudio.redhat.com/namespace': 'team-b',
    'example.com/sender': 'told',
  }
  const object = build({ labels })
  assert.deepEqual(toldLabels(object), { team: 'a', 'example.com/sender': 'told' })
  const plain = build({ labels: { team: 'a' } })
  assert.equal(toldLabels(plain), plain.metadata.labels)
})

describe('an address is told', () => {
  const rows: [given: string, address: string | undefined][] = [
    ['https://git.example.com/team-a/shop', 'https://git.example.com/team-a/shop'],
    ['https://jane:token@git.example.com/team-a/shop?rev=1#x', 'https://git.example.com/team-a/shop'],
    ['git@git.example.com:team-a/shop.git', 'ssh://git.example.com/team-a/shop.git'],
    ['ssh://git@git.example.com:2222/shop', 'ssh://git.example.com:2222/shop'],
    ['file:///etc/passwd', undefined],
    ['javascript:alert(1)', undefined],
    ['no address', undefined],
    ['https://', undefined],
    [`https://git.example.com/${'x'.repeat(512)}`, undefined],
  ]
  for (const [given, address] of rows) test(given.slice(0, 60), () => assert.equal(repositoryAddress(given), address))

  test('of a page without its query', () => {
    assert.equal(pageAddress('https://errata.example.com/a?token=1#b'), 'https://errata.example.com/a')
    for (const odd of ['ftp://a/b', 'errata', 7, null, {}]) assert.equal(pageAddress(odd), undefined)
  })

  test('of an image only where it is one', () => {
    for (const one of [image, `${image}:1.4`, `${image}@${digest}`, `localhost:5000/a:b@${digest}`])
      assert.equal(imageReference(one), one)
    for (const odd of [
      '',
      'shop',
      'quay.io/',
      'https://quay.io/a',
      'quay.io/a b',
      `${image}@sha256:1`,
      'jane:pw@quay.io/a',
      7,
    ])
      assert.equal(imageReference(odd), undefined)
  })
})

const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)

test(`whatever JSON an object is, its facts are an object that JSON can hold; seed ${seed}`, () => {
  const kinds = [...new Set(everything().map(({ kind }) => kind))]
  fc.assert(
    fc.property(oddRuns(), fc.constantFrom(...kinds), (odd, kind) => {
      const metadata = { name: 'n', uid: 'u', ...Object((odd as KubeObject)?.metadata) }
      const object = { ...Object(odd), kind, metadata } as KubeObject
      JSON.stringify(konfluxFacts(read(object), object))
      for (const value of Object.values(konfluxExtensions(read(object), object, told)))
        assert.equal(typeof value, 'string')
      toldLabels(object)
    }),
    { seed, numRuns: 2000 },
  )
})
