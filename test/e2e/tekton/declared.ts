// Events that Tasks and Pipelines declare by annotation, of runs that the real Tekton takes to their ends.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { type KubeObject, keyOf } from '../../../src/api/object.ts'
import type { Manifest } from '../../controlplane/admin.ts'
import { type Play, playAnnotation } from '../../controlplane/kubelet.ts'
import type { Received } from '../../controlplane/sink.ts'
import { conditionsOf, type Stage, type Team, typeOf } from '../fixture.ts'

const example = new URL('../../../docs/examples/declaring-task.yaml', import.meta.url)

const digest = `sha256:${'ab'.repeat(32)}`
const purl = `pkg:oci/app@sha256%3A${'ab'.repeat(32)}?repository_url=quay.io/team-a/app`
const published = 'dev.cdevents.artifact.published'
const deployed = 'dev.cdevents.service.deployed'

const modified = 'dev.cdevents.environment.modified'

const plays = (play: Play) => ({ [playAnnotation]: JSON.stringify(play) })
const step = { name: 'main', image: 'stand-in/image', command: ['true'] }
const results = (...names: string[]) => names.map((name) => ({ name, type: 'string' }))

/** The Task of the docs, as it stands, with what the stand-in for the nodes plays. */
const buildImage = (): Manifest => {
  const task = parse(readFileSync(example, 'utf8')) as Manifest
  const play = plays({ results: { IMAGE_URL: 'quay.io/team-a/app:1.0', IMAGE_DIGEST: digest } })
  const annotations = { ...(task.metadata as KubeObject['metadata']).annotations, ...play }
  return { ...task, metadata: { ...task.metadata, annotations } }
}

/** Builds by that Task, tests, and deploys: the last is what its own declarations are for. */
const pipeline: Manifest = {
  apiVersion: 'tekton.dev/v1',
  kind: 'Pipeline',
  metadata: {
    name: 'release',
    annotations: {
      'carillon.dev/events': `
- name: rolled-out
  on: {kind: TaskRun, pipelineTask: deploy}
  type: ${deployed}
  subject: {id: $(context.taskRun.namespace)/shop}
  artifact: {image: $(params.image)}
  content:
    environment: {id: $(results.environment)}
- name: begun
  on: {kind: PipelineRun, pipeline: release, milestone: started}
  type: ${modified}
  subject: {id: /prod/eu-1}
- name: not-pushed
  on: {kind: PipelineRun, pipeline: release}
  type: ${published}
  when: has(results.pushed)
  artifact: {image: $(results.pushed)}
`,
    },
  },
  spec: {
    tasks: [
      { name: 'build', taskRef: { name: 'build-image', kind: 'Task' } },
      { name: 'test', taskSpec: { steps: [step] }, runAfter: ['build'] },
      {
        name: 'deploy',
        runAfter: ['test'],
        params: [{ name: 'image', value: '$(tasks.build.results.IMAGE_URL)@$(tasks.build.results.IMAGE_DIGEST)' }],
        taskSpec: {
          metadata: { annotations: plays({ results: { environment: '/prod/eu-1\n' } }) },
          params: [{ name: 'image', type: 'string' }],
          results: results('environment'),
          steps: [step],
        },
      },
    ],
  },
}

const release = {
  kind: 'PipelineRun',
  name: 'release-9',
  spec: {
    pipelineRef: { name: 'release' },
    taskRunTemplate: { serviceAccountName: 'default' },
    timeouts: { pipeline: '1h0m0s' },
  },
}

const lone = (name: string, annotations: Record<string, string>, play: Play) => ({
  kind: 'TaskRun',
  name,
  annotations: { ...annotations, ...plays(play) },
  spec: {
    serviceAccountName: 'default',
    timeout: '1h0m0s',
    taskSpec: { results: results(...Object.keys(play.results ?? {})), steps: [step] },
  },
})

/** As the example of Tekton's experiment has it. */
const experimental = lone(
  'experimental',
  {
    'cd.artifact.published': 'cdevent',
    'cd.events/results.artifact.id': 'IMAGE_URL',
    'cd.events/results.artifact.name': 'IMAGE_DIGEST',
    'cd.events/results.artifact.version': 'IMAGE_TAG',
  },
  { results: { IMAGE_URL: 'quay.io/team-a/app', IMAGE_DIGEST: digest, IMAGE_TAG: '1.0' } },
)

const entry = (more: string) => `- {name: published, on: {kind: TaskRun}, type: ${published}, ${more}}`

const unresolved = lone(
  'unresolved',
  { 'carillon.dev/events': entry('artifact: {image: $(results.IMAGE_URL), digest: $(results.IMAGE_DIGEST)}') },
  { results: { IMAGE_URL: 'quay.io/team-a/secret-app' } },
)

const invalid = lone(
  'invalid',
  {
    'carillon.dev/events': `- {name: out, on: {kind: TaskRun}, type: ${deployed}, subject: {id: shop}, content: {artifactId: "${purl}"}}`,
  },
  {},
)

export function declared(stage: () => Stage): void {
  describe('events that authors declare', () => {
    let team: Team

    before(async () => {
      team = await stage().team('declared')
      await team.sink()
      const userEvents = { types: [published, deployed, modified] }
      await team.subscription('declared', { formats: ['cdevents'], userEvents })
      await team.subscription('alone', {
        formats: ['cdevents'],
        cdevents: { specVersion: '0.5.1', profile: 'sdk-go' },
        userEvents: { types: [published], only: true },
      })
      await team.subscription('plain', { formats: ['cdevents'] })
      for (const name of ['declared', 'alone', 'plain']) await team.ready(name)
      for (const manifest of [buildImage(), pipeline])
        await stage().admin.create({
          ...manifest,
          metadata: { ...manifest.metadata, namespace: team.namespace },
        } as Manifest)
      await Promise.all([release, experimental, unresolved, invalid].map(perform))
      const ends = (events: Received[]) => events.filter((one) => /run\.finished/.test(typeOf(one))).length
      for (const name of ['declared', 'plain'])
        await team.received(() => ends(to(name)) === 7, `the ends of seven runs for ${name}`)
      await team.received(() => declaredTo('declared').length === 4, 'four declared events')
      await team.received(() => to('alone').length === 2, 'what is sent alone')
    })

    async function perform({ kind, name, spec, ...more }: { kind: string; name: string; spec: object }): Promise<void> {
      const metadata = { name, namespace: team.namespace, ...more }
      await stage().admin.create({ apiVersion: 'tekton.dev/v1', kind, metadata, spec })
      const path = await stage().admin.path('tekton.dev/v1', kind, team.namespace, name)
      const run = await stage().admin.waitFor(path, (one) => one.status?.completionTime !== undefined, {
        what: `${name} to end`,
      })
      assert.equal(
        conditionsOf(run).find(({ type }) => type === 'Succeeded')?.status,
        'True',
        JSON.stringify(run.status),
      )
    }

    const to = (name: string): Received[] =>
      team.server.received.filter(({ subscription }) => subscription === `${team.namespace}/${name}`)

    /** What is about neither a TaskRun nor a PipelineRun: type, subject, and the run whose milestone it was. */
    const declaredTo = (name: string) =>
      to(name)
        .map(({ body }) => JSON.parse(body))
        .filter(({ context }) => !/\.(task|pipeline)run\./.test(context.type))
        .map((event) => ({ event, of: event.customData.tekton.metadata }))
        .toSorted((a, b) => (a.of.name < b.of.name ? -1 : 1))

    it('arrive with what the runs’ results say', () => {
      assert.deepEqual(
        declaredTo('declared').map(({ event: { context, subject }, of }) => [
          of.labels['tekton.dev/pipelineTask'] ?? of.name,
          context.type,
          subject.id,
          subject.content,
        ]),
        [
          ['experimental', `${published}.0.2.0`, purl, {}],
          // Of the Pipeline's annotation: Tekton had copied it to the run when that started.
          ['release-9', `${modified}.0.2.0`, '/prod/eu-1', {}],
          ['build', `${published}.0.2.0`, purl, { user: 'ci' }],
          ['deploy', `${deployed}.0.2.0`, 'declared/shop', { environment: { id: '/prod/eu-1' }, artifactId: purl }],
        ],
      )
    })

    it('count only for their target, though Tekton copied the Pipeline’s to each of its runs', async () => {
      const runs = await stage().admin.list('tekton.dev/v1', 'TaskRun', team.namespace)
      const ofPipeline = runs.filter(({ metadata }) => metadata.labels?.['tekton.dev/pipelineRun'] === release.name)
      const given = pipeline.metadata as KubeObject['metadata']
      assert.equal(ofPipeline.length, 3)
      for (const run of ofPipeline)
        assert.equal(
          run.metadata.annotations?.['carillon.dev/events'],
          given.annotations?.['carillon.dev/events'],
          keyOf(run),
        )
      assert.equal(declaredTo('declared').filter(({ event }) => event.subject.id === 'declared/shop').length, 1)
    })

    it('come after the milestone’s own event, and link to it', () => {
      const all = to('declared').map(({ body }) => JSON.parse(body))
      for (const { event } of declaredTo('declared')) {
        const [link] = event.context.links
        const own = all.findIndex(({ context }) => context.id === link.from.contextId)
        assert.match(all[own].context.type, /(taskrun\.finished|pipelinerun\.started)/)
        assert.ok(own < all.findIndex(({ context }) => context.id === event.context.id))
        assert.equal(all[own].context.chainId, event.context.chainId)
      }
    })

    it('come alone where nothing else is wanted, and not at all where they may not pass', () => {
      assert.deepEqual(
        declaredTo('alone').map(({ event: { context, subject } }) => [context.type, subject.id]),
        Array.from({ length: 2 }, () => [`${published}.0.3.0`, purl]),
      )
      assert.equal(to('alone').length, 2)
      assert.deepEqual(declaredTo('plain'), [])
    })

    it('are counted and reported where they can not be sent, with the run’s name and the rule', async () => {
      const { invalid: count, matched } = await team.counts(
        'EventSubscription',
        'declared',
        (counts) => counts.invalid === 2,
      )
      assert.deepEqual([count, matched], [2, 14])
      const found = await team.condition('EventSubscription', 'declared', 'FormatErrors', { status: 'True' })
      const message = conditionsOf(found).find(({ type }) => type === 'FormatErrors')?.message ?? ''
      assert.match(
        message,
        /declaration published: \/artifact\/digest: the run has no result IMAGE_DIGEST|declaration out: .*\/subject\/content\/environment is required/,
      )
      assert.match(message, /declared\/(unresolved|invalid)\b/)
      assert.doesNotMatch(message, /secret-app/)
      const { invalid: alone } = await team.counts('EventSubscription', 'alone', (counts) => counts.invalid === 1)
      assert.equal(alone, 1)
      await team.condition('EventSubscription', 'alone', 'FormatErrors', {
        status: 'True',
        reason: 'DeclarationInvalid',
        message: /unresolved.*declaration published: \/artifact\/digest: the run has no result IMAGE_DIGEST/,
      })
      const { invalid: none } = await team.counts('EventSubscription', 'plain', () => true)
      assert.equal(none, 0)
    })
  })
}
