import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { KubeObject } from '../../../../src/api/object.ts'
import { eventOf } from '../../../../src/sources/event-of.ts'
import { knownSources } from '../../../../src/sources/index.ts'
import type { Milestone, Source } from '../../../../src/sources/source.ts'
import { needsData } from '../../cdevents/official.ts'
import { type Question, verdicts } from '../../cdevents/verdicts.ts'
import * as konflux from '../../konflux/objects.ts'
import { input, milestone, oddRuns } from '../../runs.ts'
import { encode, optionsOf, versions } from '../official.ts'

const { digest, everything, image, sha, sourceOf } = konflux
const golden = JSON.parse(readFileSync(new URL('../../golden/konflux/cdevents.json', import.meta.url), 'utf8'))
const profiles = ['schema', 'sdk-go'] as const

/** All that Konflux has to do with; what Tekton tells of a run has tests of its own. */
function toldBy(object: KubeObject): { source: Source; told: Milestone }[] {
  const source = sourceOf(object)
  const deleted = source.deletion(object, { at: Date.UTC(2026, 10, 22), missed: false })
  return [...source.milestones(object), ...source.transitions(undefined, object), ...(deleted ? [deleted] : [])]
    .filter(({ name }) => eventOf(source, name).family === 'konflux')
    .map((told) => ({ source, told }))
}

const named = (object: KubeObject) =>
  `${object.kind} ${object.metadata.namespace}/${object.metadata.name} ${object.apiVersion}`

/** The events of an object's milestone, by its key: type, subject and content, and what they link to by number. */
function eventsOf(object: KubeObject) {
  const all = toldBy(object).flatMap(({ source, told }) =>
    encode(input(object, told, { source, ...optionsOf('0.5.1') })).map(({ data = '' }) => ({
      key: told.key,
      data: JSON.parse(data),
    })),
  )
  const ids = all.map(({ data }) => data.context.id)
  return all.map(({ key, data }) => ({
    key,
    id: data.context.id,
    type: data.context.type,
    subject: data.subject.id,
    content: data.subject.content,
    after: (data.context.links ?? []).map(({ from }: { from: { contextId: string } }) => ids.indexOf(from.contextId)),
  }))
}

describe('the events of Konflux are', () => {
  for (const object of everything())
    test(named(object), () => assert.deepEqual(eventsOf(object), golden[named(object)]))

  test('linked to what exists, and comes before', () => {
    for (const object of everything())
      for (const [place, { after, type }] of eventsOf(object).entries())
        for (const one of after)
          assert.ok(one < place && (one >= 0 || type.includes('testcaserun')), `${named(object)} ${type}`)
  })
})

test('all of it is valid by the official schemas, in both versions, profiles and all contents', needsData, () => {
  for (const object of everything())
    for (const { source, told } of toldBy(object))
      for (const version of versions)
        for (const profile of profiles)
          for (const content of ['summary', 'full', 'none'] as const) {
            const events = encode(input(object, told, { source, content, ...optionsOf(version, { profile }) }))
            assert.ok(events.length > 0, `${named(object)} ${told.key}`)
            for (const { type, subject } of events)
              assert.equal(subject.startsWith('pkg:'), /artifact\./.test(type), `${type} ${subject}`)
          }
})

test('the Go SDK takes all of it in its profile', async () => {
  const questions: Question[] = everything().flatMap((object) =>
    toldBy(object).flatMap(({ source, told }) =>
      versions.flatMap((version) =>
        encode(input(object, told, { source, ...optionsOf(version, { profile: 'sdk-go' }) })).map(
          ({ type, data = '' }) => ({
            what: `${type} of ${named(object)}`,
            version,
            event: JSON.parse(data),
          }),
        ),
      ),
    ),
  )
  const answers = await verdicts(questions)
  assert.deepEqual(
    questions.flatMap(({ what }, index) => (answers[index] === '' ? [] : [`${what}: ${answers[index]}`])),
    [],
  )
})

const typesOf = (object: KubeObject, name: string, profile: (typeof profiles)[number] = 'schema') =>
  toldBy(object)
    .filter(({ told }) => told.name === name)
    .flatMap(({ source, told }) => encode(input(object, told, { source, ...optionsOf('0.5.1', { profile }) })))
    .map(({ data = '' }) => JSON.parse(data))

describe('a build', () => {
  test('that failed has no artifact, says so in customData, and in the profile sdk-go is a custom event', () => {
    const [event] = typesOf(konflux.failedBuild(), 'build-finished')
    assert.equal(event.context.type, 'dev.cdevents.build.finished.0.3.0')
    assert.deepEqual(event.subject.content, {})
    assert.deepEqual([event.customData.outcome, event.customData.errors], ['failure', 'Failed: Tasks'])
    const [custom] = typesOf(konflux.failedBuild(), 'build-finished', 'sdk-go')
    assert.equal(custom.context.type, 'dev.cdeventsx.konflux-build.finished.0.1.0')
    assert.equal(custom.subject.id, event.subject.id)
    assert.equal(custom.subject.content.outcome, 'failure')
  })

  test('of an image whose registry no package URL could name is pkg:generic', () => {
    const object = konflux.build()
    const results = [
      { name: 'IMAGE_URL', value: 'shop:1' },
      { name: 'IMAGE_DIGEST', value: digest },
    ]
    const [event] = typesOf({ ...object, status: { ...Object(object.status), results } }, 'build-finished')
    assert.equal(event.subject.content.artifactId, `pkg:generic/shop@${encodeURIComponent(digest)}`)
  })

  test('without a commit has an artifact that was published, and not packaged: of what change nobody knows', () => {
    const object = konflux.build({ annotations: {} })
    const types = typesOf(object, 'artifact-published').map(({ context }) => context.type)
    assert.deepEqual(types, ['dev.cdevents.artifact.published.0.3.0'])
  })
})

describe('artifact.signed', () => {
  const signedWith = (annotations: object) => {
    const object = konflux.build()
    const all = { ...object.metadata.annotations, ...annotations }
    return typesOf(
      { ...object, metadata: { ...object.metadata, annotations: all } } as KubeObject,
      'artifact-signed',
    )[0]
  }
  const transparency = { 'chains.tekton.dev/transparency': 'https://rekor.example.com/api/v1/log/entries?logIndex=7' }
  const signatures = { [`chains.tekton.dev/signature-${digest.slice(7, 19)}`]: 'MEUCIQ==', ...transparency }

  test('has the signature of the image, else the entry in the transparency log', () => {
    assert.equal(signedWith(signatures).subject.content.signature, 'MEUCIQ==')
    assert.match(signedWith(transparency).subject.content.signature, /^https:\/\/rekor/)
  })

  test('needs one: else a custom event says so of the same artifact', () => {
    const event = signedWith({ [`chains.tekton.dev/signature-${digest.slice(7, 19)}`]: 'x'.repeat(5000) })
    assert.equal(event.context.type, 'dev.cdeventsx.konflux-artifact.signed.0.1.0')
    assert.equal(event.subject.id, signedWith(signatures).subject.id)
  })
})

describe('a test case', () => {
  const output = (result: string, more: object = {}) =>
    typesOf(
      konflux.testTask(
        JSON.stringify({ result, timestamp: '1772610588', successes: 3, failures: 0, warnings: 0, ...more }),
      ),
      'test-case-finished',
    )[0]

  const rows: [result: string, more: object, type: string, outcome: string | undefined, reason: string | undefined][] =
    [
      ['SUCCESS', {}, 'finished', 'success', undefined],
      ['WARNING', { warnings: 2 }, 'finished', 'success', 'WARNING: failures 0, warnings 2, successes 3'],
      ['FAILURE', { failures: 1 }, 'finished', 'failure', 'FAILURE: failures 1, warnings 0, successes 3'],
      ['ERROR', {}, 'finished', 'error', 'ERROR: failures 0, warnings 0, successes 3'],
      ['SKIPPED', {}, 'skipped', undefined, 'SKIPPED: failures 0, warnings 0, successes 3'],
    ]
  for (const [result, more, type, outcome, reason] of rows)
    test(`that says ${result}, though its TaskRun succeeded`, () => {
      const { context, subject } = output(result, more)
      assert.equal(context.type, `dev.cdevents.testcaserun.${type}.${type === 'skipped' ? '0.2.0' : '0.3.0'}`)
      assert.deepEqual([subject.content.outcome, subject.content.reason], [outcome, reason])
      assert.deepEqual(subject.content.testSuiteRun, { id: 'team-a/testsuiterun/till-20260304-074628-000/policy' })
      assert.equal(subject.content.environment.id, 'https://cluster.example.com/namespaces/team-a')
    })
})

test('a release is published once for each repository that an image went to, whatever tags it has there', () => {
  const [told, ...artifacts] = typesOf(konflux.release(), 'published')
  assert.equal(told.context.type, 'dev.cdeventsx.konflux-release.published.0.1.0')
  assert.deepEqual(
    artifacts.map(({ subject }) => subject.id.split('repository_url=')[1]),
    ['registry.example.com/shop/shop', `${image}-copy`],
  )
  assert.equal(new Set(artifacts.map(({ context }) => context.id)).size, 2)
})

test('the commit is the change that an artifact was packaged of', () => {
  const [packaged] = typesOf(konflux.newBuild(), 'artifact-published')
  assert.deepEqual(packaged.subject.content.change, { id: sha, source: `${konflux.repository}.git` })
})

const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)

test(`any JSON gives valid events or none, and never throws; seed ${seed}`, () => {
  const kinds = knownSources.all.filter(
    ({ family, catalogue }) => family === 'konflux' || catalogue.some(({ event }) => event),
  )
  const word = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(image, digest, 'policy'))
  fc.assert(
    fc.property(
      oddRuns(),
      fc.constantFrom(...kinds),
      fc.constantFrom(...versions),
      fc.constantFrom(...profiles),
      fc.record({
        outcome: fc.constantFrom('success', 'failure', 'cancelled', 'timeout', 'error'),
        reason: word,
        message: word,
        details: fc.dictionary(
          fc.constantFrom('image', 'digest', 'scenario', 'component', 'result', 'outcome', 'optional', 'other'),
          fc.oneof(word, fc.double(), fc.boolean()),
        ),
      }),
      (odd, source, version, profile, told) => {
        fc.pre(typeof odd === 'object' && odd !== null)
        for (const { name } of source.catalogue) {
          const given = milestone(name, { ...told, outcome: told.outcome as 'success' })
          encode(input(odd as KubeObject, given, { source, ...optionsOf(version, { profile }) }))
        }
      },
    ),
    { seed, numRuns: 300 },
  )
})
