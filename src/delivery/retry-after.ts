const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const time = '(?<h>[01]\\d|2[0-3]):(?<m>[0-5]\\d):(?<s>[0-5]\\d|60)'
const month = `(?<month>${months.join('|')})`

/** The three forms of an HTTP-date (RFC 9110 §5.6.7): IMF-fixdate, RFC 850, asctime. All are GMT. */
const forms = [
  new RegExp(`^[A-Z][a-z]{2}, (?<day>\\d{2}) ${month} (?<year>\\d{4}) ${time} GMT$`),
  new RegExp(`^[A-Z][a-z]+day, (?<day>\\d{2})-${month}-(?<year>\\d{2}) ${time} GMT$`),
  new RegExp(`^[A-Z][a-z]{2} ${month} (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`),
]

/**
 * The delay in ms that Retry-After asks for (RFC 9110 §10.2.3: seconds or an HTTP-date); may be huge. Of several the longest counts,
 * also where a proxy made one line of them (§5.3).
 * Undefined where there is none, where it is garbage or negative, or where its date is past.
 */
export function parseRetryAfter(value: string | readonly string[] | undefined, now: number): number | undefined {
  let longest: number | undefined
  for (const text of typeof value === 'string' ? [value] : (value ?? [])) {
    const delay = parseOne(text.trim(), now)
    if (delay !== undefined && delay > (longest ?? 0)) longest = delay
  }
  return longest
}

function parseOne(text: string, now: number): number | undefined {
  if (/^\d+(\s*,\s*\d+)*$/.test(text)) return positive(Math.max(...text.split(',').map(Number)) * 1000)
  const at = parseHttpDate(text, now)
  return at === undefined ? undefined : positive(at - now)
}

const positive = (ms: number): number | undefined => (ms > 0 ? ms : undefined)

function parseHttpDate(text: string, now: number): number | undefined {
  const parts = forms.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined)
  if (!parts) return undefined
  const [day, hours, minutes, seconds] = [parts.day, parts.h, parts.m, parts.s].map(Number) as [
    number,
    number,
    number,
    number,
  ]
  return Date.UTC(fullYear(parts.year ?? '', now), months.indexOf(parts.month ?? ''), day, hours, minutes, seconds)
}

/** A year of two digits that would be more than 50 years ahead is past (RFC 9110 §5.6.7). */
function fullYear(year: string, now: number): number {
  if (year.length === 4) return Number(year)
  const current = new Date(now).getUTCFullYear()
  const guess = current - (current % 100) + Number(year)
  return guess > current + 50 ? guess - 100 : guess
}
