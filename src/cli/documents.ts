import { readFile } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { type Fields, fields, list, text } from '../sources/read.ts'

/** One object as it stands in a file. */
export type Document = { from: string; kind: string; object: Fields }

/** The objects of some files (`-`: stdin), of YAML with several documents or of lists as kubectl writes them. */
export async function readDocuments(
  files: readonly string[],
  stdin: () => Promise<string>,
): Promise<Verdict<Document[]>> {
  const documents: Document[] = []
  for (const file of files) {
    const from = file === '-' ? 'stdin' : file
    const read = await readText(file, stdin)
    if (!read.ok) return read
    const parsed = parseDocuments(from, read.value)
    if (!parsed.ok) return parsed
    documents.push(...parsed.value)
  }
  return accept(documents)
}

async function readText(file: string, stdin: () => Promise<string>): Promise<Verdict<string>> {
  try {
    return accept(file === '-' ? await stdin() : await readFile(file, 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return refuse('InputInvalid', code === 'ENOENT' ? `there is no file ${file}` : `${file} can't be read: ${message}`)
  }
}

/** The same of a text; `from` is what messages call it. */
export function parseDocuments(from: string, yaml: string): Verdict<Document[]> {
  const documents: Document[] = []
  for (const document of parseAllDocuments(yaml)) {
    const value = jsonOf(document)
    if (!value.ok) return refuse('InputInvalid', `${from} is no YAML: ${value.message}`)
    if (value.value === null) continue
    for (const one of Array.isArray(fields(value.value).items) ? list(fields(value.value).items) : [value.value]) {
      const kind = text(fields(one).kind)
      if (kind === undefined)
        return refuse('InputInvalid', `${from} holds something without a kind: no Kubernetes object`)
      documents.push({ from, kind, object: fields(one) })
    }
  }
  return accept(documents)
}

function jsonOf(document: { errors: Error[]; toJS(): unknown }): Verdict<unknown> {
  const problem = ({ message }: Error) => refuse('InputInvalid', (message.split('\n')[0] ?? '').replace(/:$/, ''))
  const [error] = document.errors
  if (error) return problem(error)
  try {
    return accept(document.toJS())
  } catch (thrown) {
    // An alias to nothing, or more of them than anybody writes.
    if (thrown instanceof ReferenceError) return problem(thrown)
    throw thrown
  }
}
