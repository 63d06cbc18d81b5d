import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { KubeObject } from '../../../../src/api/object.ts'
import { projectionBefore } from '../../../../src/catalogue/sample.ts'
import type { EncodeInput } from '../../../../src/formats/format.ts'
import { chainIdOf } from '../../../../src/formats/mapping/chain.ts'
import { cdevents } from '../../../../src/formats/mapping/format.ts'
import { defaultOptions } from '../../../../src/formats/options.ts'
import { sourceFor } from '../../../../src/sources/index.ts'
import type { Milestone, Source } from '../../../../src/sources/source.ts'

const folder = join(import.meta.dirname, '../../../sources/golden')
const cluster = { uri: '/clusters/c-1', urlOf: () => 'https://api.example.com/object' }

type Case = { source: Source; object: KubeObject; milestone: Milestone }

/** All that the golden objects of Flux tell. */
const cases: Case[] = readdirSync(folder)
  .filter((file) => file.startsWith('flux-'))
  .flatMap((file) => {
    const sample = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    const source = sourceFor(sample.object) ?? assert.fail(file)
    const gone = source.deletion(sample.object, { at: Date.parse('2026-11-23T00:00:00Z'), missed: false })
    const before = projectionBefore(source, sample)
    const told = [
      ...source.milestones(sample.object),
      ...source.transitions(before, sample.object),
      ...(gone ? [gone] : []),
    ]
    return told.map((milestone) => ({ source, object: sample.object, milestone }))
  })

const versions = ['0.4.1', '0.5.1'] as const

function encode(one: Case, profile: 'service' | 'rfc' = 'service', specVersion: '0.4.1' | '0.5.1' = '0.5.1') {
  const options = {
    ...defaultOptions,
    cdevents: { ...defaultOptions.cdevents, specVersion, profile: 'sdk-go' as const },
    flux: { profile },
  }
  const input: EncodeInput = { ...one, content: 'summary', options, cluster }
  const { events, problems } = cdevents.encode(input)
  assert.deepEqual(problems, [], `${one.source.kind} ${one.milestone.name}`)
  return events.map(({ id, data = '{}' }) => ({ id, ...JSON.parse(data) }))
}

test('every milestone of every golden object is one event, valid in both versions and for the Go SDK, in both profiles', () => {
  const seen = new Set<string>()
  for (const one of cases)
    for (const profile of ['service', 'rfc'] as const)
      for (const version of versions) {
        assert.equal(encode(one, profile, version).length, 1)
        seen.add(`${one.source.kind} ${one.milestone.name}`)
      }
  const all = cases.flatMap(({ source }) => source.catalogue.map(({ name }) => `${source.kind} ${name}`))
  assert.deepEqual([...seen].toSorted(), [...new Set(all)].toSorted(), 'all milestones have been there')
})

const caseOf = (kind: string, name: string, holds: (milestone: Milestone) => boolean = () => true): Case =>
  cases.find(({ source, milestone }) => source.kind === kind && milestone.name === name && holds(milestone)) ??
  assert.fail(`${kind} ${name}`)

/** The first table of the RFC, row by row: subject, predicate, outcome. */
const rfc: [reason: string, kind: string, milestone: string, event: string, outcome?: string][] = [
  ['InstallSucceeded', 'HelmRelease', 'installed', 'environment.modified'],
  ['InstallFailed', 'HelmRelease', 'install-failed', 'incident.detected'],
  ['UpgradeSucceeded', 'HelmRelease', 'upgraded', 'taskrun.finished', 'success'],
  ['UpgradeFailed', 'HelmRelease', 'upgrade-failed', 'taskrun.finished', 'failure'],
  ['TestSucceeded', 'HelmRelease', 'tests-passed', 'testcaserun.finished', 'success'],
  ['TestFailed', 'HelmRelease', 'tests-failed', 'testcaserun.finished', 'failure'],
  ['RollbackSucceeded', 'HelmRelease', 'rolled-back', 'taskrun.finished', 'success'],
  ['RollbackFailed', 'HelmRelease', 'rollback-failed', 'taskrun.finished', 'failure'],
  ['UninstallSucceeded', 'HelmRelease', 'uninstalled', 'environment.modified'],
  ['UninstallFailed', 'HelmRelease', 'uninstall-failed', 'incident.detected'],
  ['ReconciliationSucceeded', 'HelmRelease', 'recovered', 'environment.modified'],
  ['ReconciliationFailed', 'HelmRelease', 'failed', 'incident.detected'],
  ['ReconciliationSucceeded', 'Kustomization', 'applied', 'environment.modified'],
  ['ReconciliationFailed', 'Kustomization', 'failed', 'incident.detected'],
]

for (const [reason, kind, name, event, outcome] of rfc)
  test(`rfc: ${reason}, of a ${kind} ${name}, is ${event}${outcome ? ` ${outcome}` : ''}`, () => {
    const [sent] = encode(caseOf(kind, name), 'rfc')
    assert.equal(sent.context.type.replace(/^dev\.cdevents\.|\.\d\.\d\.\d$/g, ''), event)
    assert.equal(sent.subject.content.outcome, outcome)
  })

const service: [milestone: string, event: string][] = [
  ['installed', 'service.deployed'],
  ['upgraded', 'service.upgraded'],
  ['rolled-back', 'service.rolledback'],
  ['uninstalled', 'service.removed'],
  ['install-failed', 'incident.detected'],
  ['upgrade-failed', 'incident.detected'],
  ['rollback-failed', 'incident.detected'],
  ['uninstall-failed', 'incident.detected'],
  ['failed', 'incident.detected'],
  ['recovered', 'incident.resolved'],
  ['tests-passed', 'testcaserun.finished'],
  ['tests-failed', 'testcaserun.finished'],
]

for (const [name, event] of service)
  test(`service: ${name} is ${event}`, () => {
    const [sent] = encode(caseOf('HelmRelease', name))
    assert.equal(sent.context.type.replace(/^dev\.cdevents\.|\.\d\.\d\.\d$/g, ''), event)
    assert.equal(sent.subject.content.environment.id, '/clusters/c-1/namespaces/team-a')
  })

test('a deletion is service.removed where the release went with it, else an event of its own', () => {
  const typeOf = (uninstalled: boolean) => {
    const [sent] = encode(caseOf('HelmRelease', 'deleted', ({ details }) => details?.uninstalled === uninstalled))
    return sent.context.type
  }
  assert.equal(typeOf(true), 'dev.cdevents.service.removed.0.3.0')
  assert.equal(typeOf(false), 'dev.cdeventsx.flux-helmrelease.deleted.0.1.0')
})

test('the end of an incident has its id, and follows on what detected it, in both profiles', () => {
  const resolved = caseOf('HelmRelease', 'recovered', ({ details }) =>
    String(details?.failure).startsWith('install-failed'),
  )
  const key = String(resolved.milestone.details?.failure)
  const detected: Case = { ...resolved, milestone: { ...resolved.milestone, name: key.split('/')[0] ?? '', key } }
  for (const profile of ['service', 'rfc'] as const) {
    const [[before], [after]] = [encode(detected, profile), encode(resolved, profile)]
    assert.deepEqual(after.context.links, [{ linkType: 'PATH', from: { contextId: before.id }, tags: {} }])
    if (profile === 'service') assert.equal(after.subject.id, before.subject.id)
  }
})

test('an incident keeps its id where the conditions are redacted', () => {
  const told = caseOf('HelmRelease', 'failed')
  const { details: _, message: __, reason: ___, ...milestone } = told.milestone
  assert.equal(encode({ ...told, milestone })[0]?.subject.id, encode(told)[0]?.subject.id)
})

test('a rollback follows on the upgrade that failed', () => {
  const back = caseOf('HelmRelease', 'rolled-back')
  const failed = back.source.milestones(back.object).find(({ name }) => name === 'upgrade-failed') ?? assert.fail()
  const [sent] = encode(back)
  assert.equal(sent.context.links[0].from.contextId, encode({ ...back, milestone: failed })[0]?.id)
})

const helm = (over: Record<string, unknown>, details: Milestone['details'], annotations = {}): Case => {
  const source = sourceFor({ apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease' }) ?? assert.fail()
  const metadata = {
    name: 'shop',
    namespace: 'team-a',
    uid: 'u-1',
    resourceVersion: '1',
    creationTimestamp: '2026-11-20T08:00:00Z',
    annotations,
  }
  const object = { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', metadata, ...over } as KubeObject
  const milestone: Milestone = {
    name: 'upgraded',
    key: 'upgraded/2/1',
    class: 'derived',
    time: 1,
    rank: 20,
    ...(details && { details }),
  }
  return { source, object, milestone }
}

const digest = `sha256:${'0cc9a844'.repeat(8)}`
const purls: [what: string, one: Case, expected: string][] = [
  ['a chart of a repository', helm({}, { chart: 'shop', chartVersion: '1.2.0' }), 'pkg:helm/shop@1.2.0'],
  ['a version with build metadata', helm({}, { chart: 'shop', chartVersion: '1.2.0+b' }), 'pkg:helm/shop@1.2.0%2Bb'],
  [
    'a chart of an OCIRepository',
    helm({}, { chart: 'Shop', chartVersion: '1.2.0+0cc9a8440cc9', ociDigest: digest }),
    `pkg:oci/shop@${encodeURIComponent(digest)}?tag=1.2.0`,
  ],
  ['a digest that is none', helm({}, { chart: 'shop', chartVersion: '1.2.0', ociDigest: 'x' }), 'pkg:helm/shop@1.2.0'],
  ['nothing stored yet', helm({ spec: { chart: { spec: { chart: './charts/shop' } } } }, {}), 'pkg:helm/shop'],
  ['nothing at all', helm({}, undefined), 'pkg:helm/shop'],
  ['odd names', helm({}, { chart: 'a/b?c#d e', chartVersion: '\ud800' }), 'pkg:helm/a%2Fb%3Fc%23d%20e@%EF%BF%BD'],
]

for (const [what, one, expected] of purls)
  test(`artifactId of ${what}`, () => assert.equal(encode(one)[0]?.subject.content.artifactId, expected))

test('the environment is what the annotation says, else where it is installed', () => {
  const idOf = (one: Case) => encode(one)[0]?.subject.content.environment.id
  const annotation = { 'event.toolkit.fluxcd.io/env': 'prod/eu-1' }
  assert.equal(idOf(helm({}, { releaseNamespace: 'shop' }, annotation)), 'prod/eu-1')
  assert.equal(idOf(helm({}, { releaseNamespace: 'shop' })), '/clusters/c-1/namespaces/shop')
  assert.equal(idOf(helm({ spec: { targetNamespace: 'other' } }, {})), '/clusters/c-1/namespaces/other')
  assert.equal(idOf(helm({}, {})), '/clusters/c-1/namespaces/team-a')
})

test('a GitRepository is in the chain of its commit; a release in one for each state that is wanted of it', () => {
  const commit = 'a'.repeat(40)
  const git = (url: string) =>
    ({
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind: 'GitRepository',
      metadata: { name: 'a', uid: 'u-2' },
      spec: { url },
      status: { artifact: { revision: `main@sha1:${commit}` } },
    }) as unknown as KubeObject
  const chainOf = (object: KubeObject) => chainIdOf(sourceFor(object) ?? assert.fail(), object)
  const run = {
    apiVersion: 'tekton.dev/v1',
    kind: 'PipelineRun',
    metadata: {
      name: 'b',
      uid: 'u-3',
      annotations: {
        'pipelinesascode.tekton.dev/sha': commit,
        'pipelinesascode.tekton.dev/repo-url': 'https://git.example.com/org/app',
      },
    },
  } as unknown as KubeObject
  assert.equal(chainOf(git('https://git.example.com/org/app.git')), chainOf(run))
  const wanted = (revision: string) => chainOf(helm({ status: { lastAttemptedRevision: revision } }, {}).object)
  assert.equal(wanted('1.0.0'), wanted('1.0.0'))
  assert.notEqual(wanted('1.0.0'), wanted('1.1.0'))
})

test('no address in the facts has credentials, and no event has values', () => {
  const source = sourceFor({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository' }) ?? assert.fail()
  const object = {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name: 'a', namespace: 'team-a', uid: 'u-2', creationTimestamp: '2026-11-20T08:00:00Z' },
    spec: { url: 'https://me:hunter2@git.example.com/a.git?token=hunter2' },
    status: {},
  } as unknown as KubeObject
  const [milestone] = source.milestones(object)
  const [sent] = encode({ source, object, milestone: milestone ?? assert.fail() })
  assert.equal(sent.customData.flux.flux.url, 'https://git.example.com/a.git')
  const released = helm({ spec: { values: { password: 'hunter2' } } }, { chart: 'shop' })
  assert.doesNotMatch(JSON.stringify([sent, encode(released)]), /hunter2/)
})
