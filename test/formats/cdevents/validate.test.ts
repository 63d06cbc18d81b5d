import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { buildLoose } from '../../../src/formats/cdevents/build.ts'
import { lint } from '../../../src/formats/cdevents/lint.ts'
import { type Problem, tell } from '../../../src/formats/cdevents/problem.ts'
import { validateLink } from '../../../src/formats/cdevents/standalone-links.ts'
import { type Profile, validate, validateText } from '../../../src/formats/cdevents/validate.ts'
import { mutants } from './mutations.ts'
import { linkSchemas, needsData } from './official.ts'

const run = () =>
  buildLoose('0.5.1', {
    name: 'pipelinerun.started',
    id: '1',
    source: 'https://cluster.example/tekton',
    timestamp: '2026-11-22T18:40:00Z',
    chainId: '271069a8-fc18-44f1-b38f-9d70a1695819',
    links: [{ linkType: 'PATH', from: { contextId: '0' }, tags: {} }],
    subject: { id: 'ns/pipelinerun/x', content: { pipelineName: 'x', uri: 'https://dashboard.example/x' } },
  })

/** A run in which what is at a path is another, or is not. */
function but(path: string, value: unknown): unknown {
  const event = structuredClone(run()) as unknown as Record<string, unknown>
  const steps = path.split('/').slice(1)
  const last = steps.pop() ?? ''
  const parent = steps.reduce((part, step) => part[step] as Record<string, unknown>, event)
  if (value === undefined) delete parent[last]
  else parent[last] = value
  return event
}

const told = (problems: Problem[]) => problems.map(({ path, rule }) => `${path} ${rule}`).join()

describe('a problem names the path and the rule', () => {
  const rows: [what: unknown, profile: Profile, expected: string][] = [
    [but('/context/id', undefined), 'schema', '/context/id required'],
    [but('/context/id', ''), 'schema', '/context/id empty'],
    [but('/context/id', 1), 'schema', '/context/id type'],
    [but('/context/source', 'a b'), 'schema', '/context/source uri-reference'],
    [but('/context/timestamp', 'yesterday'), 'schema', '/context/timestamp date-time'],
    [but('/context/type', 'dev.cdevents.pipelinerun.started.9.0.0'), 'schema', '/context/type event-type'],
    [but('/context/type', 'dev.cdeventsx.a.b'), 'schema', '/context/type event-type'],
    [but('/context/type', undefined), 'schema', '/context/type required'],
    [but('/context/links/0/linkType', 'START'), 'schema', '/context/links/0/linkType link'],
    [but('/context/links/0/from', undefined), 'schema', '/context/links/0/from required'],
    [but('/context/links/0', 'x'), 'schema', '/context/links/0 type'],
    [but('/subject/type', 'pipelineRun'), 'schema', '/subject/type unknown'],
    [but('/subject/content/uri', '/relative'), 'schema', '/subject/content/uri uri'],
    [but('/subject/content/a~b', 1), 'schema', '/subject/content/a~0b unknown'],
    [but('/customData', [1]), 'schema', '/customData type'],
    [but('/context/links/0/tags', undefined), 'schema', ''],
    [but('/context/links/0/tags', undefined), 'sdk-go', '/context/links/0/tags sdk-go'],
    [but('/context/schemaUri', 'https://x.example/y'), 'sdk-go', '/context/schemaUri sdk-go'],
    [undefined, 'sdk-go', ' type'],
    [null, 'sdk-go', ' type'],
    [[], 'schema', ' type'],
    [{}, 'schema', '/context required'],
    [{ context: 1 }, 'schema', '/context type'],
    [{ context: { type: 1 } }, 'schema', '/context/type type'],
    [{ context: { type: 'constructor' } }, 'schema', '/context/type event-type'],
  ]
  for (const [what, profile, expected] of rows) {
    test(`${profile}: ${expected || 'nothing'}`, () => assert.equal(told(validate(what, profile)), expected))
  }

  test('and every one of them', () => {
    const event = { ...run(), subject: { id: '', content: { uri: 1 } }, more: 1 }
    assert.equal(
      told(validate(event)),
      '/subject/id empty,/subject/content/pipelineName required,/subject/content/uri type,/more unknown',
    )
  })
})

test('a message reads after its path, and holds no value', () => {
  const secret = 'hunter2'
  const event = but('/subject/content/uri', secret)
  assert.equal(tell(validate(event)), '/subject/content/uri must be an absolute URI')
  assert.equal(
    tell(validate({ ...(but('/context/id', secret) as object), context: secret })),
    '/context must be an object',
  )
  assert.equal(tell(validateText('{')), 'the event is no JSON')
})

test('a member that is undefined is none, as in JSON', () => {
  const event = { ...run(), customData: undefined }
  assert.deepEqual(validate(event), [])
  assert.equal(told(validate({ ...event, subject: undefined })), '/subject required')
})

describe('lint tells what only the text of the specification asks for', () => {
  const artifact = (id: string, artifactId?: string) =>
    buildLoose('0.4.1', { ...base, name: 'build.finished', subject: { id, content: artifactId ? { artifactId } : {} } })
  const base = { id: '1', source: '/x', timestamp: '2026-11-22T18:40:00Z' }
  const environment = { id: 'x' }
  const rows: [what: unknown, expected: string][] = [
    [run(), ''],
    [but('/context/specversion', '0.5.0'), '/context/specversion spec-version'],
    [but('/context/chainId', 'x'), '/context/chainId uuid'],
    [but('/customData', '&'), '/customData base64'],
    [but('/customData', 'eA=='), ''],
    [{ ...run(), customData: {}, customDataContentType: 'text/plain' }, '/customDataContentType text'],
    [{ ...run(), customData: {}, customDataContentType: 'application/json; charset=utf-8' }, ''],
    [
      but('/context/links/0', { linkType: 'RELATION', linkKind: 'x', target: {} }),
      '/context/links/0/target/contextId text',
    ],
    [artifact('x', 'mycr.io/x:v1'), '/subject/content/artifactId purl'],
    [artifact('x', 'pkg:oci/x@1'), ''],
    [
      buildLoose('0.4.1', { ...base, name: 'artifact.published', subject: { id: 'x', content: {} } }),
      '/subject/id purl',
    ],
    [
      buildLoose('0.5.1', { ...base, name: 'service.removed', subject: { id: 'x', content: {} } }),
      '/subject/content/environment text',
    ],
    [buildLoose('0.5.1', { ...base, name: 'service.removed', subject: { id: 'x', content: { environment } } }), ''],
    [
      { context: { type: 'dev.cdeventsx.a-b.c.0.1.0', version: '0.4.1' }, subject: { type: 'a-c' } },
      '/subject/type text',
    ],
    [undefined, ''],
    [{ context: [], subject: 1 }, ''],
  ]
  for (const [what, expected] of rows) test(expected || 'nothing', () => assert.equal(told(lint(what)), expected))
})

test('standalone links, one thing changed, get the verdict of their official schemas', needsData, () => {
  const same = { chainId: 'c', timestamp: '2026-11-22T18:40:00Z', tags: { x: 'y' } }
  const [a, b] = [{ contextId: 'a' }, { contextId: 'b' }]
  const links = [
    { ...same, linkType: 'START', start: a },
    { ...same, linkType: 'PATH', from: a, to: b },
    { ...same, linkType: 'RELATION', linkKind: 'TRIGGER', source: a, target: b },
    { ...same, linkType: 'END', from: a, end: b },
  ]
  const schemas = linkSchemas('0.5.1')
  for (const link of links) {
    const schema = schemas.get(link.linkType)
    assert.ok(schema)
    assert.deepEqual(validateLink(link), [])
    for (const { what, value } of mutants(link)) {
      if (/^linkType = 'START'/.test(what) && link.linkType !== 'START') continue
      assert.equal(validateLink(value).length === 0, schema(value), `${link.linkType} ${what}`)
    }
  }
})
