import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { blocksOf } from './markdown.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Commands of the docs that need nothing but a checkout, as they stand there. */
const lines = new Set(
  globSync(['*.md', 'docs/**/*.md'], { cwd: root }).flatMap((page) =>
    blocksOf(readFileSync(`${root}${page}`, 'utf8'))
      .filter(({ language }) => language === 'sh')
      .flatMap(({ code }) => code.split('\n'))
      .map((line) => /^(?:npm run -s carillon -- |carillon (?=events ))([^|>#]*)/.exec(line)?.[1]?.trim() ?? '')
      .filter((line) => line !== '' && !line.startsWith('run ')),
  ),
)

async function carillon(line: string): Promise<{ code: number; printed: string; noted: string }> {
  const child = spawn(process.execPath, ['src/main.ts', ...line.split(/\s+/)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [printed, noted, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code, printed, noted }
}

test('the docs have commands to be tried', () => assert.ok(lines.size >= 5, [...lines].join('\n')))

for (const line of lines) {
  test(`carillon ${line} works as the docs have it`, async () => {
    const { code, printed, noted } = await carillon(line)
    assert.equal(code, 0, noted)
    if (line.startsWith('explain ')) assert.match(printed, /: sent to /)
    else assert.ok(printed.length > 0)
  })
}

test('the example of a run means the event that its Task declares', async () => {
  const { printed } = await carillon(
    'explain --subscription docs/examples/user-events.yaml --object docs/examples/finished-taskrun.yaml --json',
  )
  const [{ milestones }] = JSON.parse(printed).explanations
  assert.deepEqual(
    milestones.flatMap(({ events }: { events: { type: string }[] }) => events.map(({ type }) => type)),
    ['dev.cdevents.artifact.published.0.2.0'],
  )
  const annotation = (file: string) =>
    /events\.build-image: \|\n((?: {6}.*\n)+)/.exec(readFileSync(`${root}docs/examples/${file}`, 'utf8'))?.[1]
  assert.ok(annotation('declaring-task.yaml'))
  assert.equal(annotation('finished-taskrun.yaml'), annotation('declaring-task.yaml'))
})
