import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

test('every generated file is what npm run generate makes', () => {
  const script = fileURLToPath(new URL('../../scripts/generate.ts', import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  assert.equal(stdout + stderr, '')
  assert.equal(status, 0)
})
