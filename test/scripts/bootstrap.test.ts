import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

describe('bootstrap', () => {
  let checkout: string
  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'carillon-bootstrap-'))
    mkdirSync(join(checkout, 'scripts'))
    mkdirSync(join(checkout, 'path'))
    const script = fileURLToPath(new URL('../../scripts/bootstrap.mjs', import.meta.url))
    copyFileSync(script, join(checkout, 'scripts/bootstrap.mjs'))
    writeFileSync(join(checkout, 'package-lock.json'), '{}')
  })
  afterEach(() => rmSync(checkout, { recursive: true }))

  /** Puts an npm into PATH that notes how it was called. */
  const fakeNpm = (exit: number) => {
    const path = join(checkout, 'path/npm')
    writeFileSync(
      path,
      `#!/bin/sh\necho "$@" >> calls\necho installed\n/bin/mkdir -p node_modules/.bin\nexit ${exit}\n`,
    )
    chmodSync(path, 0o755)
  }
  const bootstrap = () => {
    const env = { ...process.env, PATH: join(checkout, 'path') }
    return spawnSync(process.execPath, ['scripts/bootstrap.mjs'], { cwd: checkout, env, encoding: 'utf8' })
  }
  const calls = () =>
    existsSync(join(checkout, 'calls')) ? readFileSync(join(checkout, 'calls'), 'utf8').split('\n').length - 1 : 0

  it('installs once, and again when the lock file has changed, and is silent otherwise', () => {
    fakeNpm(0)
    const first = bootstrap()
    assert.equal(first.status, 0)
    assert.equal(first.stdout, '', 'what it says is on stderr')
    assert.match(first.stderr, /installing npm packages/)
    assert.match(readFileSync(join(checkout, 'calls'), 'utf8'), /^ci --ignore-scripts .*--no-audit --no-fund\n$/)

    const { status, stdout, stderr } = bootstrap()
    assert.deepEqual([status, stdout, stderr, calls()], [0, '', '', 1])

    writeFileSync(join(checkout, 'package-lock.json'), '{"changed":true}')
    bootstrap()
    assert.equal(calls(), 2)
  })

  it('fails as npm fails, and tries again the next time', () => {
    fakeNpm(7)
    const failed = bootstrap()
    assert.equal(failed.status, 7)
    assert.match(failed.stderr, /npm ci failed\n$/)
    fakeNpm(0)
    assert.equal(bootstrap().status, 0)
  })
})
