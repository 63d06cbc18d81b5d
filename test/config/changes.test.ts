import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Flag } from '../../src/cli/flag.ts'
import { runFlags } from '../../src/cli/run-flags.ts'
import type { Config } from '../../src/config/config.ts'
import { configure } from '../../src/config/configure.ts'
import { fixedChanges } from '../../src/config/fixed.ts'
import { keepLastGood, readLastGood } from '../../src/config/last-good.ts'

const start = { settings: {}, podNamespace: undefined }

function configOf(text: string): Config {
  const configured = configure(start, text)
  assert.ok(configured.ok, JSON.stringify(configured))
  return configured.value.config
}

test('a change of each key that is read at the start only is named, and of no other', () => {
  const texts: Record<string, string> = {
    sources: 'sources: [flux]',
    watchNamespaces: 'watchNamespaces: [a]',
    clusterUri: 'clusterUri: https://a.example.com',
    dashboardUrl: 'dashboardUrl: https://a.example.com',
    schemaBaseUrl: 'schemaBaseUrl: https://a.example.com',
    tekton: 'tekton: {configNamespace: a}',
    archive: 'archive: {url: https://a.example.com}',
  }
  const fixed = (runFlags as readonly Flag[]).flatMap(({ fixed, key }) => (fixed ? (key?.split('.')[0] ?? []) : []))
  assert.deepEqual(Object.keys(texts), [...new Set(fixed)])
  const plain = configOf('')
  for (const [key, text] of Object.entries(texts)) assert.deepEqual(fixedChanges(plain, configOf(text)), [key])
  const hot = configOf(
    'logLevel: debug\nadminNamespaces: [a]\nquotas: {maxSinksPerNamespace: 1}\negress: {allowPorts: [25]}',
  )
  assert.deepEqual(fixedChanges(plain, hot), [])
})

test('an admin namespace beyond those that are watched is read from after a restart', () => {
  const running = configOf('watchNamespaces: [a]\nadminNamespaces: [b]')
  const changes = (admins: string) =>
    fixedChanges(running, configOf(`watchNamespaces: [a]\nadminNamespaces: ${admins}`))
  assert.deepEqual(changes('[a, b]'), [])
  assert.deepEqual(changes('[]'), [])
  assert.deepEqual(changes('[b, c]'), ['adminNamespaces'])
})

test('whatever key a URL with a password was put into, no message holds it', () => {
  const url = 'http://us er:hunt@hunter2@p.example.com:3128'
  const texts = [
    `defaults: {timeout: "http://u:hunter2${'hunter2'.repeat(9)}@p"}`,
    ...['adminNamespaces', 'tenantKinds', 'watchNamespaces'].map((key) => `${key}: ["${url}"]`),
    ...['clusterUri', 'dashboardUrl', 'schemaBaseUrl', 'logLevel'].map((key) => `${key}: "${url}"`),
    ...['allowCidrs', 'allowHosts', 'allowPorts'].map((key) => `egress: {${key}: ["${url}"]}`),
    `egress: {proxy: {url: "${url}"}}`,
    `egress: {proxy: {url: "http://p", noProxy: ["${url}"]}}`,
    `egress: {proxy: {"${url}": }}`,
    `"${url}": a`,
    `quotas: {maxSinksPerNamespace: "${url}"}`,
    `quotas: {"${url}": 5}`,
    `defaults: {timeout: "${url}"}`,
    `archive: {url: "${url}"}`,
    `tekton: {configNamespace: "${url}"}`,
    `egress: {proxy: {url: ${url}: }`,
    `egress: *${url.replace(' ', '')}`,
  ]
  for (const text of texts) {
    const configured = configure(start, text)
    assert.ok(!configured.ok, text)
    assert.doesNotMatch(configured.message, /hunter2/, text)
  }
})

test('what was taken last is kept in one file that nobody else may read', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'carillon-last-good-'))
  t.after(() => rmSync(directory, { recursive: true }))
  assert.equal(await readLastGood(directory), undefined)
  for (const text of ['logLevel: debug\n', '', 'a'.repeat(100_000)]) {
    await keepLastGood(directory, text)
    assert.equal(await readLastGood(directory), text)
  }
  assert.deepEqual(readdirSync(directory), ['config.last-good.yaml'])
  assert.equal(statSync(join(directory, 'config.last-good.yaml')).mode & 0o777, 0o600)
  await assert.rejects(keepLastGood(join(directory, 'nowhere'), 'a'), { code: 'ENOENT' })
})
