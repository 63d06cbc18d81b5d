// A qualifier's key (purl-spec, "Rules for each purl component").
const key = /^[A-Za-z.\-_][A-Za-z0-9.\-_]*$/
const type = /^[A-Za-z][A-Za-z0-9.-]*$/
const brokenEscape = /%(?![0-9A-Fa-f]{2})/

/**
 * Whether a text is a package URL: `pkg:type/namespace/name@version?qualifiers#subpath`, of which type and name are needed. Stricter in one
 * thing than the parsers that are about: a qualifier must have a value, for packageurl-go panics where there is no `=`.
 */
export function isPurl(value: string): boolean {
  const [, kind, path = '', qualifiers, subpath = ''] =
    /^pkg:\/*([^/?#]*)\/([^?#]*)(?:\?([^?#]*))?(?:#(.*))?$/s.exec(value) ?? []
  if (kind === undefined || !type.test(kind)) return false
  if (brokenEscape.test(path) || brokenEscape.test(subpath)) return false
  const [name = '', version = ''] = path.slice(path.lastIndexOf('/') + 1).split(/@(.*)/s)
  if (name === '') return false
  const pairs = new Map<string, string>()
  for (const pair of qualifiers === undefined ? [] : qualifiers.split('&')) {
    const equals = pair.indexOf('=')
    if (equals < 0 || !key.test(pair.slice(0, equals)) || brokenEscape.test(pair)) return false
    pairs.set(pair.slice(0, equals).toLowerCase(), pair.slice(equals + 1))
  }
  return ofType(kind.toLowerCase(), { namespace: path.includes('/'), version, channel: pairs.get('channel') ?? '' })
}

/** What some types ask for besides. */
function ofType(kind: string, purl: { namespace: boolean; version: string; channel: string }): boolean {
  switch (kind) {
    case 'conan':
      return purl.namespace === (purl.channel !== '')
    case 'swift':
      return purl.namespace && purl.version !== ''
    case 'cran':
      return purl.version !== ''
    default:
      return true
  }
}
