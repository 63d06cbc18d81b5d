import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import { eventId } from '../../../src/formats/attributes.ts'
import type { EncodeInput } from '../../../src/formats/format.ts'
import { cdevents } from '../../../src/formats/mapping/format.ts'
import type { CDEventsOptions } from '../../../src/formats/options.ts'
import { eventsAnnotation } from '../../../src/formats/user-events/annotation.ts'
import { encode, versions } from '../mapping/official.ts'
import { attributesOf, golden, input, milestone } from '../runs.ts'
import { build, declaration, declaring, lets, published, purl, success } from './runs.ts'

const deployed = 'dev.cdevents.service.deployed'
const packaged = 'dev.cdevents.artifact.packaged'
const environment = 'dev.cdevents.environment.created'
const tested = 'dev.cdevents.testsuiterun.finished'

const withOptions = (given: EncodeInput, more: Partial<CDEventsOptions>): EncodeInput => ({
  ...given,
  options: { ...given.options, cdevents: { ...given.options.cdevents, ...more } },
})

const only = { types: new Set([published]), only: true }

describe('declared events, byte for byte', () => {
  const declared: [string, EncodeInput][] = [
    [
      'artifact.published',
      declaring([
        declaration({
          content: { user: '$(params.user)', sbom: { uri: 'https://sboms.example.com/$(context.taskRun.uid)' } },
          customData: { tries: 1 },
        }),
      ]),
    ],
    [
      'service.deployed',
      declaring(
        [
          declaration({
            name: 'rolled-out',
            type: deployed,
            subject: { id: 'team-a/shop', source: 'https://shop.example.com' },
            content: { environment: { id: '/prod/eu-1', source: '/environments' } },
          }),
        ],
        { options: lets(deployed) },
      ),
    ],
    [
      'testsuiterun.finished',
      declaring(
        [
          declaration({
            name: 'tests',
            type: tested,
            artifact: undefined,
            subject: { id: '$(context.taskRun.namespace)/$(context.taskRun.name)' },
            content: {
              outcome: { cel: 'results.IMAGE_URL.contains("1.0") ? "success" : "failure"' },
              environment: { id: 'ci' },
              testSuite: { id: 'unit', uri: 'https://tests.example.com' },
            },
          }),
        ],
        { options: lets(tested) },
      ),
    ],
    [
      'experimental-artifact.packaged',
      input(
        build({
          'cd.artifact.packaged': 'cdevent',
          'cd.events/results.artifact.id': 'IMAGE_URL',
          'cd.events/results.artifact.name': 'IMAGE_DIGEST',
          'cd.events/results.artifact.version': 'IMAGE_DIGEST',
        }),
        success,
        { options: lets(packaged) },
      ),
    ],
  ]
  for (const [file, given] of declared)
    for (const specVersion of versions)
      test(`${file} of ${specVersion}`, () => {
        const [, event] = encode(withOptions(given, { specVersion }))
        assert.ok(event)
        const found = { attributes: attributesOf(event), data: JSON.parse(event.data ?? '') }
        assert.deepEqual(found, golden(`cdevents/declared/${file}-${specVersion}`))
      })
})

describe('among the events of a milestone', () => {
  const two = [declaration(), declaration({ name: 'again' })]

  test('declared ones come after its own, in the order of the annotation, with a PATH link from it', () => {
    const [own, ...others] = encode(declaring(two))
    assert.equal(own?.type, 'dev.cdevents.taskrun.finished.0.2.0')
    assert.equal(others.length, 2)
    for (const event of others) {
      assert.deepEqual(JSON.parse(event.data ?? '').context.links, [
        { linkType: 'PATH', from: { contextId: own.id }, tags: {} },
      ])
      assert.equal(attributesOf(event).sequence, attributesOf(own).sequence)
      assert.equal(JSON.parse(event.data ?? '').context.chainId, JSON.parse(own.data ?? '').context.chainId)
    }
  })

  test('each has an id of its own, of the run, the milestone, the type and the declaration’s name', () => {
    const run = build()
    const ids = encode(declaring(two)).map(({ id }) => id)
    assert.deepEqual(
      ids.slice(1),
      ['published', 'again'].map((name) =>
        eventId(run.metadata.uid, 'finished', 'cdevents', `${published}.0.2.0`, name),
      ),
    )
    assert.deepEqual(ids.slice(1), ['36d07161-f270-556d-89f0-13d97784a263', 'c766ee87-316e-5e08-abb3-f316b2189366'])
    assert.equal(new Set(ids).size, 3)
  })

  test('only: they go alone, and there is nothing to link to', () => {
    const [event, ...more] = encode(withOptions(declaring([declaration()]), { userEvents: only }))
    assert.deepEqual([event?.type, event?.subject, more.length], [`${published}.0.2.0`, purl, 0])
    assert.equal('links' in JSON.parse(event?.data ?? '').context, false)
    assert.deepEqual(encode(withOptions(declaring('[]'), { userEvents: only })), [])
  })

  test('a milestone that means nothing else', () => {
    const on = { kind: 'TaskRun', pipelineTask: 'build-image', milestone: 'signed' }
    const given = declaring([declaration({ on })], { told: milestone('signed') })
    assert.deepEqual(
      encode(given).map(({ type }) => type),
      ['dev.cdeventsx.tekton-taskrun.signed.0.1.0', `${published}.0.2.0`],
    )
  })

  test('what is redacted or without data still has what the author publishes, and nothing of the run', () => {
    const given = { ...declaring([declaration({ customData: { a: 1 } })]), content: 'none' as const }
    const [, event] = encode(given)
    assert.deepEqual(JSON.parse(event?.data ?? '').customData, { a: 1 })
    const [, without] = encode({ ...declaring([declaration()]), content: 'none' })
    assert.equal('customData' in JSON.parse(without?.data ?? ''), false)
  })
})

describe('an event that would not be valid is not sent, and all others are', () => {
  const rows: [string, Record<string, unknown>, Partial<CDEventsOptions>, RegExp][] = [
    [
      'a field that is missing',
      { type: deployed, subject: { id: 'shop' } },
      {},
      /^declaration bad: dev\.cdevents\.service\.deployed\.0\.2\.0 of CDEvents 0\.4\.1 would not be valid: \/subject\/content\/environment is required$/,
    ],
    [
      'a field that there is not',
      { content: { colour: 'S3CRET' } },
      {},
      /\/subject\/content\/colour is not allowed here/,
    ],
    ['a field of another type', { content: { user: 5 } }, {}, /\/subject\/content\/user must be a string/],
    [
      'a word that there is not',
      {
        type: tested,
        artifact: undefined,
        subject: { id: 's' },
        content: { outcome: 'S3CRET', environment: { id: 'e' } },
      },
      {},
      /\/subject\/content\/outcome must be one of/,
    ],
    [
      'no absolute URI',
      { type: environment, artifact: undefined, subject: { id: 'e' }, content: { uri: '/x' } },
      { specVersion: '0.5.1' },
      /\/subject\/content\/uri must be an absolute URI/,
    ],
    [
      'an odd source',
      { type: deployed, subject: { id: 'x', source: 'S3 CRET' }, content: { environment: { id: 'e' } } },
      {},
      /\/subject\/source must be a URI reference/,
    ],
  ]
  for (const [what, change, options, message] of rows)
    test(what, () => {
      const given = declaring([declaration({ name: 'bad', ...change }), declaration()], {
        options: lets(published, deployed, tested, environment),
      })
      const { events, problems } = cdevents.encode(withOptions(given, options))
      assert.deepEqual(
        events.map(({ type }) => type.split('.').slice(2, 4).join('.')),
        ['taskrun.finished', 'artifact.published'],
      )
      assert.deepEqual(
        problems.map(({ reason }) => reason),
        ['EventInvalid'],
      )
      assert.match(problems[0]?.message ?? '', message)
      assert.doesNotMatch(problems[0]?.message ?? '', /S3CRET/)
    })
})

test('a few variables make no event of megabytes', () => {
  const customData = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`k${index}`, '$(params.long)']))
  const more = (run: KubeObject) => {
    run.spec = { params: [{ name: 'long', value: 'x'.repeat(4096) }] }
  }
  const { events, problems } = cdevents.encode(
    declaring([declaration({ customData }), declaration({ name: 'b' })], { more }),
  )
  assert.deepEqual([events.length, problems.length], [2, 1])
  assert.match(
    problems[0]?.message ?? '',
    /^declaration published: dev\.cdevents\.artifact\.published.* more than 32768 characters$/,
  )
})

test('subscriptions that differ in what may pass have forms of their own, and what is remembered is no part of it', () => {
  const form = (types: string[], isOnly = false) =>
    cdevents.formOf({
      ...lets(),
      cdevents: { ...lets().cdevents, userEvents: { types: new Set(types), only: isOnly, read: () => assert.fail() } },
    })
  assert.equal(form([published]), form([published]))
  assert.equal(new Set([form([published]), form([deployed]), form([published], true)]).size, 3)
})

test('the annotation has the name that the docs give it', () => assert.equal(eventsAnnotation, 'carillon.dev/events'))
