import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { specVersions } from '../../../src/formats/cdevents/rules.ts'
import { validate, validateText } from '../../../src/formats/cdevents/validate.ts'
import { mutants } from './mutations.ts'
import { examples, needsData, officialSchemas, present } from './official.ts'

for (const version of present ? specVersions : []) {
  describe(`the official examples of ${version}`, () => {
    for (const { file, json, event } of examples(version)) {
      test(`${file} is valid`, () => {
        assert.deepEqual(validate(event), [])
        assert.deepEqual(validateText(json), [])
      })
    }
  })
}

/**
 * Where ajv-formats lets pass as a URI reference what RFC 3986 §4.2 forbids, and Go's net/url with it: a first segment with a colon that is
 * no scheme.
 */
const laxer = [
  ':nothing',
  '2023-03-20T14:27:05Z',
  '2023-02-29T14:27:05Z',
  '2023-03-20T25:27:05Z',
  '2023-03-20T14:27:05',
  '2016-12-31T23:59:60Z',
  '2023-03-20T14:27:05.315+02:00',
].map((text) => `= '${text}'`)

test('each event with one thing changed gets the verdict of its official schema', needsData, (t) => {
  const counts = { valid: 0, invalid: 0 }
  const different: string[] = []
  const known = new Set<string>()
  for (const version of specVersions) {
    const official = officialSchemas(version)
    for (const { file, event } of examples(version)) {
      const schema = official(event.context.type)
      for (const { what, value } of mutants(event)) {
        const expected = schema(value)
        counts[expected ? 'valid' : 'invalid'] += 1
        const problems = validate(value)
        if (expected === (problems.length === 0)) continue
        const why = problems.every(({ rule }) => rule === 'uri-reference') && laxer.find((text) => what.endsWith(text))
        if (expected && why) known.add(why)
        else different.push(`${file} ${what}: ${JSON.stringify(expected ? problems : schema.errors)}`)
      }
    }
  }
  t.diagnostic(`${counts.valid} valid, ${counts.invalid} invalid`)
  assert.deepEqual(different, [])
  assert.deepEqual([...known].sort(), laxer.sort())
  assert.ok(counts.valid > 50_000 && counts.invalid > 50_000)
})
