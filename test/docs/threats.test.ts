// Every threat that docs/security.md names is shown by tests that are there.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const page = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8')
const table = page.split('\n## Threats\n')[1]?.split('\n## ')[0] ?? ''
const rows = table
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (threat|\*\*)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))

test('each threat has what stops it, and tests', () => {
  assert.ok(rows.length >= 30, `${rows.length} rows`)
  for (const [, threat, stops = '', tests = ''] of rows) {
    assert.notEqual(stops, '', threat)
    assert.ok(tests !== '' || stops.startsWith('nothing'), threat)
  }
})

test('the tests that are named are there', () => {
  for (const [, pattern = ''] of table.matchAll(/`([a-z0-9/*.-]+\.ts)`/g)) {
    const found = globSync(pattern, { cwd: new URL('../', import.meta.url).pathname })
    assert.ok(found.length > 0, `test/${pattern}`)
  }
})
