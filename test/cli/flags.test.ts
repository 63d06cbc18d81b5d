import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { commands } from '../../src/cli/commands.ts'
import { environmentName, type Flag } from '../../src/cli/flag.ts'
import { type HelpTopic, help } from '../../src/cli/help.ts'
import { localCommands } from '../../src/cli/local.ts'
import { runFlags } from '../../src/cli/run-flags.ts'

const nameOf = (topic: HelpTopic) => (typeof topic === 'string' ? topic : topic.local)
const golden = (topic: HelpTopic) =>
  readFileSync(new URL(`golden/${nameOf(topic).replace(' ', '-')}.txt`, import.meta.url), 'utf8')

const local = Object.keys(localCommands)
const locals = [...new Set([...local, ...local.map((name) => name.split(' ')[0] ?? '')])]
const topics = [
  ...['carillon', 'run', 'deadletters', ...Object.keys(commands)],
  ...locals.map((name) => ({ local: name })),
] as HelpTopic[]

// After a change that is meant: npm run -s carillon -- run --help > test/cli/golden/run.txt
test('the help texts are the ones that were last looked at', () => {
  for (const topic of topics) assert.equal(help(topic), golden(topic))
})

test('the help of each command says each of its flags once, and how to call it in a cluster', () => {
  for (const [name, { flags }] of Object.entries(commands)) {
    const text = help(name as HelpTopic)
    for (const flag of flags)
      assert.equal(text.split(`--${flag.name}${flag.value ? ` ${flag.value} ` : ' '} `).length, 2, flag.name)
    assert.match(text, new RegExp(`kubectl exec -n carillon-system carillon-0 -- carillon ${name}`))
  }
})

test('the help of each command that needs no operator says each of its flags once', () => {
  for (const [name, { flags }] of Object.entries(localCommands)) {
    const text = help({ local: name })
    for (const flag of flags)
      assert.equal(text.split(`--${flag.name}${flag.value ? ` ${flag.value} ` : ' '} `).length, 2, flag.name)
    assert.match(text, new RegExp(`Usage:\n  carillon ${name} [^]*Examples:\n  carillon ${name}`))
  }
})

test('help fits a terminal, says each flag once, and each default', () => {
  const text = help('run')
  const inOneLine = text.replace(/\s+/g, ' ')
  for (const line of topics.map(help).join('').split('\n')) {
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
