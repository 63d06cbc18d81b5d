import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import { input, run, toldBy } from '../runs.ts'
import { only, optionsOf, versions } from './official.ts'

for (const version of versions) {
  const contextOf = (object: KubeObject, told: string) =>
    only(input(object, toldBy(object, told), optionsOf(version))).data.context
  const from = ({ links }: { links?: { from: { contextId: string } }[] }) => links?.map((link) => link.from.contextId)

  test(`${version}: a run’s events lead from one to the next, by ids that are computed`, () => {
    const object = run('pipelinerun-rich')
    const [queued, started, finished] = ['queued', 'started', 'finished'].map((name) => contextOf(object, name))
    assert.equal('links' in queued, false)
    assert.deepEqual(started.links, [{ linkType: 'PATH', from: { contextId: queued.id }, tags: {} }])
    assert.deepEqual(finished.links, [{ linkType: 'PATH', from: { contextId: started.id }, tags: {} }])
  })

  test(`${version}: the start of a PipelineRun leads to the first event of each of its runs`, () => {
    const started = contextOf(run('pipelinerun-rich'), 'started')
    assert.deepEqual(from(contextOf(run('taskrun-rich'), 'started')), [started.id])
    assert.deepEqual(from(contextOf(run('taskrun-rich'), 'queued')), [started.id])
    const never = run('taskrun-rich')
    delete never.status?.startTime
    assert.deepEqual(from(contextOf(never, 'finished')), [started.id])
    const nested = run('pipelinerun-bare')
    Object.assign(nested.metadata, {
      labels: { 'tekton.dev/pipelineRunUID': run('pipelinerun-rich').metadata.uid },
    })
    assert.deepEqual(from(contextOf(nested, 'queued')), [started.id])
  })

  test(`${version}: a run that ended without a start leads from queued to finished, a lone TaskRun’s from nowhere`, () => {
    const object = run('pipelinerun-rich')
    delete object.status?.startTime
    assert.deepEqual(from(contextOf(object, 'finished')), [contextOf(object, 'queued').id])
    const lone = run('taskrun-retried')
    lone.status = { ...lone.status, retriesStatus: [] }
    delete lone.status.startTime
    assert.equal('links' in contextOf(lone, 'finished'), false)
    assert.equal('links' in contextOf(run('taskrun-retried'), 'started'), false)
  })

  test(`${version}: events that are none of the vocabulary lead nowhere, and come from those that are`, () => {
    const object = run('taskrun-retried')
    const started = contextOf(object, 'started').id
    assert.deepEqual(from(contextOf(object, 'retried')), [started])
    assert.deepEqual(from(contextOf(object, 'finished')), [started])
    const pipelineRun = run('pipelinerun-rich')
    assert.deepEqual(from(contextOf(pipelineRun, 'skipped')), [contextOf(pipelineRun, 'started').id])
    assert.deepEqual(from(contextOf(pipelineRun, 'signed')), [contextOf(pipelineRun, 'finished').id])
  })
}

test('versions link to events of their own types', () => {
  const object = run('pipelinerun-rich')
  const [old, now] = versions.map(
    (version) => only(input(object, toldBy(object, 'finished'), optionsOf(version))).data.context.links[0].from,
  )
  assert.notDeepEqual(old, now)
})
