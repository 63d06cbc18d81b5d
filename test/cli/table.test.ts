import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printable, table } from '../../src/cli/table.ts'

test('columns are as wide as what they hold, with three spaces between and none at the end', () => {
  const text = table(
    ['SEQ', 'SINK', 'AGE'],
    [
      ['1', 'team-a/qe', '5m'],
      ['1234', 'b/c', '2h'],
    ],
  )
  assert.equal(text, 'SEQ    SINK        AGE\n1      team-a/qe   5m\n1234   b/c         2h\n')
})

test('what others wrote can neither move the cursor nor hide a line', () => {
  assert.equal(printable('\u001b[2Jred\nnext\u009b\u202eabc\ud800'), '\\u001b[2Jred\\u000anext\\u009b\\u202eabc\\ud800')
  assert.equal(printable('Grüße 世界'), 'Grüße 世界')
})
