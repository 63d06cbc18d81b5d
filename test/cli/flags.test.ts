import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { environmentName, type Flag, help, runFlags } from '../../src/cli/flags.ts'

const golden = (name: string) => readFileSync(new URL(`golden/${name}.txt`, import.meta.url), 'utf8')

// After a change that is meant: npm run -s carillon -- run --help > test/cli/golden/run.txt
test('the help texts are the ones that were last looked at', () => {
  assert.equal(help('carillon'), golden('carillon'))
  assert.equal(help('run'), golden('run'))
})

test('help fits a terminal, says each flag once, and each default', () => {
  const text = help('run')
  const inOneLine = text.replace(/\s+/g, ' ')
  for (const line of `${help('carillon')}${text}`.split('\n')) {
    assert.ok(line.length <= 120, line)
    assert.equal(line, line.trimEnd())
  }
  for (const flag of runFlags as readonly Flag[]) {
    assert.equal(text.split(`\n  --${flag.name} ${flag.value}`).length, 2, flag.name)
    if (flag.default !== undefined) assert.ok(inOneLine.includes(`default: ${flag.default}`), flag.name)
  }
})

test('each flag has a name in the environment', () => {
  assert.equal(environmentName('data-dir'), 'CARILLON_DATA_DIR')
  assert.equal(environmentName('class'), 'CARILLON_CLASS')
  const names = runFlags.map((flag) => environmentName(flag.name))
  assert.equal(new Set(names).size, runFlags.length)
  for (const name of names) assert.match(name, /^CARILLON_[A-Z_]+$/)
})
