import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import type { EncodeInput } from '../../src/formats/format.ts'
import { formats } from '../../src/formats/index.ts'
import { defaultOptions, type Pointer } from '../../src/formats/options.ts'
import { attributesOf, input, run, toldBy } from './runs.ts'

const object = run('taskrun-rich')
const finished = toldBy(object, 'finished')
const including = (...include: Pointer[]) => ({ ...defaultOptions, data: { include, redact: [] } })

const encode = (name: 'cloudevents' | 'cdevents', more: Partial<EncodeInput> = {}, of: KubeObject = object) => {
  const [event] = formats[name].encode(input(of, finished, more)).events
  assert.ok(event)
  return event
}

/** The summary, wherever the format has it. */
const summaryIn = (data: string | undefined): Record<string, unknown> => {
  const parsed = JSON.parse(data ?? '{}')
  return parsed.customData?.tekton ?? parsed
}

for (const name of ['cloudevents', 'cdevents'] as const) {
  describe(`a summary of ${name}`, () => {
    test('holds what is included and there, by its pointer, in the order of the spec', () => {
      const options = including(
        ['status', 'results'],
        ['nope'],
        ['metadata', 'labels', 'tekton.dev/task'],
        ['spec', 'params', '0', 'name'],
      )
      const { include } = summaryIn(encode(name, { options }).data)
      assert.deepEqual(Object.entries(include as object), [
        ['/status/results', object.status?.results],
        ['/metadata/labels/tekton.dev~1task', object.metadata.labels?.['tekton.dev/task']],
        ['/spec/params/0/name', 'image'],
      ])
      const { include: none, truncated } = summaryIn(encode(name).data)
      assert.deepEqual([none, truncated], [undefined, undefined])
    })

    test('says where the object is, where it stands in for one that was too large', () => {
      const { truncated, objectRef } = summaryIn(encode(name, { truncated: true }).data)
      assert.equal(truncated, true)
      assert.deepEqual(objectRef, {
        apiVersion: 'tekton.dev/v1',
        kind: 'TaskRun',
        namespace: 'team-a',
        name: 'build-image-x7k2',
        uid: object.metadata.uid,
        resourceVersion: object.metadata.resourceVersion,
        url: 'https://dash.example.com/team-a/taskruns/build-image-x7k2',
      })
    })

    test('comes with the event in full, and is the same as one that is asked for', () => {
      for (const options of [defaultOptions, including(['status', 'results'])]) {
        const full = encode(name, { content: 'full', options })
        const { attributes, data } = encode(name, { truncated: true, options })
        assert.deepEqual(full.summary, { attributes, data })
        assert.equal(summaryIn(full.data).include, undefined)
        assert.equal(encode(name, { options }).summary, undefined)
      }
    })

    test('stands in for what is nested too deeply to be written, and leaves such parts out', () => {
      let deep: unknown = 'x'
      for (let level = 0; level < 20_000; level++) deep = [deep]
      const nested = { ...object, spec: { ...object.spec, deep } }
      const full = encode(name, { content: 'full' }, nested)
      assert.equal(summaryIn(full.data).truncated, true)
      assert.equal(attributesOf(full).late, undefined)
      const parts = encode(name, { options: including(['spec', 'deep'], ['status', 'podName']) }, nested)
      assert.deepEqual(Object.keys(summaryIn(parts.data).include as object), ['/status/podName'])
    })
  })
}

test('parts that hold one another are written no further than any sink takes', () => {
  const depth = 32
  const nested = Array.from({ length: depth }).reduce<unknown>((below) => ({ a: below }), 'x'.repeat(200_000))
  const large = { ...object, spec: { a: nested } } as KubeObject
  const include = Array.from({ length: depth }, (_, n) => ['spec', ...Array.from({ length: n + 1 }, () => 'a')])
  const { length } = encode('cloudevents', { options: including(...include) }, large).data ?? ''
  assert.ok(length > 1_048_576 && length < 1_500_000, `${length}`)
})
