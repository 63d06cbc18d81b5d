import { accept, refuse, type Verdict } from '../../api/verdict.ts'

/** An image as Tekton's results name it: `IMAGE_URL` and `IMAGE_DIGEST`. */
export type Image = { image: string; digest?: string | undefined; tag?: string | undefined }

/**
 * The package URL of an image (purl-spec, type oci): the last part of its repository in lower case, its digest, and the repository
 * whole as `repository_url`. A tag is no part of it unless it is asked for: the purl is what joins the events of one artifact, and a
 * tag moves. Line breaks and spaces at the ends are dropped, as steps write them with `echo`. Messages hold no value.
 */
export function imagePurl({ image, digest, tag }: Image): Verdict<string> {
  const [name = '', inName, ...more] = bare(image).split('@')
  const version = digest === undefined ? inName : bare(digest)
  if (more.length > 0) return wrong('image has more than one @')
  if (version === undefined) return wrong('digest is missing, and image has none')
  if (!digests.test(version)) return wrong('digest must be sha256: or sha512: and as many hex digits as that has')
  if (inName !== undefined && inName !== version) return wrong('image and digest name different digests')
  const repository = repositoryOf(name)
  if (repository === undefined) return wrong('image must be a registry and a repository, as in quay.io/team/app')
  const wanted = tag === undefined ? '' : bare(tag)
  if (wanted !== '' && !tags.test(wanted)) return wrong('tag must be the tag of an image')
  const last = repository.slice(repository.lastIndexOf('/') + 1)
  const qualifiers = `repository_url=${escapeQualifier(repository)}${wanted === '' ? '' : `&tag=${escapeQualifier(wanted)}`}`
  return accept(`pkg:oci/${encodeURIComponent(last)}@${encodeURIComponent(version)}?${qualifiers}`)
}

/** What has no type of package of its own: `pkg:generic/<name>@<version>`. Slashes in the name make its namespace. */
export function genericPurl(name: string, version: string): Verdict<string> {
  const parts = bare(name).split('/').filter(Boolean).map(percentEncode)
  if (parts.length === 0) return wrong('the name is empty')
  if (bare(version) === '') return wrong('the version is empty')
  return accept(`pkg:generic/${parts.join('/')}@${percentEncode(bare(version))}`)
}

const digests = /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/
const tags = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
const hosts = /^(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+|[a-z0-9-]+(\.[a-z0-9-]+)*:\d{1,5}|localhost:\d{1,5})$/
const components = /^[a-z0-9][a-z0-9._-]*$/

/** `registry/path`, in lower case, without the tag; undefined for what is none. */
function repositoryOf(name: string): string | undefined {
  const colon = name.lastIndexOf(':')
  const untagged = colon > name.lastIndexOf('/') ? name.slice(0, colon) : name
  const [host = '', ...path] = untagged
    .replace(/^(docker|oci):\/\//, '')
    .toLowerCase()
    .split('/')
  if (untagged.length > 512 || !hosts.test(host) || path.length === 0) return undefined
  return path.every((part) => components.test(part)) ? [host, ...path].join('/') : undefined
}

const bare = (value: string): string => value.trim()
const percentEncode = (value: string): string => encodeURIComponent(value.toWellFormed())
// Slashes and colons are plain in a qualifier's value.
const escapeQualifier = (value: string): string => percentEncode(value).replaceAll('%2F', '/').replaceAll('%3A', ':')

const wrong = (what: string): Verdict<never> => refuse('DeclarationInvalid', what)
