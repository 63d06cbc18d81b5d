import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { EventSubscription } from '../../../src/api/generated.ts'
import { declare } from '../../../src/cli/explain/declared.ts'
import { readSinks } from '../../../src/cli/explain/sinks.ts'
import { activationSpec } from '../../../src/operator/subscription.ts'
import { type Bad, badSinks, type Good, goodSinks } from '../../api/sink-cases.ts'
import { badSubscriptions, goodSubscriptions } from '../../api/subscription-cases.ts'

const documentOf = (kind: string, spec: object) => ({
  from: 'a file',
  kind,
  object: { apiVersion: 'carillon.dev/v1alpha1', kind, metadata: { name: 'case', namespace: 'team-a' }, spec },
})

const tables: [kind: string, good: Good[], bad: Bad[]][] = [
  ['EventSink', goodSinks, badSinks],
  ['EventSubscription', goodSubscriptions, badSubscriptions],
]

suite('without a cluster', () => {
  for (const [kind, good, bad] of tables) {
    for (const [name, spec] of good) {
      test(`an ${kind} with ${name} is taken, as by the API server`, () => {
        assert.deepEqual(declare(documentOf(kind, spec), 'team-a').refused, [])
      })
    }
    for (const [name, spec] of bad) {
      test(`an ${kind} with ${name} is refused, as by the API server`, () => {
        const document = documentOf(kind, spec)
        const { refused } = declare(document, 'team-a')
        const checks = { namespace: 'team-a', note: () => undefined }
        // What the rules can't say of a URL or a time, the operator itself does.
        if (kind === 'EventSink') assert.ok(refused.length + readSinks([document], checks).refused.length > 0)
        else assert.ok(refused.length > 0 || !activationSpec(document.object as EventSubscription).ok)
      })
    }
  }
})

test('what is no CR of this version, or holds more than a CR does, is refused by path', () => {
  const { object, ...document } = documentOf('EventSubscription', { sinks: [{ name: 'qe' }] })
  const cases: [more: object, problem: string][] = [
    [{ apiVersion: 'carillon.dev/v1' }, 'apiVersion: must be carillon.dev/v1alpha1'],
    [{ sepc: {} }, 'sepc: unknown field; there are apiVersion, kind, metadata, spec, status'],
    [{ metadata: {} }, 'metadata.name: required value'],
    [{ spec: undefined }, 'spec: must be of type object, not undefined'],
    [
      { spec: { sinks: [{ name: 'qe', url: 'b' }] } },
      'spec.sinks[0].url: unknown field; there are name, namespace, secretRef',
    ],
    [{ spec: { sinks: 'qe' } }, 'spec.sinks: must be of type array, not string'],
  ]
  for (const [more, problem] of cases) {
    const { refused } = declare({ ...document, object: { ...object, ...more } }, 'team-a')
    assert.deepEqual(
      refused.map(({ path, message }) => `${path}: ${message}`),
      [problem],
    )
  }
})
