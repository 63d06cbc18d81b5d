import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import packageJson from '../../package.json' with { type: 'json' }
import { buildBundle } from '../faults/bundle.ts'

/** Another Node.js than this one in the PATH, that is too old. */
function olderNode(): { path: string; version: string } | undefined {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(directory, 'node')
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
    const version = stdout?.trim() ?? ''
    if (/^v(1\d|2[0-3])\./.test(version)) return { path, version }
  }
  return undefined
}

suite('the bundle', () => {
  const directory = mkdtempSync(join(tmpdir(), 'carillon-bundle-'))
  let bundle: string
  before(() => {
    bundle = buildBundle(directory)
  })
  after(() => rmSync(directory, { recursive: true }))

  const version = (node: string) => {
    const { stdout, stderr, status } = spawnSync(node, [bundle, 'version'], { encoding: 'utf8' })
    return { stdout, stderr, status }
  }

  test('says its version', () => {
    assert.deepEqual(version(process.execPath), { stdout: `carillon ${packageJson.version}\n`, stderr: '', status: 0 })
  })

  test('is ASCII, of which V8 takes a byte each', () => {
    const odd = readFileSync(bundle).findIndex((byte) => byte > 0x7f)
    assert.equal(odd, -1)
  })

  test('says in one line that a Node.js is too old', (t) => {
    const older = olderNode()
    if (!older) return t.skip('there is no older Node.js here')
    const stderr = `carillon: Node.js 24 or newer is needed, this is ${older.version}\n`
    assert.deepEqual(version(older.path), { stdout: '', stderr, status: 1 })
  })
})
