import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imageOf, imagesOf } from '../../src/sources/konflux-images.ts'

const digest = (digit: string) => `sha256:${digit.repeat(64)}`
const a = digest('a')
const image = (name: string, of = a, tag?: string) => ({ image: name, digest: of, tag })

const references: [reference: unknown, beside: unknown, expected: ReturnType<typeof imageOf>][] = [
  [`quay.io/team/app:1.0@${a}`, undefined, image('quay.io/team/app', a, '1.0')],
  ['quay.io/team/app:1.0', a, image('quay.io/team/app', a, '1.0')],
  ['quay.io/team/app\n', `${a}\n`, image('quay.io/team/app')],
  [`quay.io/team/app@${a}`, a, image('quay.io/team/app')],
  ['localhost:5000/app', a, image('localhost:5000/app')],
  ['localhost:5000/app:v1', a, image('localhost:5000/app', a, 'v1')],
  ['app', a, image('app')],
  ['registry.example.com/a__b/c-d.e', a, image('registry.example.com/a__b/c-d.e')],
  [`quay.io/team/app@${a}`, digest('b'), undefined],
  ['quay.io/team/app', undefined, undefined],
  ['quay.io/team/app', 'sha256:abc', undefined],
  ['quay.io/team/app', a.toUpperCase(), undefined],
  ['quay.io/team/app', `sha512:${'a'.repeat(128)}`, undefined],
  ['quay.io/Team/app', a, undefined],
  ['https://quay.io/team/app', a, undefined],
  ['user:secret@quay.io/team/app', a, undefined],
  ['quay.io/team/app:', a, undefined],
  [`quay.io/team/app:${'t'.repeat(129)}`, a, undefined],
  [`quay.io/${'a'.repeat(300)}`, a, undefined],
  [`quay.io/team/app@${a}@${a}`, undefined, undefined],
  ['pkg:npm/left-pad', a, undefined],
  ['a b', a, undefined],
  ['', a, undefined],
  [null, a, undefined],
  [{ uri: 'quay.io/team/app' }, a, undefined],
  ['quay.io/team/app', 7, undefined],
]

for (const [reference, beside, expected] of references)
  test(`an image: ${JSON.stringify(reference)?.slice(0, 60)} and ${JSON.stringify(beside)?.slice(0, 20)}`, () =>
    assert.deepEqual(imageOf(reference, beside), expected))

const from = (values: Record<string, unknown>) =>
  imagesOf(Object.entries(values).map(([name, value]) => ({ name, value })))

const hints: [what: string, values: Record<string, unknown>, images: unknown[], odd: boolean][] = [
  ['none', {}, [], false],
  ['a pair', { IMAGE_URL: 'q.io/a', IMAGE_DIGEST: a }, [image('q.io/a')], false],
  [
    'pairs by their prefixes',
    { 'x-IMAGE_URL': 'q.io/x', 'y-IMAGE_DIGEST': digest('b'), 'x-IMAGE_DIGEST': a, 'y-IMAGE_URL': 'q.io/y' },
    [image('q.io/x'), image('q.io/y', digest('b'))],
    false,
  ],
  ['half a pair', { IMAGE_URL: 'q.io/a', x_IMAGE_DIGEST: a }, [], false],
  ['an empty pair', { IMAGE_URL: '', IMAGE_DIGEST: '' }, [], false],
  ['an empty digest', { IMAGE_URL: 'q.io/a', IMAGE_DIGEST: '\n' }, [], false],
  ['a pair that nobody can read', { IMAGE_URL: 'q.io/a', IMAGE_DIGEST: 'latest' }, [], true],
  [
    'IMAGES, by commas and lines',
    { IMAGES: `q.io/a@${a}, q.io/b:1@${digest('b')}\nq.io/c@${digest('c')},\n` },
    [image('q.io/a'), image('q.io/b', digest('b'), '1'), image('q.io/c', digest('c'))],
    false,
  ],
  ['IMAGES, one of them odd', { IMAGES: `q.io/a@${a},q.io/b` }, [image('q.io/a')], true],
  ['an artifact', { 'x-ARTIFACT_URI': 'q.io/a', 'x-ARTIFACT_DIGEST': a }, [image('q.io/a')], false],
  ['an artifact that is no image', { ARTIFACT_URI: 'pkg:npm/x@1', ARTIFACT_DIGEST: a }, [], false],
  ['outputs', { 'x-ARTIFACT_OUTPUTS': { uri: 'q.io/a', digest: a } }, [image('q.io/a')], false],
  [
    'an output of the build',
    { x_ARTIFACT_OUTPUTS: { uri: 'q.io/a', digest: a, isBuildArtifact: 'true' } },
    [image('q.io/a')],
    false,
  ],
  ['a by-product', { x_ARTIFACT_OUTPUTS: { uri: 'q.io/a', digest: a, isBuildArtifact: 'false' } }, [], false],
  [
    'an output that says so in no way at all',
    { x_ARTIFACT_OUTPUTS: { uri: 'q.io/a', digest: a, isBuildArtifact: { toString: 1, valueOf: 1 } } },
    [image('q.io/a')],
    false,
  ],
  ['inputs', { x_ARTIFACT_INPUTS: { uri: 'q.io/a', digest: a } }, [], false],
  ['outputs of another form', { ARTIFACT_OUTPUTS: 'q.io/a' }, [], false],
  [
    'one digest twice: the first',
    { IMAGE_URL: 'q.io/a:1', IMAGE_DIGEST: a, IMAGES: `q.io/b@${a}` },
    [image('q.io/a', a, '1')],
    false,
  ],
  ['values of any type', { IMAGE_URL: [1], IMAGE_DIGEST: {}, IMAGES: 7, ARTIFACT_OUTPUTS: null }, [], false],
]

for (const [what, values, images, odd] of hints)
  test(`type hints: ${what}`, () => assert.deepEqual(from(values), { images, odd }))

test('results of any type are read without throwing', () => {
  for (const odd of [null, 7, 'x', {}, [null], [7], [{}], [{ name: 7 }], [{ name: '__proto__', value: {} }]])
    assert.deepEqual(imagesOf(odd), { images: [], odd: false })
})
