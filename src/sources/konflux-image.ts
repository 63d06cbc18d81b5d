import { plainText } from './read.ts'

/** An image as it is told: `image` as it was written, at most 1024 characters; `digest` where it is pinned by one. */
export type Image = { image: string; digest?: string }

const digestPattern = /@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/

/** A pull specification; undefined for what is none by far: nothing, more than a line, or spaces in it. */
export function imageOf(value: unknown): Image | undefined {
  const image = plainText(value, 1024)
  if (image === undefined || image !== value || /\s/.test(image)) return undefined
  const digest = digestPattern.exec(image)?.[1]
  return { image, ...(digest !== undefined && { digest }) }
}
