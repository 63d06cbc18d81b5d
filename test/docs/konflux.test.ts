import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import type { EventSubscription } from '../../src/api/generated.ts'
import { exampleCluster } from '../../src/catalogue/catalogue.ts'
import { toStructured } from '../../src/formats/binding.ts'
import { cloudevents } from '../../src/formats/cloudevents.ts'
import { formats } from '../../src/formats/index.ts'
import { defaultOptions } from '../../src/formats/options.ts'
import { compileSubscription } from '../../src/operator/subscription.ts'
import { eventOf } from '../../src/sources/event-of.ts'
import { knownSources } from '../../src/sources/index.ts'
import { everything, failedRelease, snapshot, sourceOf } from '../formats/konflux/objects.ts'
import { input } from '../formats/runs.ts'
import { of, see } from '../operator/routing.ts'
import { at, context } from '../operator/scene.ts'
import { blocksOf, withoutBlocks } from './markdown.ts'
import { slack } from './recipes.ts'

const page = readFileSync(new URL('../../docs/konflux.md', import.meta.url), 'utf8')
const objects = [...everything(), failedRelease()].filter(({ metadata }) => metadata.namespace === 'team-a')
const codesIn = (text = ''): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)

/** The events of one of the page's subscriptions, each by the milestone that it tells, and its data. */
function sentBy(name: string) {
  const subscriptions = blocksOf(page)
    .filter(({ language }) => language === 'yaml')
    .map(({ code }) => parse(code))
  const found: EventSubscription = subscriptions.find(({ metadata }) => metadata.name === name)
  assert.ok(found, name)
  const metadata = { ...found.metadata, uid: 'uid-docs', generation: 1, resourceVersion: '1', creationTimestamp: at(0) }
  const compiled = compileSubscription({ ...found, metadata }, context())
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.message)
  return objects.flatMap((object) => {
    const now = Date.UTC(2026, 2, 4, 12)
    const routed = see(object, { ...of([compiled.value]), source: sourceOf(object), now, since: () => 0 })
    assert.deepEqual([routed.formatErrors, routed.filterErrors, routed.dead], [[], [], []], object.metadata.name)
    return routed.rows.map(({ event }) => ({
      what: event.type.replace(/^dev\.carillon\.konflux\.|\.v1$/g, ''),
      data: JSON.parse(event.data ?? 'null'),
    }))
  })
}

const counted = (name: string): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { what } of sentBy(name)) counts[what] = (counts[what] ?? 0) + 1
  return counts
}

describe('docs/konflux.md', () => {
  test('names every milestone of the catalogue that it lists, and of builds, Snapshots and releases all of them', () => {
    const rows = page
      .split('\n')
      .filter((line) => /^\| [A-Za-z].* \| (PipelineRun|TaskRun|Snapshot|Component|Release)/.test(line))
    const told = new Set<string>()
    for (const row of rows) {
      const [, , kinds = '', names = ''] = row.split('|').map((cell) => cell.trim())
      for (const kind of kinds.split(', '))
        for (const name of codesIn(names)) {
          told.add(`${kind} ${name}`)
          assert.ok(
            knownSources.all.some(
              (source) => source.kind === kind && source.catalogue.some((one) => one.name === name),
            ),
            `${kind} ${name}`,
          )
        }
    }
    for (const { kind, catalogue } of knownSources.all)
      for (const { name, event } of catalogue)
        if (event?.family === 'konflux' || kind === 'Snapshot' || kind === 'Release')
          assert.ok(told.has(`${kind} ${name}`) || ['created', 'deleted'].includes(name), `${kind} ${name}`)
  })

  test('shows an event as it is sent', () => {
    const [block] = blocksOf(page).filter(({ language }) => language === 'json')
    const object = snapshot()
    const source = sourceOf(object)
    const milestone =
      source.milestones(object).find(({ key }) => key.startsWith(block?.info[2] ?? '-')) ?? assert.fail()
    const [event] = cloudevents.encode({
      ...input(object, milestone, { source }),
      options: defaultOptions,
      cluster: exampleCluster,
    }).events
    assert.ok(event)
    assert.deepEqual(JSON.parse(block?.code ?? ''), JSON.parse(toStructured(event).body))
  })

  test('names all types of CDEvents', () => {
    const cdeventsPage = readFileSync(new URL('../../docs/cdevents.md', import.meta.url), 'utf8')
    const types = new Set(codesIn(withoutBlocks(cdeventsPage)).map((code) => code.replace(/\.\d\.\d\.\d$/, '')))
    for (const object of objects) {
      const source = sourceOf(object)
      const own = source.milestones(object).filter(({ name }) => eventOf(source, name).family === 'konflux')
      for (const milestone of own)
        for (const { type } of formats.cdevents.encode(input(object, milestone, { source })).events) {
          const [name = ''] = /^dev\.cdevents\.[a-z]+\.[a-z]+/.exec(type) ?? []
          assert.ok(type.startsWith('dev.cdeventsx.') || types.has(name), type)
        }
    }
  })

  const counts: Record<string, Record<string, number>> = {
    'builds-of-shop': { 'build.finished': 3 },
    audit: { 'release.created': 2, 'release.published': 1, 'release.failed': 1 },
    'external-qe': { 'snapshot.passed': 1 },
    jira: { 'release.published': 1 },
    'slack-failures': { 'build.finished': 1, 'release.failed': 1 },
  }
  for (const [name, expected] of Object.entries(counts))
    test(`the subscription ${name} is sent just that`, () => assert.deepEqual(counted(name), expected))

  test('the first one is sent the whole way of a change', () => {
    assert.ok(Object.keys(counted('delivery')).length >= 9)
    assert.ok(Object.keys(counted('metrics')).length >= 9)
  })

  test('an audit has the author, and nobody else has', () => {
    const { data } = sentBy('audit').find(({ what }) => what === 'release.published') ?? assert.fail()
    assert.deepEqual(data.include['/status/attribution'], { author: 'jane-doe', standingAuthorization: true })
    for (const name of ['delivery', 'builds-of-shop', 'external-qe', 'jira', 'slack-failures', 'metrics'])
      assert.ok(!JSON.stringify(sentBy(name)).includes('jane-doe'), name)
  })

  test('Jira gets what its rule needs', () => {
    const [sent] = sentBy('jira')
    assert.deepEqual(Object.keys(sent?.data), ['release', 'application', 'snapshot', 'commit', 'advisory', 'images'])
    assert.equal(sent?.data.images[0].name, 'shop')
    assert.equal(sent?.data.advisory, 'https://errata.example.com/RHSA-1')
  })

  test('Slack takes what it is sent', () => {
    for (const { data } of sentBy('slack-failures')) slack.check(data, {})
  })
})
