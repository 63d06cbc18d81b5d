import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { compileSubscription } from '../../src/operator/subscription.ts'
import { of, see } from '../operator/routing.ts'
import { at, condition, context, sourceOf, start } from '../operator/scene.ts'
import { recipes } from './recipes.ts'

/** A PipelineRun of a push build that has ended. */
function pipelineRun(
  status: string,
  reason: string,
  more: { message?: string; metadata?: object; results?: unknown[] } = {},
): KubeObject {
  const [succeeded] = condition(status, reason, 60).conditions
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'PipelineRun',
    metadata: {
      name: 'build-shop-x7k2',
      namespace: 'team-a',
      uid: '0b7f6f0e-7c1c-4a0e-9a38-6c6f5a3f1d11',
      resourceVersion: '1',
      creationTimestamp: at(0),
      labels: {
        'pipelines.appstudio.openshift.io/type': 'build',
        'pipelinesascode.tekton.dev/event-type': 'push',
        'appstudio.openshift.io/application': 'shop',
        'tekton.dev/pipeline': 'build-shop',
      },
      ...more.metadata,
    },
    spec: { pipelineRef: { name: 'build-shop' } },
    status: {
      startTime: at(1),
      completionTime: at(60),
      conditions: [
        { ...succeeded, message: more.message ?? 'Tasks Completed: 3 (Failed: 0, Cancelled 0), Skipped: 0' },
      ],
      ...(more.results && { results: more.results }),
    },
  }
}

const nasty = '<script> & "quotes" \u0000 \\ \n 😀'.repeat(60)

const runs: Record<string, KubeObject> = {
  succeeded: pipelineRun('True', 'Succeeded', {
    results: [{ name: 'IMAGE_URL', value: 'registry.example.com/shop:1' }],
  }),
  'with results of every type': pipelineRun('True', 'Completed', {
    results: [
      { name: 'LIST', type: 'array', value: ['a', 'b'] },
      { name: 'MAP', type: 'object', value: { a: 'b' } },
    ],
  }),
  failed: pipelineRun('False', 'Failed', { message: nasty }),
  'timed out': pipelineRun('False', 'PipelineRunTimeout', { message: '' }),
  'refused, and bare of labels but those asked for': pipelineRun('False', 'CouldntGetPipeline', {
    metadata: { name: 'x'.repeat(253), labels: undefined },
  }),
}

describe('docs/recipes.md', () => {
  const all = recipes()
  test('has the five', () => assert.equal(all.length, 5))

  for (const { title, subscription, product, sink } of all) {
    test(`what ${title} is sent is what it takes`, () => {
      const { maxEventBytes = 65_536 } = sink.spec.limits ?? {}
      const uid = {
        ...subscription.metadata,
        uid: 'uid-recipe',
        generation: 1,
        resourceVersion: '1',
        creationTimestamp: at(0),
      }
      const compiled = compileSubscription(
        { ...subscription, metadata: uid },
        context({ maxEventBytes: () => maxEventBytes }),
      )
      assert.ok(compiled.ok, compiled.ok ? '' : compiled.message)
      let sent = 0
      for (const [what, object] of Object.entries(runs)) {
        const routed = see(object, { ...of([compiled.value]), source: sourceOf('PipelineRun'), now: start + 61_000 })
        assert.deepEqual([routed.formatErrors, routed.filterErrors, routed.dead], [[], [], []], what)
        for (const { event } of routed.rows) {
          const headers = {
            'user-agent': 'carillon',
            authorization: 'Bearer token',
            ...Object.fromEntries((sink.spec.http.headers ?? []).map(({ name, value }) => [name.toLowerCase(), value])),
          }
          product.check(JSON.parse(event.data ?? ''), headers)
          sent += 1
        }
      }
      assert.ok(sent >= 2, `${sent} of ${Object.keys(runs).length} runs are told`)
    })
  }
})
