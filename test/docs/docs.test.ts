import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { after, before, describe, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { parse, parseAllDocuments } from 'yaml'
import { commands } from '../../src/cli/commands.ts'
import { localCommands } from '../../src/cli/local.ts'
import { runFlags } from '../../src/cli/run-flags.ts'
import { readConfigFile } from '../../src/config/file.ts'
import { annotationsOf, readAnnotation } from '../../src/formats/user-events/annotation.ts'
import { createMetrics } from '../../src/status/metrics.ts'
import { applyCrds, type ControlPlane, startControlPlane } from '../controlplane/controlplane.ts'
import { flags as faultFlags } from '../faults/options.ts'
import { type Block, blocksOf, headingsOf, linksOf, withoutBlocks } from './markdown.ts'
import { atStartOnly, reasonsIn } from './reasons.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).sort()
/** The introductions end up in generated pages, with the links as they are there. */
const published = pages.filter((page) => !/(^|\/)_/.test(page))
const blocks = published.flatMap((page) => blocksOf(read(page)).map((block) => ({ ...block, page })))

/** Values over the chart's own, as Helm lays them. */
const merged = (under: Values, over: Values): Values => ({
  ...under,
  ...Object.fromEntries(
    Object.entries(over).map(([key, value]) => [
      key,
      isMap(value) && isMap(under[key]) ? merged(under[key], value) : value,
    ]),
  ),
})

type Values = Record<string, unknown>

const isMap = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value)

describe('links', () => {
  for (const page of published) {
    test(`of ${page} lead somewhere`, () => {
      const dead = linksOf(read(page)).filter((link) => !resolves(page, link))
      assert.deepEqual(dead, [])
    })
  }

  /** Whether a relative link's file is there, and its heading if it names one. */
  function resolves(page: string, link: string): boolean {
    if (/^[a-z]+:/.test(link)) return true
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : relative(root, join(root, dirname(page), path))
    if (target.startsWith('..') || !existsSync(join(root, target))) return false
    return anchor === undefined || (target.endsWith('.md') && headingsOf(read(target)).has(anchor))
  }

  test('lead to every page and decision from the README or a page that it names', () => {
    const reached = new Set(['README.md'])
    for (const page of reached)
      for (const link of linksOf(read(page))) {
        const path = link.split('#')[0] ?? ''
        const target = /^[a-z]+:/.test(link) || path === '' ? page : relative(root, join(root, dirname(page), path))
        if (published.includes(target)) reached.add(target)
      }
    assert.deepEqual(
      published.filter((page) => !reached.has(page)),
      [],
    )
  })
})

suite('the YAML in the docs', () => {
  let plane: ControlPlane
  before(async () => {
    plane = await startControlPlane()
    await applyCrds(plane)
    for (const name of ['team-a', 'platform']) await plane.admin.createNamespace(name)
  })
  after(() => plane[Symbol.asyncDispose]())

  const strict = 'fieldValidation=Strict&dryRun=All'

  type Example = {
    apiVersion: string
    kind: string
    metadata: { name: string; namespace?: string; annotations?: Record<string, string> }
  }

  async function takes(document: Example): Promise<void> {
    assert.ok(document.apiVersion && document.kind, 'an example has apiVersion and kind; mark others after ```yaml')
    const path = await plane.admin.path(document.apiVersion, document.kind, document.metadata.namespace ?? 'team-a')
    const { status, body } = await plane.admin.request('POST', `${path}?${strict}`, document)
    assert.equal(status, 201, (body as { message?: string }).message)
  }

  /** What stands after ```yaml says what the block is; without a word it is something to be applied. */
  const kinds: Record<string, (block: Block) => Promise<void> | void> = {
    async ''({ code }) {
      for (const document of parseAllDocuments(code)) await takes(document.toJS())
    },
    values({ code }) {
      const validate = new Ajv({ strict: false }).compile(JSON.parse(read('charts/carillon/values.schema.json')))
      assert.ok(
        validate(merged(parse(read('charts/carillon/values.yaml')), parse(code))),
        JSON.stringify(validate.errors),
      )
    },
    config({ code }) {
      const settings = readConfigFile(code)
      assert.ok(settings.ok, settings.ok ? '' : settings.message)
    },
    /** One of a subscription's events. */
    async entry({ code }) {
      const spec = { sinks: [{ name: 'one' }], events: [parse(code)] }
      const metadata = { name: 'entry', namespace: 'team-a' }
      await takes({ apiVersion: 'carillon.dev/v1alpha1', kind: 'EventSubscription', metadata, spec } as Example)
    },
    /** The annotation's list, or what carries it. */
    declarations({ code }) {
      const value = parse(code) as Example | unknown[]
      const texts = Array.isArray(value)
        ? [code]
        : annotationsOf(value.metadata.annotations ?? {}).map(([, text]) => text)
      assert.ok(texts.length > 0)
      for (const text of texts) {
        const { declarations } = readAnnotation(text)
        assert.ok(declarations.ok, declarations.ok ? '' : declarations.message)
        for (const declaration of declarations.value)
          assert.deepEqual(declaration.problem(), undefined, declaration.name)
      }
    },
    alerts({ code }) {
      const { groups } = parse(code) as { groups: { rules: { alert: string; expr: string }[] }[] }
      for (const { expr } of groups.flatMap(({ rules }) => rules)) assert.match(expr, /carillon_/)
    },
    async status({ code, info }) {
      const kind = info[1] as string
      const name = kind.toLowerCase()
      const spec = kind === 'EventSink' ? { http: { url: 'https://example.com/' } } : { sinks: [{ name: 'one' }] }
      await plane.admin.apply({
        apiVersion: 'carillon.dev/v1alpha1',
        kind,
        metadata: { name, namespace: 'team-a' },
        spec,
      })
      const path = `${await plane.admin.path('carillon.dev/v1alpha1', kind, 'team-a', name)}/status?${strict}`
      const { status, body } = await plane.admin.request('PATCH', path, parse(code), {
        'content-type': 'application/merge-patch+json',
      })
      assert.equal(status, 200, (body as { message?: string }).message)
    },
  }

  for (const block of blocks.filter(({ language }) => language === 'yaml')) {
    const [word = ''] = block.info
    test(`${block.page}, line ${block.line}${word && `, ${word}`}`, async () => {
      const check = Object.hasOwn(kinds, word) ? kinds[word] : undefined
      assert.ok(check, `a word after \`\`\`yaml is one of ${Object.keys(kinds).join(' ')}`)
      await check(block)
    })
  }
})

describe('what the docs name', () => {
  const flags = new Set<string>(runFlags.map(({ name }) => `--${name}`))
  for (const command of Object.values(commands)) for (const { name } of command.flags) flags.add(`--${name}`)
  /** Of npm scripts, Node, Helm and kubectl. */
  for (const { flags: of } of Object.values(localCommands)) for (const { name } of of) flags.add(`--${name}`)
  const others = new Set([
    '--once',
    '--check',
    '--scale',
    '--help',
    '--for',
    '--optimize-for-size',
    '--single-threaded-gc',
    '--reuse-values',
    '--reset-then-reuse-values',
    '--set',
    '--values',
    '--omit',
    '--ignore-scripts',
  ])
  for (const name of ['--max-semi-space-size', '--max-old-space-size', '--v8-pool-size']) others.add(name)
  for (const name of Object.keys(faultFlags)) others.add(`--${name}`)

  test('flags are flags', () => {
    const unknown = published.flatMap((page) => {
      const spans = [...withoutBlocks(read(page)).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
      const commands = blocksOf(read(page)).flatMap(({ code }) =>
        code.split('\n').filter((line) => /carillon (run|deadletters|replay|purge|import|explain|events)/.test(line)),
      )
      return [...spans, ...commands]
        .flatMap((code) => code.match(/(?<![\w-])--[a-z][a-z-]+/g) ?? [])
        .filter((flag) => !flags.has(flag) && !others.has(flag))
        .map((flag) => `${page}: ${flag}`)
    })
    assert.deepEqual(unknown, [])
  })

  test('every flag, with its environment name, is in docs/installation.md', () => {
    const page = read('docs/installation.md')
    for (const { name } of runFlags) {
      assert.ok(page.includes(`\`--${name} `), `--${name}`)
      assert.ok(page.includes(`CARILLON_${name.toUpperCase().replaceAll('-', '_')}`), `environment of --${name}`)
    }
  })

  test('metrics are metrics, and every one is in docs/metrics.md with its labels', async () => {
    const defined = await createMetrics().registry.getMetricsAsJSON()
    const page = read('docs/metrics.md')
    const rows = new Map(
      [...page.matchAll(/^\| `(carillon_\w+)` \| (.*?) \|/gm)].map(([, name = '', of = '']) => [name, of]),
    )
    assert.deepEqual([...rows.keys()].sort(), defined.map(({ name }) => name).sort())
    for (const metric of Object.values(createMetrics())) {
      if (!('labelNames' in metric) || !('name' in metric)) continue
      const labels = (metric.labelNames as string[]).map((label) => `\`${label}\``).join(', ')
      assert.equal(rows.get(metric.name as string), labels, metric.name as string)
    }
    const named = published.flatMap((path) => read(path).match(/\bcarillon_[a-z_]+[a-z]\b/g) ?? [])
    assert.deepEqual(
      named.filter((name) => !rows.has(name.replace(/_(bucket|sum|count)$/, ''))),
      [],
    )
  })

  test('reasons are reasons, and every one that a condition can have is in docs/troubleshooting.md', () => {
    const page = read('docs/troubleshooting.md')
    const cells = page.match(/^\| .*? \|/gm)?.join('\n') ?? ''
    const explained = new Set([...cells.matchAll(/`([A-Z][A-Za-z0-9]+)`/g)].map(([, reason = '']) => reason))
    const known = reasonsIn(join(root, 'src'))
    // Conditions, named in the same column; one of them is a reason of another as well.
    for (const condition of ['FilterErrors', 'FormatErrors', 'DuplicateSender', 'Silent', 'Overflow', 'Throttled'])
      if (!known.has(condition)) explained.delete(condition)
    const isStatus = (reason: string) => /^HTTP(\dxx|\d{3})$/.test(reason)
    assert.deepEqual(
      [...explained].filter((reason) => !known.has(reason) && !isStatus(reason)),
      [],
      'explained, but the code has no such reason',
    )
    assert.deepEqual(
      [...known].filter((reason) => !explained.has(reason) && !atStartOnly.has(reason)),
      [],
      'in the code, but not explained',
    )
  })

  test('npm scripts are scripts', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = published.flatMap((page) =>
      [...read(page).matchAll(/npm run (?:-s )?([a-z]+)/g)].map(([, name = '']) => name),
    )
    assert.deepEqual(
      named.filter((name) => !Object.hasOwn(scripts, name)),
      [],
    )
  })

  test('every direct dependency is in docs/dependencies.md with its version and licence', () => {
    const page = read('docs/dependencies.md')
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read('package.json'))
    const all: Record<string, string> = { ...dependencies, ...devDependencies, ...optionalDependencies }
    for (const [name, version] of Object.entries(all)) {
      const row = page.split('\n').find((line) => line.startsWith('|') && line.split('|')[1]?.includes(`\`${name}\``))
      assert.ok(row, name)
      assert.ok(row.includes(version), `${name} ${version}`)
      const file = `node_modules/${name}/package.json`
      if (!existsSync(join(root, file))) continue
      const { license } = JSON.parse(read(file)) as { license: string }
      for (const word of license.split(' OR ')) assert.ok(row.includes(word), `${name}: ${license}`)
    }
  })
})

test('.ci/run can be run, and is bash without mistakes', () => {
  execFileSync('test', ['-x', join(root, '.ci/run')])
  execFileSync('bash', ['-n', join(root, '.ci/run')])
})
