import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSilent, silentTold } from '../../src/status/silence.ts'

const hour = 3_600_000
const at = Date.UTC(2026, 10, 22, 12)

const table: [what: string, since: number | undefined, observed: number | undefined, silent: boolean | undefined][] = [
  ['a moment before it is due', at, at + hour - 1, false],
  ['when it is due', at, at + hour, true],
  ['long after', at, at + 99 * hour, true],
  ['what was not seen may hold a match', at, undefined, undefined],
  ['it was seen up to before the last match', at, at - hour, false],
  ['it waits for a time to come', at + 9 * hour, at, false],
  ['nothing is expected', undefined, undefined, false],
]
for (const [what, since, observed, silent] of table)
  test(`silent: ${what}: ${silent}`, () => assert.equal(isSilent({ since, observed, within: hour }), silent))

test('the condition says since when, what is expected, and what came last', () => {
  const last = { time: at, kind: 'TaskRun', namespace: 'team-a', name: 'unit', milestone: 'finished' }
  assert.deepEqual(silentTold({ since: at, within: '1h', last }), {
    status: 'True',
    reason: 'NothingMatched',
    message:
      'nothing has matched since 2026-11-22T12:00:00Z, and something is expected within 1h; the last was finished of TaskRun team-a/unit',
  })
  assert.equal(
    silentTold({ since: at, within: '1h', last: undefined }).message,
    'nothing has matched since it became active at 2026-11-22T12:00:00Z, and something is expected within 1h',
  )
})
