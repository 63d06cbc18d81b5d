import { isMap, isScalar, isSeq, parseDocument } from 'yaml'
import { accept, refuse, type Verdict } from '../../api/verdict.ts'

/** Deeper than any declaration that is read. */
const maxDepth = 16

/**
 * What a text in YAML says, of what JSON has too. Not by the library's own conversion: that writes keys that are collections as texts, each
 * with all the keys within it, and takes minutes for a line of `? ? ?`; and a few lines of aliases can stand for gigabytes.
 */
export function parseYaml(text: string): Verdict<unknown> {
  try {
    const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent', uniqueKeys: false })
    const [error] = document.errors
    if (!error) return valueAt(document.contents, 0)
    return wrong(`is no YAML: ${error.code} in line ${text.slice(0, error.pos[0]).split('\n').length}`)
  } catch {
    // What the parser throws on odd texts is its own affair.
    return wrong('is no YAML')
  }
}

function valueAt(node: unknown, depth: number): Verdict<unknown> {
  if (node === null) return accept(null)
  if (depth > maxDepth) return wrong('is nested too deeply')
  if (isScalar(node)) return accept(node.value)
  if (isSeq(node)) {
    const items: unknown[] = []
    for (const item of node.items) {
      const made = valueAt(item, depth + 1)
      if (!made.ok) return made
      items.push(made.value)
    }
    return accept(items)
  }
  if (!isMap(node)) return wrong('must not use anchors and aliases')
  const members: [string, unknown][] = []
  for (const { key, value } of node.items) {
    if (!isScalar(key)) return wrong('may have nothing but texts as keys')
    const made = valueAt(value, depth + 1)
    if (!made.ok) return made
    members.push([String(key.value), made.value])
  }
  return accept(Object.fromEntries(members))
}

const wrong = (what: string): Verdict<never> => refuse('DeclarationInvalid', what)
