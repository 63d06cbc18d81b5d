import assert from 'node:assert/strict'
import { test } from 'node:test'
import { validate } from '../../../src/formats/cdevents/validate.ts'
import { mutants } from './mutations.ts'
import { needsData } from './official.ts'
import { differences, every, find, type Question, verdicts, withoutSchema } from './verdicts.ts'

test('the SDK takes every official example, but for the schema that each names', needsData, async () => {
  const bare = every.map((example) => ({ what: example.file, version: example.version, event: withoutSchema(example) }))
  assert.deepEqual(new Set(await verdicts(bare)), new Set(['']))
  assert.deepEqual(
    bare.flatMap(({ event }) => validate(event, 'sdk-go')),
    [],
  )
  const whole = every.map(({ file, version, event }) => ({ what: file, version, event }))
  for (const answer of await verdicts(whole)) assert.match(answer, /could not be found in the local registry/)
  for (const { event } of whole) {
    assert.deepEqual(
      validate(event, 'sdk-go').map(({ path }) => path),
      ['/context/schemaUri'],
    )
  }
})

/** What the SDK takes though the schema does not let it pass: by the rules that are broken, and why. A producer has to keep to both. */
const laxer: Record<string, string> = {
  unknown: 'members that its structs do not have are lost in reading',
  required:
    'what is missing is written again as an empty string, which some schemas allow, or left out with its parent',
  'required,required': 'the same, twice',
  'required,required,unknown': 'both',
  'unknown,required': "a custom event with both names of the specification's version, which we take for one of 0.4.1",
  empty: 'optional members that are empty are left out in writing',
  type: 'null is what is left out, and an array of links may be',
  'one-of': 'an optional word that is empty is left out in writing',
  uri: 'its schemas are compiled without formats',
  'uri-reference': 'its own check of sources is that of net/url, and the schemas are compiled without formats',
}

test('each event with one thing changed gets the same verdict as from the SDK', needsData, async (t) => {
  const questions: Question[] = every.flatMap((example) => {
    const whole = /(pipelinerun_finished|testcaserun_finished|conformance)\.json$/.test(example.file)
    const where = (at: string) => (whole ? !/tags\./.test(at) : at.startsWith('subject.content'))
    return [...mutants(withoutSchema(example), where)].map(({ what, value }) => ({
      what: `${example.file} ${what}`,
      version: example.version,
      event: value,
    }))
  })
  const answers = await verdicts(questions)
  const different: string[] = []
  const seen = new Set<string>()
  const counts = { valid: 0, invalid: 0 }
  for (const [index, { what, event }] of questions.entries()) {
    const answer = answers[index] ?? ''
    const schema = validate(event)
    const sdk = validate(event, 'sdk-go')
    counts[sdk.length === 0 ? 'valid' : 'invalid'] += 1
    if ((sdk.length === 0) === (answer === '')) continue
    const rules = schema.map(({ rule }) => rule).join()
    if (schema.length > 0 && Object.hasOwn(laxer, rules)) seen.add(rules)
    else different.push(`${what}: ${answer || JSON.stringify(sdk)}`)
  }
  t.diagnostic(`${counts.valid} valid, ${counts.invalid} invalid`)
  assert.deepEqual(different, [])
  assert.deepEqual([...seen].sort(), Object.keys(laxer).sort(), 'a difference that is listed is there no more')
})

const times = [
  '2023-03-20t14:27:05Z',
  '2023-03-20T14:27:05z',
  '2016-12-31T23:59:60Z',
  '2023-03-20T14:27:05.123456789012Z',
]
const customTypes = [
  'mytool-resource.created.0.1.0',
  'k8s-pod.created.0.1.0',
  'tool-releasePlan.made.0.1.0',
  'tool-x.Made.0.1.0',
]

test(
  'links, times, custom types and members in another case get the same verdict as from the SDK',
  needsData,
  async () => {
    const run = find('0.4.1/pipelinerun_finished.json')
    const custom = find('0.4.1/custom/conformance.json')
    const queued = find('0.5.1/testsuiterun_queued.json')
    const withLink = (link: unknown) => ({ ...run, context: { ...run.context, links: [link] } })
    const from = { contextId: 'x' }
    const questions: Question[] = [
      ...[
        { linkType: 'PATH', from },
        { linkType: 'PATH', from, tags: {} },
        { linkType: 'PATH', from: { ...from, domainId: 'y' }, tags: {} },
        { linkType: 'PATH', from: { ...from, ContextID: '' }, tags: {} },
        { linkType: 'END', tags: {} },
        { linkType: 'END', from, tags: {} },
        { linkType: 'RELATION', linkKind: 'x', target: {}, tags: {} },
        { linkType: 'RELATION', linkKind: 'x', target: from, tags: { x: 1 } },
        { linkType: 'RELATION', linkKind: 'x', target: { ...from, contextid: 1 }, tags: {} },
      ].map((link) => ({ what: JSON.stringify(link), version: '0.4.1' as const, event: withLink(link) })),
      ...times.map((timestamp) => ({
        what: timestamp,
        version: '0.4.1' as const,
        event: { ...run, context: { ...run.context, timestamp } },
      })),
      ...customTypes.map((name) => ({
        what: name,
        version: '0.4.1' as const,
        event: { ...custom, context: { ...custom.context, type: `dev.cdeventsx.${name}` } },
      })),
      ...[{ more: 1 }, { type: 'manual', TYPE: 'odd' }, { Uri: 1 }].map((trigger) => ({
        what: JSON.stringify(trigger),
        version: '0.5.1' as const,
        event: { ...queued, subject: { ...queued.subject, content: { ...queued.subject.content, trigger } } },
      })),
    ]
    for (const { what, event } of questions) assert.deepEqual(validate(event), [], what)
    assert.deepEqual([...(await differences(questions))], [])
  },
)
