import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import type { KubeObject } from '../../src/api/object.ts'
import { component } from '../../src/sources/konflux-component.ts'
import { componentGroup } from '../../src/sources/konflux-component-group.ts'
import { versionedComponent } from '../../src/sources/konflux-component-versions.ts'
import { imageRepository, newImageRepository } from '../../src/sources/konflux-image-repository.ts'
import { integrationTestScenario } from '../../src/sources/konflux-scenario.ts'
import { konfluxTime } from '../../src/sources/konflux-time.ts'
import type { Source } from '../../src/sources/source.ts'

const at = (clock: string) => `2026-03-03T${clock}Z`
const ms = (clock: string) => Date.parse(at(clock))

const object = (source: Source, status?: unknown, annotations?: Record<string, string>): KubeObject =>
  ({
    apiVersion: `${source.group}/${source.version}`,
    kind: source.kind,
    metadata: {
      name: 'cart',
      namespace: 'shop-tenant',
      uid: 'u-1',
      resourceVersion: '7',
      creationTimestamp: at('08:00:00'),
      managedFields: [
        { manager: 'kubectl', operation: 'Update', time: at('08:30:00'), fieldsV1: { 'f:spec': {} } },
        {
          manager: 'manager',
          operation: 'Update',
          subresource: 'status',
          time: at('09:00:00'),
          fieldsV1: { 'f:status': { 'f:lastPromotedImage': {}, 'f:state': {}, 'f:globalCandidateList': {} } },
        },
      ],
      ...(annotations && { annotations }),
    },
    ...(status !== undefined && { status }),
  }) as KubeObject

const keysOf = (source: Source, of: KubeObject): string[] =>
  source
    .milestones(of)
    .map(({ key }) => key)
    .filter((key) => key !== 'created')

test('times as build-service writes them, and nothing else', () => {
  const then = Date.UTC(2026, 2, 3, 10, 44, 6)
  const table: [unknown, number | undefined][] = [
    ['Tue, 03 Mar 2026 10:44:06 UTC', then],
    ['03 Mar 2026 10:44:06 UTC', then],
    ['3 Mar 2026 10:44:06 GMT', then],
    ['2026-03-03T10:44:06Z', then],
    ['Tue, 03 Mar 2026 10:44:06', undefined],
    ['Tue, 03 Mar 2026 10:44:06 EST', undefined],
    ['Tue, 31 Feb 2026 10:44:06 UTC', undefined],
    ['Tue, 03 Mrz 2026 10:44:06 UTC', undefined],
    ['Mon, 01 Jan 0001 00:00:00 UTC', undefined],
    ['Tue, 03 Mar 2026 25:44:06 UTC', undefined],
    ['3 toString 2026 10:44:06 UTC', undefined],
    [{}, undefined],
    [undefined, undefined],
  ]
  for (const [value, expected] of table) assert.equal(konfluxTime(value), expected, String(value))
})

const statusAnnotation = 'build.appstudio.openshift.io/status'
const configured = { state: 'enabled', 'configuration-time': 'Tue, 03 Mar 2026 08:10:06 UTC' }

test('a Component is onboarded, or not, by its annotation', () => {
  const pac = (of: unknown) => JSON.stringify({ pac: of, message: 'done' })
  const failed = { state: 'error', 'error-id': 52, 'error-message': '52: GitHub App\nis not installed' }
  const table: [what: string, annotation: string, keys: string[], readable?: false][] = [
    ['enabled', pac(configured), [`onboarded/${ms('08:10:06')}`]],
    ['enabled, with a time that is none', pac({ ...configured, 'configuration-time': 'soon' }), ['onboarded']],
    ['disabled', pac({ ...configured, state: 'disabled' }), []],
    ['an error', pac(failed), ['onboarding-failed/52']],
    ['an error of one that was enabled', pac({ ...configured, ...failed }), ['onboarding-failed/52']],
    ['no error', pac({ ...configured, 'error-id': 0 }), [`onboarded/${ms('08:10:06')}`]],
    ['an error that is no number', pac({ state: 'error', 'error-id': '52' }), []],
    ['an error that is no whole number', pac({ state: 'error', 'error-id': 1e300 }), []],
    ['pac that is none', pac('enabled'), []],
    ['nothing', '', []],
    ['no JSON', '{"pac":', [], false],
    ['a list', '[]', [], false],
    ['null', 'null', [], false],
  ]
  for (const [what, annotation, keys, readable = true] of table) {
    const of = object(component, undefined, { [statusAnnotation]: annotation })
    assert.deepEqual(keysOf(component, of), keys, what)
    assert.equal(component.unreadable?.(of).length, readable ? 0 : 1, what)
  }
  const [, told] = component.milestones(object(component, undefined, { [statusAnnotation]: pac(failed) }))
  assert.deepEqual([told?.reason, told?.message, told?.undated], ['error-52', '52: GitHub App is not installed', true])
  assert.equal(told?.time, ms('09:00:00'), 'nobody owns the annotation: the last write')
})

const digest = `sha256:${'1b5c'.repeat(16)}`

test('a Component’s promoted image is told by its digest, at the last write of who wrote it', () => {
  const image = `registry.example.com/shop/cart@${digest}`
  const [, promoted] = component.milestones(object(component, { lastPromotedImage: image }))
  assert.deepEqual(promoted, {
    name: 'promoted',
    key: `promoted/${digest}`,
    class: 'derived',
    time: ms('09:00:00'),
    rank: 20,
    undated: true,
    details: { image, digest },
  })
  const table: [unknown, string[]][] = [
    ['registry.example.com/shop/cart:v1', ['promoted/registry.example.com/shop/cart:v1']],
    ['registry.example.com/shop/cart@sha256:1b5c', ['promoted/registry.example.com/shop/cart@sha256:1b5c']],
    ['a b', []],
    ['a\nb', []],
    ['', []],
    ['x'.repeat(2000), []],
    [{ image }, []],
  ]
  for (const [lastPromotedImage, keys] of table)
    assert.deepEqual(keysOf(component, object(component, { lastPromotedImage })), keys)
})

test('in the new model each version is onboarded, or not, by itself', () => {
  const version = (name: unknown, status: unknown, more: Record<string, unknown> = {}) => ({
    name,
    'onboarding-status': status,
    ...more,
  })
  const time = { 'onboarding-time': '03 Mar 2026 08:05:16 UTC' }
  const none = '/e3b0c442'
  const table: [what: string, status: unknown, keys: string[]][] = [
    ['succeeded', { versions: [version('Main', 'succeeded', time)] }, [`onboarded/Main/${ms('08:05:16')}`]],
    ['without a time', { versions: [version('Main', 'succeeded')] }, ['onboarded/Main']],
    ['failed', { versions: [version('Main', 'failed')] }, [`onboarding-failed/Main${none}`]],
    ['another state', { versions: [version('Main', 'disabled')] }, []],
    ['no name', { versions: [version(7, 'succeeded', time)] }, []],
    ['no message', { message: '' }, []],
    ['none that are versions', { versions: [null, 'Main', []] }, []],
    ['no list', { versions: { name: 'Main' } }, []],
  ]
  for (const [what, status, keys] of table)
    assert.deepEqual(keysOf(versionedComponent, object(versionedComponent, status)), keys, what)
  const failed = (message: string) => keysOf(versionedComponent, object(versionedComponent, { message }))
  assert.deepEqual(failed('no access'), failed('no access'))
  assert.notDeepEqual(failed('no access'), failed('no such branch'))
})

test('an image repository that is damaged or missing is lost, and recovers once it is ready again', () => {
  const walk = (source: Source, states: (string | undefined)[]) => {
    let previous: ReturnType<Source['project']> | undefined
    return states.map((state) => {
      const now = object(source, state === undefined ? {} : { state })
      const told = source.transitions(previous, now).map(({ name }) => name)
      previous = source.project(now, { wants: () => true, previous })
      return told.join()
    })
  }
  for (const source of [imageRepository, newImageRepository]) {
    assert.deepEqual(walk(source, ['waiting', 'ready', 'damaged', 'ready']), ['', '', 'lost', 'recovered'])
    assert.deepEqual(walk(source, ['ready', 'damaged', 'missing', 'ready']), ['', 'lost', '', 'recovered'])
    assert.deepEqual(walk(source, ['ready', 'missing', 'waiting', 'ready']), ['', 'lost', '', 'recovered'])
    assert.deepEqual(walk(source, ['ready', 'damaged', 'failed', 'ready']), ['', 'lost', '', 'recovered'])
    assert.deepEqual(walk(source, [undefined, 'ready', 'odd', 'ready']), ['', '', '', ''])
    assert.deepEqual(walk(source, ['damaged', 'damaged']), ['', ''])
    assert.deepEqual(keysOf(source, object(source, { state: 'ready' })), ['ready'])
    assert.deepEqual(keysOf(source, object(source, { state: 'failed', message: 'no room' })), ['failed'])
    for (const state of ['waiting', 'damaged', 'missing', 'Ready', 7])
      assert.deepEqual(keysOf(source, object(source, { state })), [])
  }
})

test('a scenario is valid or not by its condition, in every version that can be served', () => {
  const condition = (status: string, lastTransitionTime?: string) => ({
    conditions: [{ type: 'IntegrationTestScenarioValid', status, reason: 'x', lastTransitionTime }],
  })
  const { version, versions = [] } = integrationTestScenario
  assert.deepEqual([version, ...versions], ['v1beta2', 'v1beta1', 'v1alpha1'])
  const table: [unknown, string[]][] = [
    [condition('True', at('07:10:00')), [`valid/${ms('07:10:00')}`]],
    [condition('False', at('07:10:00')), [`invalid/${ms('07:10:00')}`]],
    [condition('Unknown', at('07:10:00')), []],
    [condition('True'), ['valid']],
    [undefined, []],
  ]
  for (const [status, keys] of table)
    assert.deepEqual(keysOf(integrationTestScenario, object(integrationTestScenario, status)), keys)
})

test('a group tells each image that is promoted in it, with component, version and commit', () => {
  const commit = '4f'.repeat(20)
  const image = `registry.example.com/shop/cart@${digest}`
  const candidate = { name: 'cart', version: 'main', lastPromotedImage: image, lastPromotedCommit: commit }
  const of = (...globalCandidateList: unknown[]) => object(componentGroup, { globalCandidateList })
  const [, told] = componentGroup.milestones(of(candidate))
  assert.deepEqual(
    [told?.key, told?.details],
    [`promoted/cart/main/${digest}`, { component: 'cart', version: 'main', image, digest, commit }],
  )
  assert.deepEqual(keysOf(componentGroup, of(candidate, { ...candidate, version: undefined })), [
    `promoted/cart/main/${digest}`,
    `promoted/cart//${digest}`,
  ])
  assert.deepEqual(keysOf(componentGroup, of({ name: 'cart' }, { lastPromotedImage: image }, null, 7)), [])
  const odd = componentGroup.milestones(of({ ...candidate, lastPromotedCommit: 'main\nand more' }))[1]
  assert.equal(odd?.details?.commit, undefined)
})

const shared = join(import.meta.dirname, '../../../shared/data/konflux/e2e-run')
const skip = existsSync(shared) ? false : 'no sample objects: ../shared/data/konflux/e2e-run is not there'

test('a Component and a scenario of a real cluster', { skip }, () => {
  const read = (file: string): KubeObject => parse(readFileSync(join(shared, file), 'utf8'))
  assert.deepEqual(keysOf(component, read('component-testrepo-d69b0.yaml')), [
    `onboarded/${Date.parse('2026-03-03T10:44:06Z')}`,
    'promoted/sha256:348f0dc84dd05b5ca3f9214a4dde9c0886eda434c437426be2b33f063ebbfe4a',
  ])
  const scenario = read('integrationtestscenario-testrepo-app-enterprise-contract.yaml')
  assert.deepEqual(keysOf(integrationTestScenario, scenario), [])
})
