import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FormatName } from '../../src/formats/format.ts'
import { formats } from '../../src/formats/index.ts'
import { attributesOf, input, run, sourceOf, toldBy } from './runs.ts'

const lateOf = (format: FormatName, object: ReturnType<typeof run>, milestone: string, content: 'full' | 'summary') =>
  formats[format]
    .encode(input(object, toldBy(object, milestone), { content }))
    .events.map((event) => attributesOf(event).late)

describe('the extension late', () => {
  const ended = run('taskrun-rich')

  test('says that the whole object shows a later milestone than the one told', () => {
    for (const format of ['cloudevents', 'cdevents'] as const) {
      assert.deepEqual(lateOf(format, ended, 'started', 'full'), ['true'], format)
      assert.deepEqual(lateOf(format, ended, 'finished', 'full'), [undefined], format)
      assert.deepEqual(lateOf(format, ended, 'started', 'summary'), [undefined], format)
    }
  })

  test('is told of what Tekton’s own formats hold, which is always the whole object', () => {
    for (const format of ['tektonv1', 'tektonv2'] as const) {
      assert.deepEqual(lateOf(format, ended, 'queued', 'summary'), ['true'], format)
      assert.deepEqual(lateOf(format, ended, 'finished', 'summary'), [undefined], format)
    }
  })

  test('is not there where the object is just as it was', () => {
    const { status, ...created } = ended
    assert.deepEqual(lateOf('cloudevents', created, 'queued', 'full'), [undefined])
    const { completionTime, conditions, ...going } = status ?? {}
    const started = { ...created, status: going }
    assert.deepEqual(lateOf('cloudevents', started, 'started', 'full'), [undefined])
    assert.deepEqual(lateOf('cloudevents', started, 'queued', 'full'), ['true'])
    assert.ok(completionTime && conditions)
  })

  test('goes by the place in a life where the times are the same', () => {
    const at = '2026-03-02T09:00:00Z'
    const metadata = { ...ended.metadata, creationTimestamp: at }
    const object = { ...ended, metadata, status: { startTime: at } }
    assert.deepEqual(lateOf('cloudevents', object, 'queued', 'full'), ['true'])
    assert.deepEqual(lateOf('cloudevents', object, 'started', 'full'), [undefined])
    assert.equal(sourceOf('TaskRun').milestones(object)[0]?.name, 'queued')
  })
})
