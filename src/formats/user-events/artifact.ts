import { fields } from '../../sources/read.ts'
import type { Given } from './inputs.ts'
import { imagePurl } from './purl.ts'
import { type Budget, compileTextValue, type Report } from './value.ts'

/** An image that an event is about. */
export type Artifact = {
  /** Whether it is the event's subject; else it is content.artifactId. */
  isSubject: boolean
  purl(given: Given, tell: Report): string | undefined
}

/** Events other than those of artifacts that have content.artifactId. */
const holders = /^(service\.(deployed|upgraded|rolledback)|build\.finished|incident\.[a-z]+)$/

/** `artifact: {image, digest, tag}` of a declaration of the event `name`. */
export function compileArtifact(raw: unknown, name = '', report: Report, budget: Budget): Artifact | undefined {
  if (raw === undefined) return undefined
  const artifact = fields(raw)
  const isOdd = Object.keys(artifact).some((key) => !['image', 'digest', 'tag'].includes(key))
  if (raw !== artifact || isOdd || artifact.image === undefined) {
    report('/artifact', 'must be a map of image, digest and tag, of which image is needed')
    return undefined
  }
  const isSubject = name.startsWith('artifact.')
  if (!isSubject && !holders.test(name))
    report('/artifact', 'is only for events of artifacts, services and incidents, and for build.finished')
  const texts = Object.keys(artifact).map(
    (key) => [key, compileTextValue(artifact[key], `/artifact/${key}`, report, budget)] as const,
  )
  return {
    isSubject,
    purl(given, tell) {
      const made = Object.fromEntries(texts.map(([key, value]) => [key, value(given, `/artifact/${key}`, tell)]))
      const { image } = made
      if (image === undefined || Object.values(made).includes(undefined)) return undefined
      const purl = imagePurl({ image, digest: made.digest, tag: made.tag })
      if (purl.ok) return purl.value
      tell('/artifact', purl.message)
      return undefined
    },
  }
}
