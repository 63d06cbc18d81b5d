import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DiagnosticSeverity, Parser } from '@asyncapi/parser'
import { readCatalogue } from '../../src/catalogue/known.ts'

const text = readFileSync(join(import.meta.dirname, '../../asyncapi.yaml'), 'utf8')
const { rows } = readCatalogue()
const types = new Set(rows.flatMap(({ events }) => events.map(({ type }) => type)))

test('an AsyncAPI validator takes the document without an error or a warning, and finds a message for every event type', async () => {
  const { document, diagnostics } = await new Parser().parse(text)
  // That there is something newer than 3.0 is no fault.
  const found = diagnostics.filter(
    ({ severity, code }) => severity <= DiagnosticSeverity.Warning && code !== 'asyncapi-latest-version',
  )
  assert.deepEqual(found, [])
  assert.ok(document)
  const names = document
    .allMessages()
    .all()
    .map((message) => message.name() ?? '')
  assert.deepEqual(new Set(names), types)
  assert.equal(document.operations().all().length, 1)
})

test('the validator does find what is wrong', async () => {
  const { diagnostics } = await new Parser().parse(text.replace('action: send', 'action: shout'))
  assert.ok(diagnostics.some(({ severity }) => severity === DiagnosticSeverity.Error))
})
