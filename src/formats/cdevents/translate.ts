import type { Fields, SpecVersion } from './rules.ts'
import { isCustomName, vocabulary } from './vocabulary.ts'

type Content = Record<string, unknown>

/** Name → what it is called, and is made of, in the other version. */
type Translation = ReadonlyMap<
  string,
  { name: string; words: ReadonlyMap<unknown, string>; inner: Translation | undefined }
>

const toOld = all((fields) => translationOf(fields, 'old'))
const fromOld = all((fields) => translationOf(fields, 'new'))

/** `subject.content` of the neutral model as a version of the specification writes it; the content itself where nothing differs. */
export const written = (version: SpecVersion, name: string, content: Content): Content =>
  version === '0.4.1' ? translated(toOld, name, content) : content

/** The other way round. */
export const neutral = (version: SpecVersion, name: string, content: Content): Content =>
  version === '0.4.1' ? translated(fromOld, name, content) : content

function all(make: (fields: Fields) => Translation | undefined): ReadonlyMap<string, Translation> {
  return new Map(
    Object.entries(vocabulary).flatMap(([name, { content }]) => {
      const translation = make(content)
      return translation ? [[name, translation] as const] : []
    }),
  )
}

/** Which fields have another name or other words in 0.4.1; undefined where none has. */
function translationOf(fields: Fields, to: 'old' | 'new'): Translation | undefined {
  const found = Object.entries(fields).flatMap(([now, { rule, old }]) => {
    const before = old?.name ?? now
    const inner = rule.is === 'object' ? translationOf(rule.fields, to) : undefined
    if (old?.name === undefined && old?.words === undefined && inner === undefined) return []
    const pairs = Object.entries(old?.words ?? {})
    const words = new Map<unknown, string>(to === 'old' ? pairs : pairs.map(([word, other]) => [other, word]))
    return [
      to === 'old'
        ? ([now, { name: before, words, inner }] as const)
        : ([before, { name: now, words, inner }] as const),
    ]
  })
  return found.length > 0 ? new Map(found) : undefined
}

function translated(all: ReadonlyMap<string, Translation>, name: string, content: Content): Content {
  const translation = isCustomName(name) ? undefined : all.get(name)
  return translation ? (translate(content, translation) as Content) : content
}

/** A copy; what is no object is left as it is, for `validate` to find. */
function translate(value: unknown, translation: Translation): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const copy: Content = {}
  for (const [name, member] of Object.entries(value)) {
    const other = translation.get(name)
    if (other === undefined) copy[name] = member
    else if (other.inner) copy[other.name] = translate(member, other.inner)
    else copy[other.name] = other.words.get(member) ?? member
  }
  return copy
}
