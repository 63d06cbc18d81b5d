import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readList, readPurge, readReplay, readRetry } from '../../../src/operator/control/requests.ts'

test('what is right is taken, with what is left out filled in', () => {
  assert.deepEqual(readList(new URLSearchParams('')), { ok: true, value: { limit: 1000 } })
  assert.deepEqual(readList(new URLSearchParams('sink=a/b&since=5&after=7&limit=3')), {
    ok: true,
    value: { sink: 'a/b', since: 5, after: 7, limit: 3 },
  })
  assert.deepEqual(readRetry({ seqs: [1, 2] }), { ok: true, value: { seqs: [1, 2] } })
  assert.deepEqual(readRetry({ all: true }), { ok: true, value: { all: true } })
  assert.deepEqual(readReplay({ subscription: 'a/b', since: 5 }), {
    ok: true,
    value: { subscription: 'a/b', since: 5, dryRun: false },
  })
  assert.deepEqual(readPurge({ sink: 'a/b' }), { ok: true, value: { sink: 'a/b', deadLetters: false, dryRun: false } })
})

const refused: [name: string, read: () => { ok: boolean; reason?: string; message?: string }, message: RegExp][] = [
  ['a limit of nothing', () => readList(new URLSearchParams('limit=0')), /limit must be from 1 to 1000/],
  ['a limit that is too large', () => readList(new URLSearchParams('limit=1001')), /limit must be from 1 to 1000/],
  ['a time that is none', () => readList(new URLSearchParams('since=2h')), /since must be a time in ms/],
  ['an unknown field', () => readList(new URLSearchParams('frob=1')), /unknown field 'frob'; there are sink, /],
  ['a field of every object', () => readList(new URLSearchParams('__proto__=1')), /unknown field '__proto__'/],
  ['a sink without namespace', () => readList(new URLSearchParams('sink=qe')), /sink must be namespace\/name/],
  ['no body', () => readRetry(undefined), /a JSON object is wanted/],
  ['a list', () => readRetry([]), /a JSON object is wanted/],
  ['a retry of nothing', () => readRetry({}), /retry takes either seqs, or sink, subscription and since, or all/],
  ['a retry of all but', () => readRetry({ all: true, sink: 'a/b' }), /retry takes either/],
  ['an empty list of seqs', () => readRetry({ seqs: [] }), /seqs must be a list of numbers/],
  ['seqs that are none', () => readRetry({ seqs: ['1'] }), /seqs must be a list of numbers/],
  ['a replay without since', () => readReplay({ subscription: 'a/b' }), /replay needs subscription and since/],
  [
    'a replay that ends before it begins',
    () => readReplay({ subscription: 'a/b', since: 5, until: 4 }),
    /until must not be/,
  ],
  ['a purge of everything', () => readPurge({}), /purge needs sink, subscription, or both/],
  ['a flag that is none', () => readPurge({ sink: 'a/b', dryRun: 'yes' }), /dryRun must be true or false/],
]

for (const [name, read, message] of refused) {
  test(`${name} is refused`, () => {
    const result = read()
    assert.equal(result.ok, false)
    assert.equal(result.reason, 'RequestInvalid')
    assert.match(result.message ?? '', message)
  })
}
