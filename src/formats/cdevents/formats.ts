const pchars = "[A-Za-z0-9._~!$&'()*+,;=:@/-]"
const query = "[A-Za-z0-9._~!$&'()*+,;=:@/?-]"
const userinfo = "[A-Za-z0-9._~!$&'()*+,;=:-]"
const name = "[A-Za-z0-9._~!$&'()*+,;=-]"

/** Any number of a class's characters and percent-encoded ones; unrolled, so that no text takes more than linear time. */
const many = (one: string) => `${one}*(?:%[0-9A-Fa-f]{2}${one}*)*`

const scheme = '[A-Za-z][A-Za-z0-9+.-]*:'
const authority = `(?:${many(userinfo)}@)?(?:\\[([^\\]]*)\\]|${many(name)})(?::[0-9]*)?`
const rest = `(?:\\?${many(query)})?(?:#${many(query)})?$`

const absolute = new RegExp(`^${scheme}(?://${authority}(?:/${many(pchars)})?|(?!//)(?=[^?#])${many(pchars)})${rest}`)

// A first segment with a colon would be a scheme (RFC 3986 §4.2).
const relative = new RegExp(
  `^(?://${authority}(?:/${many(pchars)})?|(?!//)(?![^/?#]*:)${many(pchars)}|${scheme}(?=[?#]|$))${rest}`,
)

/** RFC 3986 §3, with a scheme; a scheme alone names nothing, and is none. */
export function isUri(value: string): boolean {
  const found = absolute.exec(value)
  return found !== null && (found[1] === undefined || isAddress(found[1]))
}

/** RFC 3986 §4.1: a URI, or one that is relative to another; an empty text is one. */
export function isUriReference(value: string): boolean {
  if (isUri(value)) return true
  const found = relative.exec(value)
  return found !== null && (found[1] === undefined || isAddress(found[1]))
}

/** What stands in brackets (RFC 3986 §3.2.2): an IPv6 address, the end of which may be written as IPv4, or one of a version to come. */
function isAddress(value: string): boolean {
  return /^[Vv][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+$/.test(value) || isIPv6(value)
}

/** An IPv6 address as RFC 4291 §2.2 writes it. */
export function isIPv6(value: string): boolean {
  const four = /^(.*:)(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.exec(value)
  const halves = (four ? `${four[1]}0:0` : value).split('::')
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  if (halves.length > 2 || !groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false
  return halves.length === 2 ? groups.length < 8 : groups.length === 8
}

const dateTime =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.\d+)?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/

/** RFC 3339 §5.6, with days as months have them (§5.7), and leap seconds where such are: at the end of a day in UTC. */
export function isDateTime(value: string): boolean {
  const found = dateTime.exec(value)
  if (found === null) return false
  const [, year, month, day, hour, minute, second, sign, offsetHour = '0', offsetMinute = '0'] = found
  if (Number(day) > 28 && Number(day) > daysOf(Number(year), Number(month))) return false
  if (second !== '60') return true
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === '-' ? -1 : 1)
  return (Number(hour) * 60 + Number(minute) - offset + 2880) % 1440 === 1439
}

const daysOf = (year: number, month: number) =>
  month === 2
    ? year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
      ? 29
      : 28
    : [4, 6, 9, 11].includes(month)
      ? 30
      : 31

/** RFC 3339 as Go's encoding/json reads it: capitals, and no leap seconds. */
export const isGoTime = (value: string): boolean => isDateTime(value) && !/[tz]|:60/.test(value)

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** RFC 4122 §3, of any version. */
export const isUuid = (value: string): boolean => uuid.test(value)
