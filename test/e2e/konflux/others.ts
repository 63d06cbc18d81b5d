import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sources } from '../../../src/sources/index.ts'
import type { Manifest } from '../../controlplane/admin.ts'
import { at } from '../fixture.ts'
import type { Scene } from './scene.ts'

const appstudio = 'appstudio.redhat.com/v1alpha1'
const projctl = 'projctl.konflux.dev/v1beta1'
const condition = (type: string, status: string, reason: string) => ({
  conditions: [{ type, status, reason, message: '', lastTransitionTime: at() }],
})
const processed = 'mintmaker.appstudio.redhat.com/processed'

type Write = { status: object } | { patch: object }

/** Kind by kind, under its own CRD: what it is made as, what is written to it, and all that it tells, to its deletion. */
const lives: readonly { apiVersion: string; kind: string; spec: object; writes: readonly Write[]; tells: string[] }[] =
  [
    {
      apiVersion: appstudio,
      kind: 'InternalRequest',
      spec: { pipeline: { pipelineRef: { resolver: 'git', params: [] } }, params: { token: 'hunter2' } },
      writes: [
        { status: { startTime: at(), ...condition('Succeeded', 'False', 'Running') } },
        { status: { completionTime: at(), ...condition('Succeeded', 'False', 'Rejected') } },
      ],
      tells: ['created', 'finished', 'deleted'],
    },
    {
      apiVersion: appstudio,
      kind: 'EnterpriseContractPolicy',
      spec: { description: 'rules' },
      writes: [
        { patch: { metadata: { labels: { team: 'a' } } } },
        { patch: { spec: { description: 'other rules' } } },
        { patch: { metadata: { labels: { team: 'b' } } } },
        { patch: { spec: { description: 'still others' } } },
      ],
      tells: ['created', 'changed', 'changed', 'deleted'],
    },
    {
      apiVersion: projctl,
      kind: 'ProjectDevelopmentStream',
      spec: { project: 'shop', template: { name: 'version' } },
      writes: [
        { status: condition('Ready', 'Unknown', 'ApplyingResources') },
        { status: condition('Ready', 'False', 'TemplateFetchFailed') },
        { status: condition('Ready', 'False', 'TemplateGenerationFailed') },
        { status: condition('Ready', 'True', 'ResourcesApplied') },
      ],
      tells: ['created', 'failed', 'failed', 'ready', 'deleted'],
    },
    {
      apiVersion: appstudio,
      kind: 'DependencyUpdateCheck',
      spec: { namespaces: [{ namespace: 'of-somebody-else' }] },
      writes: [
        { patch: { metadata: { annotations: { [processed]: 'false' } } } },
        { patch: { metadata: { annotations: { [processed]: 'true' } } } },
      ],
      tells: ['created', 'processed', 'deleted'],
    },
  ]

/** What the run that is replayed has none of. */
export function others(scene: Scene): void {
  test('requests, policies, streams and update checks tell what is written to them, and nothing of what is in them', async () => {
    const { admin } = scene.stage
    const team = await scene.stage.team('managed')
    await team.subscribe({
      startFrom: 'Earliest',
      events: lives.map(({ kind }) => ({ kind, milestones: sources[kind]?.catalogue.map(({ name }) => name) })),
    })
    for (const { apiVersion, kind, spec, writes } of lives) {
      const of = [apiVersion, kind, team.namespace, 'a'] as const
      await admin.create({ apiVersion, kind, metadata: { name: 'a', namespace: team.namespace }, spec } as Manifest)
      for (const write of writes)
        await ('status' in write ? admin.patchStatus(...of, write.status) : admin.mergePatch(...of, write.patch))
      await admin.delete(...of)
    }
    const all = lives.flatMap(({ tells }) => tells).length
    const received = await team.received(all)
    const told = (kind: string) =>
      received
        .map(({ body }) => JSON.parse(body) as { kind: string; milestone: { name: string } })
        .filter((event) => event.kind === kind)
        .map(({ milestone }) => milestone.name)
    for (const { kind, tells } of lives) assert.deepEqual(told(kind), tells, kind)
    assert.equal(/hunter2|of-somebody-else/.test(JSON.stringify(received)), false)
  })
}
