import { plainText } from './read.ts'

/** An image as it is told: `image` as it was written, at most 1024 characters; `digest` where it is pinned by one. */
export type Image = { image: string; digest?: string }

const digestPattern = /@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/

// What else stands before an @ is no image: it may be somebody's password.
const digested = /^[^@]*(@[a-z0-9+._-]+:[0-9a-f]+)?$/i

/** A pull specification; undefined for what is none by far: nothing, more than a line, spaces in it, or a user. */
export function imageOf(value: unknown): Image | undefined {
  const image = plainText(value, 1024)
  if (image === undefined || image !== value || /\s/.test(image) || !digested.test(image)) return undefined
  const digest = digestPattern.exec(image)?.[1]
  return { image, ...(digest !== undefined && { digest }) }
}
