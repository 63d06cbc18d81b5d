import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isGoUrl } from '../../../src/formats/cdevents/go-url.ts'
import { isPurl } from '../../../src/formats/cdevents/purl.ts'
import { needsData } from './official.ts'
import { differences, find, type Question } from './verdicts.ts'

/** Places for a text that the schemas leave free, and the SDK does not. */
const asArtifact = (artifactId: string): Question => {
  const event = find('0.5.1/build_finished.json')
  return {
    what: artifactId,
    version: '0.5.1',
    event: { ...event, subject: { ...event.subject, content: { artifactId } } },
  }
}

const asSource = (source: string): Question => {
  const event = find('0.5.1/testcaserun_skipped.json')
  const content = { ...event.subject.content, testSuiteRun: { id: 'x', source } }
  return { what: source, version: '0.5.1', event: { ...event, subject: { ...event.subject, content } } }
}

const purls = [
  'pkg:oci/myapp@sha256%3A0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427?repository_url=mycr.io/myapp',
  'pkg:oci/myapp@sha256:0b31?repository_url=mycr.io%2Fmyapp&tag=v1',
  'pkg:golang/mygit.com/myorg/myapp@234fd47e07d1004f0aed9c#sub/path',
  'pkg:npm/%40scope/name@1.0.0',
  'pkg:npm/@scope/name',
  'pkg://generic/x',
  'PKG:oci/x',
  'pkg:oci',
  'pkg:oci/',
  'pkg:oci/@1',
  'pkg:oci/a@%zz',
  'pkg:oci/%zz/a@1',
  'pkg:oci/a@1?x=%zz',
  'pkg:oci/a@1?x=',
  'pkg:oci/a@1?x',
  'pkg:oci/a@1?',
  'pkg:oci/a@1?1x=2',
  'pkg:oci/a@1#%zz',
  'pkg:conan/a/b@1',
  'pkg:conan/a/b@1?channel=x',
  'pkg:conan/b@1?channel=x',
  'pkg:swift/a@1',
  'pkg:swift/a/b/c@1',
  'pkg:swift/a/b/c',
  'pkg:cran/a',
  'pkg:cran/a@1',
  'oci/x@1',
  'mycr.io/myapp:v1',
  '',
]

test('package URLs get the same verdict as from the SDK', needsData, async () => {
  assert.deepEqual([...(await differences(purls.map(asArtifact)))], [])
  assert.ok(purls.some(isPurl) && !purls.every(isPurl))
})

const urls = [
  '',
  '/',
  '//',
  '///',
  '////x',
  '*',
  ':',
  ':x',
  'x:',
  'x:y',
  '1:y',
  'a/b:c',
  'a:b/c',
  './a:b',
  '?',
  '?a:b',
  '#',
  '#%zz',
  '?%zz',
  '%zz',
  '/%zz',
  'x:%zz',
  '//%zz',
  'http://a b',
  'http://a/b c',
  'a b',
  'http://%41/',
  'http://%25/',
  'http://%C3%BC/',
  'http://ü/',
  'http://a:80',
  'http://a:',
  'http://a:b',
  'http://a:1:2',
  'x://a:1:2',
  'http://[::1]',
  'http://[::1',
  'http://[::1]:80',
  'http://[::1]x',
  'http://x[::1]',
  'http://[v1.x]',
  'http://[1.2.3.4]',
  'http://[::ffff:1.2.3.4]',
  'http://[fe80::1%25en0]',
  'http://[::01.2.3.4]',
  'http://u:p@h',
  'http://u%zz@h',
  'http://u^@h',
  'http://a@b@h',
  'http://a\\b',
  'http://a|b',
  'a\tb',
  'a\u007f',
  'a\u0080',
  'ünicode',
  'testkube-dev-123',
  '/event/source/123',
]

test('sources get the same verdict as from the SDK', needsData, async () => {
  assert.deepEqual([...(await differences(urls.map(asSource)))], [])
  assert.ok(urls.some(isGoUrl) && !urls.every(isGoUrl))
})

/** Package URLs that the SDK takes and we do not, and why; all of them break the specification of package URLs. */
const stricter: { why: string; pattern: RegExp; example: string }[] = [
  { why: 'nothing is decoded where there is no version', pattern: /%(?![0-9A-Fa-f]{2})/, example: 'pkg:oci/a%zz' },
  { why: 'the last question mark counts', pattern: /\?.*\?/, example: 'pkg:oci/a??x=1' },
]

test('package URLs that the SDK takes and we do not are those that are listed', needsData, async () => {
  const examples = stricter.map(({ example }) => example)
  assert.deepEqual([...(await differences(examples.map(asArtifact))).keys()], examples)
})

const urlParts = [...'/:@[]%?#1a ü*^"\n', 'http', 'x', '//', '::1', '%41', '%25', '%C3']
const purlParts = [...'a/@%?&=1#.', 'oci', 'conan', 'swift', 'cran', 'channel', '%3A']

test('random URLs and package URLs get the same verdict as from the SDK', needsData, async (t) => {
  const seed = Date.now() & 0x7fffffff
  t.diagnostic(`seed ${seed}`)
  const parts = (alphabet: readonly string[]) =>
    fc.array(fc.constantFrom(...alphabet), { maxLength: 9 }).map((all) => all.join(''))
  const url = parts(urlParts)
  const purl = parts(purlParts).map((rest) => `pkg:oci/${rest}`)
  assert.deepEqual([...(await differences(fc.sample(url, { numRuns: 5000, seed }).map(asSource)))], [])
  const found = [...(await differences(fc.sample(purl, { numRuns: 5000, seed }).map(asArtifact))).keys()]
  assert.deepEqual(
    found.filter((text) => isPurl(text) || !stricter.some(({ pattern }) => pattern.test(text))),
    [],
  )
})
