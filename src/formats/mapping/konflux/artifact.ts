import type { KubeObject } from '../../../api/object.ts'
import { fields, text } from '../../../sources/read.ts'
import { genericPurl, imagePurl } from '../../user-events/purl.ts'

/**
 * The package URL of an image, by which all events of one artifact are joined: without its tag, which moves. What has a digest and no
 * registry that a package URL could name is `pkg:generic`; undefined where there is no digest.
 */
export function purlOf(image: unknown, digest?: unknown): string | undefined {
  const [reference, given] = [text(image), text(digest)]
  if (reference === undefined) return undefined
  const purl = imagePurl({ image: reference, digest: given })
  if (purl.ok) return purl.value
  const [name = '', version = given] = reference.split('@')
  const generic = version === undefined ? undefined : genericPurl(name, version)
  return generic?.ok ? generic.value : undefined
}

// A signature is some hundred characters; the attestation of a run, which Chains may keep beside it, many thousands.
const longest = 4096

/**
 * Proof that an image was signed, as `artifact.signed` must have one: the signature, where Chains keeps it in the run's annotations (its
 * storage `tekton`, docs/signing.md there), else the address of its entry in the transparency log.
 */
export function signatureOf({ metadata }: KubeObject, digest: string): string | undefined {
  const annotations = fields(metadata.annotations)
  const short = digest.replace(/^sha256:/, '').slice(0, 12)
  const names = [`signature-${short}`, `signature-pipelinerun-${metadata.uid}`, 'transparency']
  for (const name of names) {
    const found = text(annotations[`chains.tekton.dev/${name}`])
    if (found !== undefined && found.length <= longest) return found
  }
  return undefined
}
