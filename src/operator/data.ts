import type { EventSubscription } from '../api/generated.ts'
import { accept, type Refusal, refuse, type Verdict } from '../api/verdict.ts'
import type { DataOptions, Pointer } from '../formats/options.ts'
import { parsePointer, pointerText } from '../formats/pointers.ts'

type Spec = EventSubscription['spec']

/** What an event can't do without: a pointer to one of these, or to what holds it, redacts nothing. */
const identity: readonly Pointer[] = [
  ['apiVersion'],
  ['kind'],
  ['metadata', 'name'],
  ['metadata', 'namespace'],
  ['metadata', 'uid'],
]

/** `data.include` and `data.redact`, read. Refused as DataInvalid. */
export function compileData({ data, formats }: Pick<Spec, 'data' | 'formats'>): Verdict<DataOptions> {
  const include = parsed('include', data?.include ?? [])
  if (!include.ok) return include
  const redact = parsed('redact', data?.redact ?? [])
  if (!redact.ok) return redact
  const refusal = uselessInclude(data, formats) ?? indispensable(redact.value)
  return refusal ?? accept({ include: include.value, redact: redact.value })
}

function parsed(field: 'include' | 'redact', texts: readonly string[]): Verdict<Pointer[]> {
  const pointers: Pointer[] = []
  for (const text of new Set(texts)) {
    const pointer = parsePointer(text)
    if (!pointer) {
      return refuse(
        'DataInvalid',
        `data.${field}: ${quoted(text)} is no JSON Pointer: it begins with /, as in /spec/params; in names, ~ is written ~0 and / is written ~1`,
      )
    }
    const mistake = mistakeOf(pointer)
    if (mistake !== undefined) return refuse('DataInvalid', `data.${field}: ${quoted(text)} names nothing: ${mistake}`)
    pointers.push(pointer)
  }
  return accept(pointers)
}

/**
 * What is written as other languages of paths would have it leads nowhere in any object, and a redaction that takes nothing away must not
 * be taken for one. The CRD has the same rules.
 */
function mistakeOf(pointer: Pointer): string | undefined {
  if (pointer.includes('*') || pointer.includes('-')) return 'there are no wildcards, name the list or map itself'
  if (pointer.some((token) => /\[[^\]]*\]$/.test(token)))
    return 'an element of a list is named by its number, as in /spec/params/0'
  const [first, second] = pointer
  if (first === 'metadata' && (second === 'labels' || second === 'annotations') && pointer.length > 3)
    return `in names, / is written ~1, as in /metadata/${second}/example.com~1team`
  return undefined
}

/** An include that no event would ever hold is a mistake. */
function uselessInclude(data: Spec['data'], formats: Spec['formats'] = ['cloudevents']): Refusal | undefined {
  if (!data?.include) return undefined
  if (data.content === 'none') {
    return refuse(
      'DataInvalid',
      'data.include adds to a summary, and with content none there is none: leave one of them out',
    )
  }
  if (formats.every((format) => format.startsWith('tekton'))) {
    return refuse(
      'DataInvalid',
      'data.include adds to a summary, and tektonv1 and tektonv2 always hold the whole object: leave it out',
    )
  }
  return undefined
}

function indispensable(redact: readonly Pointer[]): Refusal | undefined {
  for (const pointer of redact) {
    const lost = identity.find((needed) => pointer.every((token, place) => token === needed[place]))
    if (lost) {
      return refuse(
        'DataInvalid',
        `data.redact: ${quoted(pointerText(pointer))} would take ${pointerText(lost)} away, which every event is made of: name what lies beside it`,
      )
    }
  }
  return undefined
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 128))
