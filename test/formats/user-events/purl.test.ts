import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isPurl } from '../../../src/formats/cdevents/purl.ts'
import { genericPurl, type Image, imagePurl } from '../../../src/formats/user-events/purl.ts'

const hex = '0b31'.repeat(16)
const digest = `sha256:${hex}`
const encoded = `sha256%3A${hex}`

describe('the package URL of an image', () => {
  const rows: [string, Image, string][] = [
    [
      'registry and path',
      { image: 'quay.io/team/app', digest },
      `pkg:oci/app@${encoded}?repository_url=quay.io/team/app`,
    ],
    [
      'a tag is left out',
      { image: 'quay.io/team/app:1.0', digest },
      `pkg:oci/app@${encoded}?repository_url=quay.io/team/app`,
    ],
    [
      'unless it is asked for',
      { image: 'quay.io/team/app:1.0', digest, tag: '1.0' },
      `pkg:oci/app@${encoded}?repository_url=quay.io/team/app&tag=1.0`,
    ],
    ['digest in the image', { image: `quay.io/app@${digest}` }, `pkg:oci/app@${encoded}?repository_url=quay.io/app`],
    [
      'digest in both, and a tag',
      { image: `quay.io/app:1@${digest}`, digest },
      `pkg:oci/app@${encoded}?repository_url=quay.io/app`,
    ],
    [
      'a port',
      { image: 'registry:5000/team/app', digest },
      `pkg:oci/app@${encoded}?repository_url=registry:5000/team/app`,
    ],
    ['localhost', { image: 'localhost/app', digest }, `pkg:oci/app@${encoded}?repository_url=localhost/app`],
    ['capitals', { image: 'Quay.io/Team/App', digest }, `pkg:oci/app@${encoded}?repository_url=quay.io/team/app`],
    [
      'what echo adds',
      { image: 'quay.io/app\n', digest: `${digest}\n` },
      `pkg:oci/app@${encoded}?repository_url=quay.io/app`,
    ],
    ['skopeo’s scheme', { image: 'docker://quay.io/app', digest }, `pkg:oci/app@${encoded}?repository_url=quay.io/app`],
    [
      'sha512',
      { image: 'quay.io/app', digest: `sha512:${hex}${hex}` },
      `pkg:oci/app@sha512%3A${hex}${hex}?repository_url=quay.io/app`,
    ],
  ]
  for (const [what, image, expected] of rows)
    test(what, () => {
      assert.deepEqual(imagePurl(image), { ok: true, value: expected })
      assert.ok(isPurl(expected))
    })
})

describe('what is no image with a digest has none, and no value is told', () => {
  const rows: [string, Image, RegExp][] = [
    ['no digest', { image: 'quay.io/secret/app:1' }, /digest is missing/],
    ['an empty digest', { image: 'quay.io/secret', digest: '' }, /digest must be/],
    ['a short digest', { image: 'quay.io/secret', digest: 'sha256:abc' }, /digest must be/],
    ['another digest', { image: `quay.io/secret@${digest}`, digest: `sha256:${'1'.repeat(64)}` }, /different digests/],
    ['no registry', { image: 'secret/app', digest }, /a registry and a repository/],
    ['a name alone', { image: 'secret', digest }, /a registry and a repository/],
    ['nothing', { image: '', digest }, /a registry and a repository/],
    ['a space', { image: 'quay.io/sec ret', digest }, /a registry and a repository/],
    ['an empty part', { image: 'quay.io//secret', digest }, /a registry and a repository/],
    ['a URL', { image: 'https://quay.io/secret', digest }, /a registry and a repository/],
    ['two digests', { image: `quay.io/secret@${digest}@${digest}` }, /more than one @/],
    ['an odd tag', { image: 'quay.io/secret', digest, tag: 'a b' }, /tag must be/],
    ['a long one', { image: `quay.io/${'secret/'.repeat(100)}a`, digest }, /a registry and a repository/],
  ]
  for (const [what, image, message] of rows)
    test(what, () => {
      const made = imagePurl(image)
      assert.ok(!made.ok)
      assert.match(made.message, message)
      assert.doesNotMatch(made.message, /secret/)
    })
})

test('what has no type of its own is generic, percent-encoded', () => {
  assert.deepEqual(genericPurl('my app', '1.0+2'), { ok: true, value: 'pkg:generic/my%20app@1.0%2B2' })
  assert.deepEqual(genericPurl('/team//app/', '1\n'), { ok: true, value: 'pkg:generic/team/app@1' })
  for (const [name, version] of [
    ['', '1'],
    ['/', '1'],
    ['a', ' '],
  ])
    assert.equal(genericPurl(name ?? '', version ?? '').ok, false)
})
