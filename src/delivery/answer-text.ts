type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** Text that people read; RFC 6838 §4.2.8 for `+json`. */
const textual = /^(text\/[^;,\s]+|application\/([^;,\s]+\+)?json)\s*(;|$)/i

/** White space of any sort, and what a terminal would act on: controls, and marks that turn the direction of writing. */
const blank = /\s+/gu
const unseen = /[\p{Cc}\p{Cf}]/gu

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

/** Shorter ones would turn every word of an answer into stars. */
const shortestSecret = 4

/**
 * What is kept of an answer: at most 256 characters, without the values of the headers that were sent. Some sinks repeat in their
 * answer what they could not make sense of.
 */
export function keptText(text: string | undefined, sent: Readonly<Record<string, string>>): string | undefined {
  if (text === undefined) return undefined
  const secrets = Object.keys(sent)
    .flatMap((name) => valuesOf(name, sent[name] ?? ''))
    .flatMap(formsOf)
    .filter((value) => value.length >= shortestSecret)
    .sort((a, b) => b.length - a.length)
  let kept = text
  for (const secret of secrets) kept = kept.replaceAll(secret, '***')
  // Where the answer was cut off, it may end with the beginning of one.
  if (text.length > maxText) for (const secret of secrets) kept = withoutBeginning(kept, secret)
  const cut = kept.slice(0, maxText)
  return cut.isWellFormed() ? cut : cut.slice(0, -1)
}

/** As JSON and URLs have it, and with white space as `answerText` leaves it. */
const formsOf = (value: string): string[] => [
  value,
  JSON.stringify(value).slice(1, -1),
  encodeURIComponent(value),
  value.replace(blank, ' ').trim(),
]

function withoutBeginning(text: string, secret: string): string {
  for (let length = Math.min(secret.length - 1, text.length); length >= shortestSecret; length--)
    if (text.endsWith(secret.slice(0, length))) return `${text.slice(0, -length)}***`
  return text
}

/** A header's value and, of Authorization, what it is made of. */
function valuesOf(name: string, value: string): string[] {
  if (name !== 'authorization') return [value]
  const credentials = value.slice(value.indexOf(' ') + 1)
  const basic = value.startsWith('Basic ') ? Buffer.from(credentials, 'base64').toString() : ''
  return [value, credentials, basic, basic.slice(basic.indexOf(':') + 1)]
}
