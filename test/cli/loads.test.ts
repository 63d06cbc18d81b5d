import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { test } from 'node:test'

const src = join(import.meta.dirname, '../../src')

/** The files that a file imports when it is loaded: types and `import()` are none of them. */
const importsOf = (file: string): string[] =>
  [
    ...readFileSync(join(src, file), 'utf8').matchAll(
      /^(?:import|export) (?!type\b)(\{[^}]*\} from|[^'\n]*?from|)\s*'(\.[^']*)'/gm,
    ),
  ]
    .filter(([, what = '']) => !onlyTypes(what))
    .map(([, , target = '']) => posix.join(posix.dirname(file), target))

const onlyTypes = (what: string): boolean => {
  const names = /\{([^}]*)\}/
    .exec(what)?.[1]
    ?.split(',')
    .map((name) => name.trim())
  return names?.filter(Boolean).every((name) => name.startsWith('type ')) ?? false
}

function loadedBy(file: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(file)) return loaded
  loaded.add(file)
  if (file.endsWith('.ts')) for (const next of importsOf(file)) loadedBy(next, loaded)
  return loaded
}

test('what only other commands need is not loaded by the operator', () => {
  const loaded = [...loadedBy('main.ts')]
  for (const known of [
    'run.ts',
    'cli/explain/explain.ts',
    'wiring/wire.ts',
    'outbox/sqlite.ts',
    'formats/mapping/format.ts',
  ])
    assert.ok(loaded.includes(known), `${known} is loaded, and not found`)
  const commands = /^cli\/(events|explain|import)\//
  const descriptions = ['list', 'show', 'schema', 'choice', 'view'].map((name) => `cli/events/${name}.ts`)
  descriptions.push('cli/explain/explain.ts', 'cli/explain/flags.ts', 'cli/import/tekton-config.ts')
  assert.deepEqual(
    loaded.filter(
      (file) =>
        file.startsWith('catalogue/') ||
        file.endsWith('.json') ||
        (commands.test(file) && !descriptions.includes(file)),
    ),
    ['../package.json'],
  )
})
