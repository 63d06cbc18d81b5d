import { namesCredential } from '../sources/credential-names.ts'

/**
 * Where kubectl, kapp, Rancher's Fleet, Banzai Cloud's operators and kopf keep a copy of the whole object: it outlives edits, and what is
 * redacted elsewhere is in it.
 */
const copies =
  /^(kapp\.k14s\.io\/original|objectset\.rio\.cattle\.io\/applied)$|\/last-(applied|handled)(-configuration)?$/

/** How Pipelines as Code is set up and gets into the repository, and the copies that Konflux makes of that on all that follows a build. */
const setup: ReadonlySet<string> = new Set(
  ['pipelinesascode.tekton.dev', 'pac.test.appstudio.openshift.io'].flatMap((prefix) =>
    ['controller-info', 'installation-id', 'on-cel-expression'].map((name) => `${prefix}/${name}`),
  ),
)

/** Whether an annotation of that name stays in the cluster: it names a credential or how to get one, or repeats the object. */
export const staysHere = (name: string): boolean => namesCredential(name) || setup.has(name) || copies.test(name)

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** No kind has annotations any deeper, and the stack must do. */
const maxDepth = 64

/** The value without those annotations at any depth that may not leave; itself where there are none. */
export function withoutKept(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > maxDepth) return value
  if (Array.isArray(value)) {
    const items = value.map((item) => withoutKept(item, depth + 1))
    return items.some((item, place) => item !== value[place]) ? items : value
  }
  const map = value as Record<string, unknown>
  let copy: Record<string, unknown> | undefined
  for (const key in map) {
    const before = map[key]
    if (typeof before !== 'object' || before === null) continue
    const after = key === 'annotations' && isRecord(before) ? keptOf(before) : withoutKept(before, depth + 1)
    if (after === before) continue
    copy ??= { ...map }
    copy[key] = after
  }
  return copy ?? value
}

function keptOf(annotations: Record<string, unknown>): Record<string, unknown> {
  const names = Object.keys(annotations)
  return names.some(staysHere)
    ? Object.fromEntries(names.filter((name) => !staysHere(name)).map((name) => [name, annotations[name]]))
    : annotations
}
