import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type RunValues, valuesOf } from '../../../src/formats/user-events/run-values.ts'
import { compileTemplate } from '../../../src/formats/user-events/template.ts'
import { run } from '../runs.ts'

const values: RunValues = {
  results: new Map<string, unknown>([
    ['IMAGE_URL', 'quay.io/app'],
    ['cd.artifact.id', 'x'],
    ['tags', ['1', 'latest']],
    ['image', { url: 'u', constructor: 'c' }],
    ['long', 'x'.repeat(3000)],
    ['nested', { a: { b: 'S3CRET' } }],
    ['number', 5],
    ['odd', [1, 'S3CRET']],
  ]),
  params: new Map([['user', 'anna']]),
  context: new Map([['taskRun.name', 'build-1']]),
}

const fill = (source: string) => {
  const template = compileTemplate(source)
  assert.ok(template.ok, template.ok ? '' : template.message)
  return template.value.fill(values)
}

describe('what a template gives', () => {
  const rows: [string, unknown][] = [
    ['', ''],
    ['plain', 'plain'],
    ['$(results.IMAGE_URL)', 'quay.io/app'],
    ['a $(params.user) b $(context.taskRun.name)', 'a anna b build-1'],
    ['$( results.IMAGE_URL )', 'quay.io/app'],
    ['$(results["cd.artifact.id"])', 'x'],
    ["$(results['cd.artifact.id'])", 'x'],
    ['$(results.tags[1])', 'latest'],
    ['$(results.tags[*])', ['1', 'latest']],
    ['$(results.image.url)', 'u'],
    ['$(results.image.constructor)', 'c'],
    ['$$(results.IMAGE_URL) for $(params.user)', '$(results.IMAGE_URL) for anna'],
    ['a $ b', 'a $ b'],
    ['$(params.user)$(params.user)', 'annaanna'],
  ]
  for (const [source, expected] of rows)
    test(source, () => {
      assert.deepEqual(fill(source), { ok: true, value: expected })
    })
})

describe('what a run does not have is told by its name, and no value is', () => {
  const rows: [string, RegExp][] = [
    ['$(results.DIGEST)', /^the run has no result DIGEST$/],
    ['$(params.x)', /^the run has no param x$/],
    ['$(context.taskRun.x)', /no context variable taskRun\.x/],
    ['$(results.tags[2])', /no \$\(results\.tags\[2\]\)/],
    ['$(results.image.none)', /no \$\(results\.image\.none\)/],
    ['$(results.image.toString)', /no \$\(results\.image\.toString\)/],
    ['$(results.IMAGE_URL.length)', /no \$\(results\.IMAGE_URL\.length\)/],
    ['$(results.tags)', /is a list or a map/],
    ['$(results.number)', /is a list or a map/],
    ['$(results.IMAGE_URL[*])', /is no list and no map/],
    ['$(results.nested[*])', /is no list and no map/],
    ['$(results.odd[*])', /is no list and no map/],
    ['$(results.long)$(results.long)', /longer than 4096/],
  ]
  for (const [source, message] of rows)
    test(source, () => {
      const filled = fill(source)
      assert.ok(!filled.ok)
      assert.match(filled.message, message)
      assert.doesNotMatch(filled.message, /S3CRET/)
    })
})

describe('what is no template is refused', () => {
  const rows: [string, RegExp][] = [
    ['$(results.x', /has no \)/],
    ['$(workspaces.x)', /none of/],
    ['$(tasks.build.results.x)', /none of/],
    ['$(resultsx.y)', /none of/],
    ['$(cat /secret)', /^\$\(…\) is none of/],
    ['$()', /none of/],
    ['$(results)', /none of/],
    ['$(results.)', /is not written as/],
    ['$(results.a.b.c)', /is not written as/],
    ['$(results[0])', /is not written as/],
    ['$(results.a[x])', /is not written as/],
    ['$(results["a)"])', /is not written as/],
    ['$(context.a b)', /is not written as/],
    ['a $(results.tags[*])', /must stand alone/],
    ['$(params.a)'.repeat(17), /16 variables/],
    ['x'.repeat(1025), /1024 characters/],
  ]
  for (const [source, message] of rows)
    test(source.slice(0, 40), () => {
      const template = compileTemplate(source)
      assert.ok(!template.ok)
      assert.match(template.message, message)
    })
})

describe('what a run has', () => {
  test('results without the line breaks at their ends, params, and defaults of params', () => {
    const object = run('taskrun-rich')
    object.status = {
      results: [
        { name: 'a', value: 'x\r\n\n' },
        { name: 'b', value: ['y\n'] },
        { name: 5, value: 'odd' },
      ],
      taskSpec: {
        params: [
          { name: 'image', default: 'default' },
          { name: 'level', default: 'info' },
        ],
      },
    }
    const { results, params } = valuesOf('TaskRun', object)
    assert.deepEqual(
      [...results],
      [
        ['a', 'x'],
        ['b', ['y\n']],
      ],
    )
    assert.deepEqual([params.get('image'), params.get('level')], ['registry.example.com/team-a/app', 'info'])
  })

  const rows: [string, string, Record<string, string>][] = [
    [
      'TaskRun',
      'taskrun-rich',
      {
        'pipelineRun.name': 'release-9',
        'pipelineRun.namespace': 'team-a',
        'pipelineRun.uid': '0d3f6e63-0e54-4d67-8f0f-5a1c9c3b7f21',
        'pipeline.name': 'release',
        'pipelineTask.name': 'build',
        'taskRun.name': 'build-image-x7k2',
        'taskRun.namespace': 'team-a',
        'taskRun.uid': '5a5c3a0e-7d0b-4c1e-9a52-0c1f6d0a9b11',
        'task.name': 'build-image',
        'task.retry-count': '0',
      },
    ],
    [
      'PipelineRun',
      'pipelinerun-bare',
      { 'pipelineRun.name': 'held', 'pipelineRun.namespace': 'team-a', 'pipeline.name': 'held' },
    ],
    ['CustomRun', 'customrun-bare', { 'task.name': 'Wait' }],
  ]
  for (const [kind, name, expected] of rows)
    test(`context of a ${kind}`, () => {
      const { context } = valuesOf(kind, run(name))
      const found = Object.fromEntries([...context].filter(([key]) => Object.hasOwn(expected, key)))
      assert.deepEqual(found, expected)
    })
})
