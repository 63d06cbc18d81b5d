import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { reserved } from '../formats/attributes.ts'

// CloudEvents 1.0.2, naming conventions: lower case letters and digits, SHOULD NOT exceed 20 characters.
const name = /^[a-z0-9]{1,20}$/

// CloudEvents 1.0.2, type system, String: what it may not hold.
const illegal = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u

const maxValueLength = 256

/** A subscription's own extensions. Refused as ExtensionsInvalid. */
export function checkExtensions(extensions: Readonly<Record<string, string>> | undefined): Verdict {
  for (const [key, value] of Object.entries(extensions ?? {})) {
    const problem = problemOf(key, value)
    if (problem) return refuse('ExtensionsInvalid', `extension ${JSON.stringify(key.slice(0, 64))}: ${problem}`)
  }
  return accept(undefined)
}

function problemOf(key: string, value: unknown): string | undefined {
  if (reserved.has(key)) return 'this name is taken by CloudEvents or by Carillon itself'
  if (!name.test(key)) return 'a name has 1 to 20 lower case letters and digits'
  if (typeof value !== 'string') return 'the value must be a text'
  // As the API server counts them: not in UTF-16 units.
  const length = [...value].length
  if (length === 0 || length > maxValueLength) return `a value has 1 to ${maxValueLength} characters`
  if (illegal.test(value)) return 'the value holds a control character or half a surrogate pair'
  return undefined
}
