import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const folder = new URL('../../../src/formats/cdevents/', import.meta.url)
const readme = readFileSync(new URL('README.md', folder), 'utf8')

test('the examples of the README run', () => {
  const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code)
  const code = blocks.join('').replaceAll("from './", `from '${folder.href}`)
  const args = ['--input-type=module-typescript', '--eval', code]
  const out = execFileSync(process.execPath, args, { encoding: 'utf8' })
  assert.match(out, /^dev\.cdevents\.pipelinerun\.finished\.0\.2\.0 \d+\nsuccess\n$/)
})

test('the README names modules and exports that are there', async () => {
  const rows = [...readme.matchAll(/^\| (`[a-z-]+\.ts`.*?) \| (.*) \|$/gm)]
  assert.ok(rows.length > 8)
  for (const [, files = '', exports = ''] of rows) {
    const text = [...files.matchAll(/`(.*?)`/g)]
      .map(([, file = '']) => readFileSync(new URL(file, folder), 'utf8'))
      .join('')
    for (const [, name] of exports.matchAll(/`(\w+)`/g)) {
      if (name === 'dataschema') continue
      assert.match(text, new RegExp(`export (const|function|type) ${name}\\b`), `${files}: ${name}`)
    }
  }
  assert.ok(globSync('*.ts', { cwd: folder }).length >= rows.length)
})
