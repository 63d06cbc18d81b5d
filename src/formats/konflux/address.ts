const schemes: ReadonlySet<string> = new Set(['http:', 'https:', 'ssh:', 'git:'])

/** A repository's address without user, password, query and fragment; undefined for what is none, or longer than 512 characters. */
export function repositoryAddress(value: string | undefined): string | undefined {
  if (value === undefined || value.length > 512) return undefined
  // git@host:path
  const url = URL.parse(value.trim().replace(/^[^@/:]+@([^@/:]+):(?!\/)/, 'ssh://$1/'))
  if (!url || !schemes.has(url.protocol) || url.hostname === '') return undefined
  return `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`
}

/** An http(s) address of a page, without user, password, query and fragment; else undefined. */
export function pageAddress(value: unknown): string | undefined {
  const url = typeof value === 'string' && value.length <= 512 ? URL.parse(value) : null
  return url?.protocol === 'https:' || url?.protocol === 'http:' ? `${url.origin}${url.pathname}` : undefined
}

const host = '(?:localhost|[a-z0-9-]+(?:\\.[a-z0-9-]+)*)(?::\\d{1,5})?'
const component = '[a-z0-9]+(?:[._-]+[a-z0-9]+)*'
const image = new RegExp(
  `^${host}(?:/${component})+(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128}))?$`,
)

/** The value where it is the reference of an image (distribution/reference), at most 512 characters; else undefined. */
export const imageReference = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length <= 512 && image.test(value) ? value : undefined

const digest = /^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/

export const digestText = (value: unknown): string | undefined =>
  typeof value === 'string' && digest.test(value) ? value : undefined
