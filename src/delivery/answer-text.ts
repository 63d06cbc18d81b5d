type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** Text that people read; RFC 6838 §4.2.8 for `+json`. */
const textual = /^(text\/[^;,\s]+|application\/([^;,\s]+\+)?json)\s*(;|$)/i

/** White space of any sort, and what a terminal would act on: controls, and marks that turn the direction of writing. */
const blank = /\s+/gu
const unseen = /[\p{Cc}\p{Cf}]/gu
/** What is written in the same way everywhere. */
const plain = /^[\w.-]*$/

/**
 * An answer's body as text, on one line and without control characters, or undefined where it is none: another type of content, packed,
 * no UTF-8. `body` is its beginning; a character that its end cuts off is left out.
 */
export function answerText(headers: Headers, body: Uint8Array): string | undefined {
  const [type, packed] = [headers['content-type'], headers['content-encoding']]
  if (typeof type !== 'string' || !textual.test(type) || !isUtf8(type) || (packed ?? 'identity') !== 'identity')
    return undefined
  const text = decode(body)
  if (text === undefined || text.includes('\0')) return undefined
  return text.replace(blank, ' ').replace(unseen, '').trim() || undefined
}

const isUtf8 = (type: string): boolean => {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(type)?.[1]
  return charset === undefined || /^(utf-?8|us-ascii)$/i.test(charset)
}

function decode(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body, { stream: true })
  } catch {
    return undefined // no text
  }
}

const maxText = 256
/** So much is looked at for it. */
const maxMasked = 1024
/** More headers than these are more than a second's answers can be searched for. */
const maxSent = 16 * 1024

/** Shorter ones would turn every word of an answer into stars. */
const shortestSecret = 4
/** A part of a header's value may be a word that says nothing, such as the scheme. */
const shortestWord = 8

/**
 * What is kept of an answer: at most 256 characters, without the values of the headers that were sent. Some sinks repeat in their
 * answer what they could not make sense of. Nothing is kept where the headers are longer than servers take, 16 KiB: it is sought in every answer.
 */
export function keptText(text: string | undefined, sent: Readonly<Record<string, string>>): string | undefined {
  if (text === undefined || lengthOf(sent) > maxSent) return undefined
  const forms = Object.keys(sent)
    .flatMap((name) => valuesOf(name, sent[name] ?? ''))
    .flatMap(formsOf)
    .filter((value) => value.length >= shortestSecret)
  const secrets = [...new Set(forms)].sort((a, b) => b.length - a.length)
  let kept = text.slice(0, maxMasked)
  for (const secret of secrets) kept = kept.replaceAll(secret, '***')
  // Where the answer was cut off, it may end with the beginning of one.
  if (text.length > maxText) for (const secret of secrets) kept = withoutBeginning(kept, secret)
  const cut = kept.slice(0, maxText)
  return cut.isWellFormed() ? cut : cut.slice(0, -1)
}

/** As JSON (of PHP, too, which escapes slashes), URLs, forms and HTML have it, and with white space as `answerText` leaves it. */
function formsOf(value: string): string[] {
  if (plain.test(value)) return [value]
  const json = JSON.stringify(value).slice(1, -1)
  const [inUrl, inForm] = [
    encodeURIComponent(value.toWellFormed()),
    new URLSearchParams({ '': value }).toString().slice(1),
  ]
  const ampersand = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return [
    value,
    json,
    json.replaceAll('/', '\\/'),
    ...[inUrl, inForm].flatMap((one) => [one, one.replace(/%../g, (code) => code.toLowerCase())]),
    ampersand,
    ...['&quot;', '&#34;'].flatMap((quote) =>
      ['&#39;', '&#x27;', '&apos;'].map((tick) => ampersand.replaceAll('"', quote).replaceAll("'", tick)),
    ),
    value.replace(blank, ' ').trim(),
  ]
}

const lengthOf = (sent: Readonly<Record<string, string>>): number =>
  Object.values(sent).reduce((sum, value) => sum + value.length, 0)

function withoutBeginning(text: string, secret: string): string {
  // Most have nothing in common with it.
  if (!text.includes(secret.slice(0, shortestSecret))) return text
  for (let length = Math.min(secret.length - 1, text.length); length >= shortestSecret; length--)
    if (text.endsWith(secret.slice(0, length))) return `${text.slice(0, -length)}***`
  return text
}

/** A header's value and what it is made of: `Token abc…`, `key=abc…`. */
function valuesOf(name: string, value: string): string[] {
  if (name !== 'authorization') return [value, ...value.split(/[\s,;=]+/).filter((word) => word.length >= shortestWord)]
  const credentials = value.slice(value.indexOf(' ') + 1)
  const basic = value.startsWith('Basic ') ? Buffer.from(credentials, 'base64').toString() : ''
  return [value, credentials, basic, basic.slice(basic.indexOf(':') + 1)]
}
