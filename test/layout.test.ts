import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { test } from 'node:test'

/** In the order in which data flows: a folder imports only from itself and from those before it; root files, but for the pipeline, from all. */
const folders =
  'api kube cel sources formats catalogue filters outbox delivery status operator cli config pipeline wiring'.split(' ')

/** Patterns that only some files of src may hold. */
const only: [what: string, pattern: RegExp, allowed: RegExp][] = [
  ['undici', /from 'undici'/, /^(kube\/.*|delivery\/egress)\.ts$/],
  // What opens connections: to the API server, to the operator's own socket; all that tenants name goes by delivery/egress.ts. delivery/certificates.ts reads them.
  [
    'connections',
    /from '(node:(tls|dgram|http2|https)|(net|tls|http|https|http2|dgram))'|import (\* as )?\w+ from 'node:(net|http)'|import\s*\{[^}]*\b(connect|createConnection|Socket|request|get|ClientRequest)\b[^}]*\}\s*from 'node:(net|http)'|import\('node:(net|tls|http|https|http2|dgram)'\)|(?<![.\w])fetch\(|globalThis\.fetch|new (WebSocket|EventSource)\b/,
    /^(cli\/socket|delivery\/certificates|operator\/admission\/[a-z-]+)\.ts$/,
  ],
  ['process.env and process.argv', /\bprocess\.(env|argv)\b/, /^main\.ts$/],
  ['node:sqlite', /from 'node:sqlite'/, /^outbox\//],
  ['EventEmitter', /\bEventEmitter\b/, /^$/],
  ['an empty catch', /\bcatch\s*(\([^)]*\)\s*)?\{\s*\}/, /^$/],
  ['module-level let', /^(export )?let /m, /^$/],
  ['as any', /\b(as|:) any\b/, /^$/],
]

/** A folder that is a library in its own right: it imports nothing from outside, nor from Node. */
const libraries = ['formats/cdevents/']

/** What is wrong with a file; `path` is relative to src. */
function faults(path: string, text: string): string[] {
  const rankOf = (file: string) => {
    const rank = folders.indexOf(file.split('/')[0]?.replace(/\.ts$/, '') ?? '')
    return rank < 0 && !file.includes('/') ? folders.length : rank
  }
  const generated = path === 'api/generated.ts'
  const imports = [...text.matchAll(/(?:from|import|import\()\s*'(\.[^']*)'/g)].map(([, target = '']) =>
    posix.join(posix.dirname(path), target),
  )
  return [
    ...(rankOf(path) < 0 ? [`${path}: a folder that has no place in the order`] : []),
    ...imports
      .filter((target) => rankOf(target) > rankOf(path) && !target.startsWith('..'))
      .map((target) => `${path}: imports ${target}, which comes after it`),
    ...libraries
      .filter((library) => path.startsWith(library))
      .filter((library) => /from '[^.]/.test(text) || imports.some((target) => !target.startsWith(library)))
      .map((library) => `${path}: imports from outside of ${library}`),
    ...only
      .filter(([, pattern, allowed]) => pattern.test(text) && !allowed.test(path))
      .map(([what]) => `${path}: ${what} has no place here`),
    ...(text.split('\n').length > 301 && !generated ? [`${path}: more than 300 lines`] : []),
  ]
}

test('every file of src keeps to the layout', () => {
  const src = new URL('../src/', import.meta.url)
  const files = globSync('**/*.ts', { cwd: src })
  assert.ok(files.length > 50)
  assert.deepEqual(
    files.flatMap((file) => faults(file.replaceAll('\\', '/'), readFileSync(new URL(file, src), 'utf8'))),
    [],
  )
})

test('a file that does not keep to it is found', () => {
  const planted: [path: string, text: string, fault: RegExp][] = [
    ['wiring/x.ts', 'await globalThis.fetch(url)', /connections has no place/],
    ['wiring/x.ts', 'return fetch(url)', /connections has no place/],
    ['wiring/x.ts', "import http from 'node:http'", /connections has no place/],
    ['wiring/x.ts', "import * as net from 'node:net'", /connections has no place/],
    ['wiring/x.ts', "import {\n  isIP,\n  connect,\n} from 'node:net'", /connections has no place/],
    ['wiring/x.ts', "import { request } from 'https'", /connections has no place/],
    ['wiring/x.ts', "const { connect } = await import('node:tls')", /connections has no place/],
    ['api/x.ts', "import { route } from '../operator/route.ts'", /imports operator\/route\.ts/],
    ['formats/mapping/x.ts', "export * from '../../outbox/outbox.ts'", /imports outbox\/outbox\.ts/],
    ['formats/cdevents/x.ts', "import { kube } from '../options.ts'", /imports from outside of formats\/cdevents/],
    ['formats/cdevents/x.ts', "import { Buffer } from 'node:buffer'", /imports from outside/],
    ['operator/x.ts', "import type { Config } from '../config/config.ts'", /imports config\/config\.ts/],
    ['config/x.ts', "import { run } from '../run.ts'", /imports run\.ts/],
    ['cel/x.ts', "const later = await import('../sources/index.ts')", /imports sources\/index\.ts/],
    ['pipeline.ts', "import { wire } from './wiring/wire.ts'", /imports wiring\/wire\.ts/],
    ['tools/x.ts', '', /has no place in the order/],
    ['delivery/transports/x.ts', "import { Agent } from 'undici'", /undici/],
    ['kube/x.ts', 'const home = process.env.HOME', /process\.env/],
    ['operator/x.ts', "import { DatabaseSync } from 'node:sqlite'", /sqlite/],
    ['status/x.ts', "import { EventEmitter } from 'node:events'", /EventEmitter/],
    ['status/x.ts', 'try { go() } catch (error) {\n}', /empty catch/],
    ['status/x.ts', 'import a from "b"\nlet count = 0', /module-level let/],
    ['status/x.ts', 'const x = y as any', /any/],
    ['main.ts', '\n'.repeat(301), /more than 300 lines/],
  ]
  for (const [path, text, fault] of planted) {
    const found = faults(path, text)
    assert.equal(found.length, 1, `${path}: ${found.join()}`)
    assert.match(found[0] ?? '', fault)
  }
  const fine = "import { x } from './y.ts'\nimport { Agent } from 'undici'\nimport { k } from '../api/object.ts'"
  assert.deepEqual(faults('kube/x.ts', fine), [])
  assert.deepEqual(faults('main.ts', "import { run } from './run.ts'\nrun(process.argv)"), [])
})
