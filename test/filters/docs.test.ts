import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import type { KubeObject } from '../../src/api/object.ts'
import { compile, type Program } from '../../src/cel/program.ts'
import { filterVariables, inputsOf } from '../../src/filters/inputs.ts'
import { compileSelection } from '../../src/filters/selection.ts'
import { knownSources, sources } from '../../src/sources/index.ts'
import type { Milestone, Source } from '../../src/sources/source.ts'

const page = readFileSync(new URL('../../docs/filters.md', import.meta.url), 'utf8')

/** Code blocks of a language, with the line of text before each. */
function blocks(language: string): { title: string; code: string }[] {
  const found = page.matchAll(new RegExp(`([^\n]*)\n\n\`\`\`${language}\n([^]*?)\n\`\`\``, 'g'))
  return [...found].map(([, title = '', code = '']) => ({ title, code }))
}

type Fields = Record<string, unknown>

type Case = { kind?: string; metadata?: Fields; spec?: Fields; status?: Fields; milestone?: Partial<Milestone> }

const ended: Partial<Milestone> = { name: 'finished', outcome: 'success', reason: 'Succeeded' }

/** By the line before it: what each of the ten filters takes, and what not. */
const filters: Record<string, { takes: Case; leaves: Case[] }> = {
  'Whatever went wrong:': {
    takes: { milestone: { ...ended, outcome: 'failure' } },
    leaves: [{ milestone: ended }, { milestone: { name: 'started' } }],
  },
  "Runs that could not even run, by Tekton's reason:": {
    takes: { milestone: { ...ended, outcome: 'error', reason: 'TaskRunImagePullFailed' } },
    leaves: [{ milestone: { ...ended, outcome: 'error', reason: 'InvalidParamValue' } }, { milestone: ended }],
  },
  'Everything of the pipelines whose names begin with `release-`:': {
    takes: { metadata: { labels: { 'tekton.dev/pipeline': 'release-shop' } } },
    leaves: [{}, { metadata: { labels: { 'tekton.dev/pipeline': 'build' } } }, { metadata: { labels: {} } }],
  },
  'Runs that took longer than half an hour, waiting included:': {
    takes: { milestone: { ...ended, time: Date.UTC(2026, 0, 1, 0, 31) } },
    leaves: [{ milestone: { ...ended, time: Date.UTC(2026, 0, 1, 0, 30) } }],
  },
  'TaskRuns that needed three attempts or more:': {
    takes: { milestone: ended, status: { retriesStatus: [{}, {}] } },
    leaves: [{ milestone: ended }, { milestone: ended, status: { retriesStatus: [{}] } }],
  },
  'Steps that were killed for want of memory:': {
    takes: {
      status: {
        steps: [
          { name: 'a', running: {} },
          { name: 'b', terminated: { exitCode: 137 } },
        ],
      },
    },
    leaves: [{}, { status: { steps: [{ name: 'a', terminated: { exitCode: 1 } }] } }],
  },
  'Runs for production, by a param:': {
    takes: {
      spec: {
        params: [
          { name: 'list', value: ['a'] },
          { name: 'environment', value: 'production' },
        ],
      },
    },
    leaves: [{}, { spec: { params: [{ name: 'environment', value: ['production'] }] } }],
  },
  'Images pushed to one registry, by a result:': {
    takes: { milestone: ended, status: { results: [{ name: 'IMAGE_URL', value: 'registry.example.com/shop:1' }] } },
    leaves: [
      { milestone: ended },
      { milestone: ended, status: { results: [{ name: 'IMAGE_URL', value: 'example.org/shop' }] } },
    ],
  },
  'Only TaskRuns that belong to no PipelineRun:': {
    takes: { kind: 'TaskRun' },
    leaves: [{ kind: 'TaskRun', metadata: { labels: { 'tekton.dev/pipelineRun': 'a' } } }],
  },
  'All but what asks to be left out, by an annotation:': {
    takes: {},
    leaves: [{ metadata: { annotations: { 'example.com/silent': 'true' } } }],
  },
}

function ready(filter: string): Program {
  const program = compile(filter, { variables: filterVariables, result: 'bool' })
  assert.ok(program.ok, program.ok ? '' : program.message)
  return program.value
}

function evaluate(program: Program, one: Case) {
  const kind = one.kind ?? 'PipelineRun'
  const object = {
    apiVersion: 'tekton.dev/v1',
    kind,
    metadata: {
      name: 'build-1',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...one.metadata,
    },
    spec: one.spec ?? {},
    status: one.status ?? {},
  } satisfies KubeObject
  const milestone: Milestone = {
    name: 'started',
    key: 'k',
    class: 'derived',
    time: Date.UTC(2026, 0, 1),
    rank: 1,
    ...one.milestone,
  }
  return program.evaluate(inputsOf(sources[kind] as Source, object).at(milestone))
}

describe('docs/filters.md', () => {
  const shown = blocks('cel')

  test('the ten filters are the ones that are tried here', () => {
    const ten = page.slice(page.indexOf('## Ten useful filters'), page.indexOf('## What is special'))
    assert.deepEqual(
      shown.filter(({ code }) => ten.includes(code)).map(({ title }) => title),
      Object.keys(filters),
    )
    assert.equal(Object.keys(filters).length, 10)
  })

  for (const { title, code } of shown) {
    test(`compiles: ${code.slice(0, 60)}`, () => {
      const program = ready(code)
      const tried = filters[title]
      if (!tried) return
      assert.deepEqual(evaluate(program, tried.takes), { ok: true, value: true })
      for (const one of tried.leaves) assert.deepEqual(evaluate(program, one), { ok: true, value: false })
    })
  }

  test('the example at the top is a selection that can be made', () => {
    const [example] = blocks('yaml')
    const { spec } = parse(example?.code ?? '')
    const made = compileSelection(spec, knownSources, () => true)
    assert.ok(made.ok, made.ok ? '' : made.message)
    assert.deepEqual([...made.value.kinds.keys()], ['PipelineRun'])
  })

  test('the messages shown are the ones given', () => {
    const messages = blocks('text').flatMap(({ code }) => code.split('\n'))
    const wrong = ['milestone.nme == "x"', 'true &&\n  foo == 1', 'milestone.name.matches("(")'].map((filter) => {
      const made = compileSelection({ filter, events: [{ kind: 'PipelineRun' }] }, knownSources, () => true)
      return made.ok ? '' : made.message
    })
    const failing = ['size(object.status.results) > 0', 'object.metadata.name + 1 == 2'].map((filter) => {
      const result = evaluate(ready(filter), {})
      return result.ok ? '' : result.message
    })
    assert.deepEqual(messages, [...wrong, ...failing])
  })
})
