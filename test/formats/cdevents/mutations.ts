/** One thing changed in a JSON value, and what. */
export type Mutant = { what: string; value: unknown }

type Step = string | number

/** Texts that break some format, or that only look as if they did. */
const texts = [
  '',
  ' ',
  'no such word',
  'http://[::1',
  'http://a b',
  'a b',
  'ünicode',
  '%zz',
  'relative/path',
  '//host/path',
  '#fragment',
  'mailto:a@b.example',
  'urn:x:y',
  'https://user@host:80/a?b#c',
  'https://[2001:db8::1]/',
  ':nothing',
  '2023-03-20T14:27:05Z',
  '2023-02-29T14:27:05Z',
  '2023-03-20T25:27:05Z',
  '2023-03-20T14:27:05',
  '2023-03-20',
  '2016-12-31T23:59:60Z',
  '2023-03-20T14:27:05.315+02:00',
  'START',
]

const others = [null, true, 0, 1.5, [], ['x'], {}, { x: 1 }]

/** Every member of a value dropped, replaced and joined by another, one at a time, all the way down; `where` picks the places. */
export function* mutants(value: unknown, where: (at: string) => boolean = () => true): Generator<Mutant> {
  for (const path of paths(value)) {
    if (!where(path.join('.'))) continue
    const at = path.join('.')
    if (path.length > 0) yield { what: `${at} dropped`, value: changed(value, path, () => undefined) }
    for (const other of others) {
      yield { what: `${at} = ${JSON.stringify(other)}`, value: changed(value, path, () => other) }
    }
    const present = path.reduce<unknown>((part, step) => (part as Record<Step, unknown>)[step], value)
    if (typeof present === 'string') {
      for (const text of texts) yield { what: `${at} = '${text}'`, value: changed(value, path, () => text) }
    } else if (Array.isArray(present)) {
      for (const other of ['x', '', ...others]) {
        yield { what: `${at} + ${JSON.stringify(other)}`, value: changed(value, path, () => [...present, other]) }
      }
    } else if (typeof present === 'object' && present !== null) {
      for (const [name, added] of additions) {
        if (name in present) continue
        yield {
          what: `${at} + ${name}: ${JSON.stringify(added)}`,
          value: changed(value, path, () => ({ ...present, [name]: added })),
        }
      }
    }
  }
}

/** Members that belong somewhere in an event of some version, and some that belong nowhere. */
const additions: [name: string, value: unknown][] = [
  ['extra', 'x'],
  ['toString', 'x'],
  ['version', '0.4.1'],
  ['specversion', '0.5.1'],
  ['type', 'x'],
  ['type', 'ticket'],
  ['type', 'unit'],
  ['type', 'manual'],
  ['source', 'x'],
  ['source', ''],
  ['source', 'a b'],
  ['id', 'x'],
  ['chainId', 'x'],
  ['chainId', ''],
  ['schemaUri', 'https://x.example/y'],
  ['schemaUri', 'x'],
  ['links', []],
  ['links', {}],
  ['customData', { x: 1 }],
  ['customData', 'eA=='],
  ['customData', '&'],
  ['customData', [1]],
  ['customData', 1],
  ['customDataContentType', 'text/plain'],
  ['customDataContentType', 1],
  ['uri', 'https://x.example/y'],
  ['uri', 'x'],
  ['uri', ''],
  ['url', 'https://x.example/y'],
  ['url', 'x'],
  ['viewUrl', 'x'],
  ['name', ''],
  ['owner', ''],
  ['outcome', 'success'],
  ['outcome', 'pass'],
  ['outcome', 'odd'],
  ['errors', ''],
  ['severity', 'low'],
  ['severity', 'odd'],
  ['reason', ''],
  ['user', ''],
  ['user', 'x'],
  ['sbom', { uri: 'x' }],
  ['sbom', { uri: '' }],
  ['sbom', {}],
  ['description', ''],
  ['artifactId', ''],
  ['artifactId', 'x'],
  ['artifactId', 'pkg:oci/x@1'],
  ['environment', { id: 'x' }],
  ['environment', { id: '' }],
  ['environment', { id: 'x', source: '' }],
  ['service', { id: 'x', source: 'y' }],
  ['repository', { id: 'x', source: 'a b' }],
  ['pipelineRun', { id: 'x', y: 1 }],
  ['pipelineName', ''],
  ['taskName', ''],
  ['change', { id: 'x' }],
  ['testSuiteRun', { id: 'x', source: '' }],
  ['testSuite', { id: 'x', uri: 'x' }],
  ['testSuite', { id: 'x', url: 'https://x.example/y' }],
  ['testSuite', { id: 'x', uri: 'https://x.example/y' }],
  ['testCase', { id: 'x', type: 'odd' }],
  ['testCase', { id: 'x', type: 'unit' }],
  ['testCaseRun', { id: 'x', source: 'a b' }],
  ['trigger', { type: 'odd' }],
  ['trigger', { type: 'manual', more: 1, uri: 'https://x.example/y' }],
  ['trigger', {}],
  ['ticketType', 'odd'],
  ['priority', 'odd'],
  ['group', ''],
  ['assignees', ['x', '']],
  ['assignees', [1]],
  ['labels', []],
  ['milestone', ''],
  ['updatedBy', ''],
  ['summary', ''],
  ['resolution', ''],
  ['linkKind', 'x'],
  ['linkKind', ''],
  ['from', { contextId: 'x' }],
  ['from', { contextId: '' }],
  ['from', {}],
  ['target', { contextId: 'x', more: 1 }],
  ['target', {}],
  ['tags', {}],
  ['tags', { x: 1 }],
  ['tags', []],
  ['contextId', 'x'],
  ['to', { contextId: 'x' }],
]

/** The way to every member, the value itself first. */
function* paths(value: unknown, path: Step[] = []): Generator<Step[]> {
  yield path
  if (typeof value !== 'object' || value === null) return
  for (const step of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    yield* paths((value as Record<Step, unknown>)[step], [...path, step])
  }
}

/** A copy in which what is at the path is another; undefined drops it. */
function changed(value: unknown, [step, ...rest]: Step[], make: () => unknown): unknown {
  if (step === undefined) return make()
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<Step, unknown>
  const part = changed(copy[step], rest, make)
  if (part !== undefined) copy[step] = part
  else if (Array.isArray(copy)) copy.splice(step as number, 1)
  else delete copy[step]
  return copy
}
