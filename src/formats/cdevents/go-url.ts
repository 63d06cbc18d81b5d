import { isIPv6 } from './formats.ts'

const brokenEscape = /%(?![0-9A-Fa-f]{2})/
const userinfo = /^[A-Za-z0-9._~:!$&'()*+,;=%@-]*$/
// In a host, only what is not ASCII may be percent-encoded, and the percent sign.
const host = /^(?:[A-Za-z0-9._~!$&'()*+,;=:[\]<>"-]|[^\0-\x7f]|%(?:25|[89A-Fa-f][0-9A-Fa-f]))*$/
const port = /^(?::[0-9]*)?$/

/**
 * Whether Go's net/url reads a text as a URL. It differs from RFC 3986 both ways: spaces and the like pass in paths, percent-encoded ASCII
 * does not in hosts.
 */
export function isGoUrl(value: string): boolean {
  const [, url = '', fragment = ''] = /^([^#]*)(?:#(.*))?$/s.exec(value) ?? []
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\0-\x1f\x7f]/.test(url)) return false
  const [, scheme, rest = ''] = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?([^?]*)/.exec(url) ?? []
  if (brokenEscape.test(fragment)) return false
  if (!rest.startsWith('/')) return scheme !== undefined || (!/^[^/]*:/.test(rest) && !brokenEscape.test(rest))
  const hasAuthority = rest.startsWith('//') && (scheme !== undefined || !rest.startsWith('///'))
  if (!hasAuthority) return !brokenEscape.test(rest)
  const [, authority = '', path = ''] = /^\/\/([^/]*)(.*)$/.exec(rest) ?? []
  return isGoAuthority(authority, /^https?$/i.test(scheme ?? '')) && !brokenEscape.test(path)
}

function isGoAuthority(authority: string, strict: boolean): boolean {
  const at = authority.lastIndexOf('@')
  const user = authority.slice(0, Math.max(at, 0))
  const place = authority.slice(at + 1)
  if (!userinfo.test(user) || brokenEscape.test(user)) return false
  if (place.includes('[')) {
    const [, address, after = ''] = /^\[([^[]*)\]([^\]]*)$/.exec(place) ?? []
    return address !== undefined && port.test(after) && isIPv6(address.replace(/%25.+$/, ''))
  }
  const colon = strict ? place.indexOf(':') : place.lastIndexOf(':')
  return host.test(place) && port.test(colon < 0 ? '' : place.slice(colon))
}
