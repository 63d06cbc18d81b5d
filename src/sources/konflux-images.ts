import { type Fields, fields, list, text } from './read.ts'

/** An image as a registry has it: `image` is registry and repository, without tag and digest. */
export type Image = { image: string; digest: string; tag: string | undefined }

/** `odd`: whether there is an image besides that is named so that nobody can read it. */
export type Images = { images: readonly Image[]; odd: boolean }

const digestPattern = /^sha256:[0-9a-f]{64}$/
// github.com/distribution/reference: the grammar of names and tags.
const domain = '[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?'
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const namePattern = new RegExp(`^(?:${domain}/)?${component}(?:/${component})*$`)
const tagPattern = /^\w[\w.-]{0,127}$/
const nameLimit = 255

/**
 * What `quay.io/team/app:1.0@sha256:…` names; undefined for all that is no image with a SHA-256 digest, be it in the reference or beside it.
 * Two digests that differ name nothing.
 */
export function imageOf(reference: unknown, digestBeside?: unknown): Image | undefined {
  const whole = text(reference)?.trim() ?? ''
  if (whole.length > nameLimit + 1 + 128 + 1 + 71) return undefined
  const [tagged = '', inside, ...rest] = whole.split('@')
  const beside = text(digestBeside)?.trim()
  const digest = beside ?? inside
  if (rest.length > 0 || digest === undefined || !digestPattern.test(digest)) return undefined
  if (inside !== undefined && inside !== digest) return undefined
  const colon = tagged.indexOf(':', tagged.lastIndexOf('/') + 1)
  const image = colon < 0 ? tagged : tagged.slice(0, colon)
  const tag = colon < 0 ? undefined : tagged.slice(colon + 1)
  if (image.length > nameLimit || !namePattern.test(image) || (tag !== undefined && !tagPattern.test(tag)))
    return undefined
  return { image, digest, tag }
}

/**
 * The images that a run made, by its results: Tekton Chains' type hints (docs/slsa-provenance.md there, "Output Artifacts"):
 * `*IMAGE_URL` with `*IMAGE_DIGEST`, `IMAGES`, `*ARTIFACT_URI` with `*ARTIFACT_DIGEST`, `*ARTIFACT_OUTPUTS`. Of one digest the first.
 * An artifact need not be an image: one that is none is not odd.
 */
export function imagesOf(results: unknown): Images {
  const values = new Map<string, unknown>()
  for (const result of list(results).map(fields))
    if (typeof result.name === 'string') values.set(result.name, result.value)
  const found = new Map<string, Image>()
  let odd = false
  for (const [name, value] of values)
    for (const { reference, digest, isImage } of hintsOf(name, value, values)) {
      const image = imageOf(reference, digest)
      if (image === undefined) odd ||= isImage
      else if (!found.has(image.digest)) found.set(image.digest, image)
    }
  return { images: [...found.values()], odd }
}

/** `isImage`: whether it can be nothing else. */
type Hint = { reference: unknown; digest: unknown; isImage: boolean }

function hintsOf(name: string, value: unknown, values: ReadonlyMap<string, unknown>): Hint[] {
  if (name === 'IMAGES') {
    const references = (text(value) ?? '').split(/[,\n]/).map((one) => one.trim())
    return references.filter(Boolean).map((reference) => ({ reference, digest: undefined, isImage: true }))
  }
  if (name.endsWith('IMAGE_URL')) return pair(value, values.get(name.replace(/URL$/, 'DIGEST')), true)
  if (name.endsWith('ARTIFACT_URI')) return pair(value, values.get(name.replace(/URI$/, 'DIGEST')), false)
  if (!name.endsWith('ARTIFACT_OUTPUTS')) return []
  const { uri, digest, isBuildArtifact }: Fields = fields(value)
  return isBuildArtifact === 'false' || isBuildArtifact === false ? [] : pair(uri, digest, false)
}

/** A task that made nothing leaves its results empty. */
const pair = (reference: unknown, digest: unknown, isImage: boolean): Hint[] =>
  text(reference)?.trim() && text(digest)?.trim() ? [{ reference, digest, isImage }] : []
